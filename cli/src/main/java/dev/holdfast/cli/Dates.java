// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Dates as a server writes them. */
final class Dates {

    private Dates() {}

    /** To the second; what is no date stays as it is. */
    static String seconds(String date) {
        try {
            return Instant.parse(date).truncatedTo(ChronoUnit.SECONDS).toString();
        } catch (DateTimeException other) {
            return date;
        }
    }
}
