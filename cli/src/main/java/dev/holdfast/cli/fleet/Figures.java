// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Dates as a server writes them. */
final class Figures {

    private Figures() {}

    /** To the second; what is no date stays as it is. */
    static String date(String date) {
        try {
            return Instant.parse(date).truncatedTo(ChronoUnit.SECONDS).toString();
        } catch (DateTimeException other) {
            return date;
        }
    }
}
