// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.print;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One subject beside one peer.
 *
 * @param benchmark what was measured
 * @param subject whose score it is
 * @param unit of both scores
 * @param ratio above 1 where Holdfast does better
 */
public record Row(
        String benchmark,
        String subject,
        double score,
        String unit,
        String peer,
        @JsonProperty("peer_score") double peerScore,
        double ratio) {

    /** What Holdfast is called beside its peers. */
    public static final String OURS = "holdfast";

    /** Of a score that is better the higher it is. */
    public static Row higher(String benchmark, double ours, String unit, String peer, double theirs) {
        return new Row(benchmark, OURS, ours, unit, peer, theirs, ours / theirs);
    }

    /** Of a score that is better the lower it is. */
    public static Row lower(String benchmark, double ours, String unit, String peer, double theirs) {
        return new Row(benchmark, OURS, ours, unit, peer, theirs, theirs / ours);
    }
}
