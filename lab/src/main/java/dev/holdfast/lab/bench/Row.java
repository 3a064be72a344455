// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One subject beside one peer.
 *
 * @param ratio above 1 where Holdfast does better
 */
record Row(
        String benchmark,
        String subject,
        double score,
        String unit,
        String peer,
        @JsonProperty("peer_score") double peerScore,
        double ratio) {}
