// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import dev.holdfast.opamp.Value;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How busy a host is.
 *
 * @param cpu how much of all processors was used since the sample before, from 0 to 1
 * @param load1m the load average over a minute; negative where the system has none
 * @param memoryUsed in bytes
 * @param memoryTotal in bytes
 * @param diskFree on the volume of the data directory, in bytes
 * @param diskTotal of that volume, in bytes; 0 where the volume cannot be read, and then it is not reported
 * @param uptime since the host was started
 */
public record Load(
        double cpu, double load1m, long memoryUsed, long memoryTotal, long diskFree, long diskTotal, Duration uptime) {

    /** The same as attributes, for a health report. */
    public Map<String, Value> attributes() {
        Map<String, Value> attributes = new LinkedHashMap<>();
        attributes.put("system.cpu.utilization", Value.of(rounded(cpu)));
        attributes.put("system.cpu.load_average.1m", Value.of(rounded(load1m)));
        attributes.put("system.memory.used", Value.of(memoryUsed));
        attributes.put("system.memory.total", Value.of(memoryTotal));
        if (diskTotal > 0) {
            attributes.put("system.filesystem.free", Value.of(diskFree));
            attributes.put("system.filesystem.total", Value.of(diskTotal));
        }
        attributes.put("system.uptime", Value.of(uptime.toSeconds()));
        return attributes;
    }

    /** The same as a status record: a JSON object of numbers, and the date in {@code at}. */
    public String toJson(Instant at) {
        String figures = attributes().entrySet().stream()
                .map(figure ->
                        "\"" + figure.getKey() + "\":" + figure.getValue().text())
                .collect(Collectors.joining(","));
        return "{\"at\":\"" + at + "\"," + figures + "}";
    }

    private static double rounded(double value) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.4f", value));
    }
}
