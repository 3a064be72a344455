// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import java.time.Duration;

/**
 * How far a server has a stream: its answer to a resume and to a batch.
 *
 * @param lane which lane
 * @param epoch of which epoch
 * @param ask which message it answers; see {@link Action}
 * @param known whether the server has this stream at all
 * @param sequence up to where it has everything
 * @param hash the chain hash there; 0 if it is not known
 * @param matched in answer to a resume: the highest of the points it was given that it has too in this stream; where it
 *     does not know the stream, in any other of this outbox and lane. 0 for none
 * @param retryAfter how long it wants no further batch of this lane; zero for no wish
 */
public record Mark(
        String lane, long epoch, long ask, boolean known, long sequence, long hash, long matched, Duration retryAfter) {

    /** The same where so much is in common anyway, if the server has as much. */
    Mark matchedAtLeast(long common) {
        return matched >= common || sequence < common
                ? this
                : new Mark(lane, epoch, ask, known, sequence, hash, common, retryAfter);
    }
}
