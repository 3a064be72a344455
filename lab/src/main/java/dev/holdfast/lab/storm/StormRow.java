// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.storm;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What one way to run failing keys cost.
 *
 * @param attempts how many there were while it was measured
 * @param succeeded how many keys went well beside the failing ones
 */
record StormRow(
        String mode,
        int keys,
        @JsonProperty("measured_s") double measuredSeconds,
        @JsonProperty("cpu_percent_of_core") double cpuPercentOfCore,
        long attempts,
        @JsonProperty("cpu_us_per_attempt") double cpuMicrosPerAttempt,
        long succeeded,
        @JsonProperty("log_lines_per_minute") double logLinesPerMinute,
        @JsonProperty("heap_growth_bytes") long heapGrowthBytes) {}
