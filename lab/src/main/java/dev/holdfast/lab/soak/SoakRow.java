// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.soak;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What an agent took up while its server was restarted over and over: medians of the second and of the last tenth of
 * the run, since in the first everything is still being loaded.
 *
 * @param passed whether it came back each time and what it takes up is flat
 * @param elapsedSeconds how long it lasted
 * @param restarts of the server
 * @param reattached how many times the agent was attached again before the next one
 * @param agentLogLines what the agent logged
 */
record SoakRow(
        boolean passed,
        @JsonProperty("elapsed_s") double elapsedSeconds,
        int restarts,
        int reattached,
        @JsonProperty("p50_reattach_s") double p50ReattachSeconds,
        @JsonProperty("p99_reattach_s") double p99ReattachSeconds,
        @JsonProperty("rss_mib_early") double rssMibEarly,
        @JsonProperty("rss_mib_late") double rssMibLate,
        @JsonProperty("threads_early") long threadsEarly,
        @JsonProperty("threads_late") long threadsLate,
        @JsonProperty("descriptors_early") long descriptorsEarly,
        @JsonProperty("descriptors_late") long descriptorsLate,
        @JsonProperty("agent_log_lines") long agentLogLines) {}
