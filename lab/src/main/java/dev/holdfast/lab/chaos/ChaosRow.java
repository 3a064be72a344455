// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What a run gave. Of the payloads that were acknowledged each is delivered, a dead letter or lost.
 *
 * @param passed whether nothing was lost, stored twice, out of order or otherwise wrong
 * @param faults kills and pauses
 * @param kills those of them that killed; of both processes at once counts as one
 * @param uncertain payloads without an answer, since the agent was killed
 * @param uncertainDelivered how many of these arrived
 * @param reattached how many times the agent was attached again before the next fault
 * @param p99ReattachSeconds how long that took, from when both processes ran: an agent from its start, a server from
 *     when it listened
 * @param drainedSeconds how long after the last fault the outbox was empty and its agent attached
 * @param logLines of both processes
 * @param maxRssMib the most memory that either had; 0 where the system does not tell
 */
record ChaosRow(
        long seed,
        boolean passed,
        int faults,
        int kills,
        @JsonProperty("agent_kills") int agentKills,
        @JsonProperty("server_kills") int serverKills,
        int pauses,
        long acknowledged,
        long delivered,
        long lost,
        long duplicated,
        @JsonProperty("out_of_order") long outOfOrder,
        long corrupted,
        long misnumbered,
        long unknown,
        @JsonProperty("dead_letters") long deadLetters,
        long uncertain,
        @JsonProperty("uncertain_delivered") long uncertainDelivered,
        int reattached,
        @JsonProperty("p50_reattach_s") double p50ReattachSeconds,
        @JsonProperty("p99_reattach_s") double p99ReattachSeconds,
        @JsonProperty("max_reattach_s") double maxReattachSeconds,
        @JsonProperty("drained_s") double drainedSeconds,
        @JsonProperty("elapsed_s") double elapsedSeconds,
        @JsonProperty("log_lines") long logLines,
        @JsonProperty("agent_log_lines") long agentLogLines,
        @JsonProperty("server_log_lines") long serverLogLines,
        @JsonProperty("max_rss_mib") double maxRssMib,
        @JsonProperty("agent_max_rss_mib") double agentMaxRssMib,
        @JsonProperty("server_max_rss_mib") double serverMaxRssMib) {}
