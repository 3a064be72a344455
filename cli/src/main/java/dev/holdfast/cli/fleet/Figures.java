// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.core.time.Durations;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** What agents measure and servers date, in the units that people think in. */
final class Figures {

    /** Names of attributes whose numbers are bytes, by OpenTelemetry's conventions. */
    private static final Pattern BYTES =
            Pattern.compile("(.*\\.)?(memory|filesystem|disk)\\.(total|used|free|usage|limit)");

    private static final Pattern SHARE = Pattern.compile("(.*\\.)?utilization");
    /** How far an agent's clock is ahead of the server's, in seconds. */
    private static final String CLOCK_OFFSET = "clock_offset_s";

    /** Less than this is how long a message takes, and no clock's fault. */
    private static final long SLIGHT = 5;

    private static final Pattern SECONDS = Pattern.compile("(.*\\.)?uptime");

    private static final List<String> UNITS = List.of("KiB", "MiB", "GiB", "TiB", "PiB", "EiB");

    private Figures() {}

    /** A plain value as the name that it goes by suggests; what is nothing of that kind stays as it is. */
    static String of(String name, JsonNode value) {
        if (value.isNull()) {
            return "";
        }
        if (name.equals(CLOCK_OFFSET)) {
            return offset(value.asLong(0));
        }
        if (!value.isNumber() || value.asDouble() < 0) {
            return date(value.asString());
        }
        if (BYTES.matcher(name).matches()) {
            return bytes(value.asDouble());
        }
        if (SHARE.matcher(name).matches()) {
            return String.format(Locale.ROOT, "%.1f %%", value.asDouble() * 100);
        }
        if (SECONDS.matcher(name).matches()) {
            return uptime(Duration.ofSeconds(value.asLong(0)));
        }
        return value.asString();
    }

    /** A date to the second; what is no date stays as it is. */
    static String date(String date) {
        try {
            return Instant.parse(date).truncatedTo(ChronoUnit.SECONDS).toString();
        } catch (DateTimeException other) {
            return date;
        }
    }

    private static String offset(long seconds) {
        if (Math.abs(seconds) <= SLIGHT) {
            return "none";
        }
        return Durations.print(Duration.ofSeconds(Math.abs(seconds)))
                + (seconds < 0 ? " behind the server's" : " ahead of the server's");
    }

    private static String bytes(double bytes) {
        if (bytes < 1024) {
            return String.format(Locale.ROOT, "%.0f B", bytes);
        }
        double count = bytes / 1024;
        int unit = 0;
        // What would be printed as 1024.0 is 1.0 of the next.
        while (count >= 1023.95 && unit < UNITS.size() - 1) {
            count /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", count, UNITS.get(unit));
    }

    private static String uptime(Duration uptime) {
        return Durations.print(uptime.toHours() > 0 ? uptime.truncatedTo(ChronoUnit.MINUTES) : uptime);
    }
}
