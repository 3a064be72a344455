// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.storm;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;

/**
 * What one way to run failing keys cost.
 *
 * @param cpuByThread the part of the CPU time that the JVM's compilers and collector, the queue's timer, its workers,
 *     and the timer that adds keys that go well took; empty where the system does not say it
 * @param attempts how many there were while it was measured
 * @param succeeded how many keys went well beside the failing ones
 * @param jvm the flags that the JVM ran with
 */
record StormRow(
        String mode,
        int keys,
        @JsonProperty("measured_s") double measuredSeconds,
        @JsonProperty("cpu_percent_of_core") double cpuPercentOfCore,
        @JsonProperty("cpu_percent_of_core_by_thread") Map<String, Double> cpuByThread,
        long attempts,
        @JsonProperty("cpu_us_per_attempt") double cpuMicrosPerAttempt,
        long succeeded,
        @JsonProperty("log_lines_per_minute") double logLinesPerMinute,
        @JsonProperty("heap_growth_bytes") long heapGrowthBytes,
        List<String> jvm) {}
