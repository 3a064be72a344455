// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import java.time.Duration;

/**
 * A server's word that it did not take a batch.
 *
 * @param lane which lane
 * @param epoch of which epoch
 * @param ask which message it answers; see {@link Action}
 * @param first the first sequence that it is about: that of the batch, or of the part in it that is to blame
 * @param last the last one
 * @param why what kind of refusal it is
 * @param detail what a person should know
 * @param retryAfter how long it wants to be left alone; zero for no wish
 */
public record Refusal(
        String lane, long epoch, long ask, long first, long last, Why why, String detail, Duration retryAfter) {

    /** What kind of refusal it is. */
    public enum Why {
        /** A record makes no sense to it, now or later. */
        BAD_RECORD(true),
        /** A record is larger than it takes. */
        TOO_LARGE(true),
        /** It has too much to do. Says nothing about the records. */
        OVERLOAD(false),
        /** It could not store them; that may be the fault of one of them. */
        STORAGE(false);

        private final boolean permanent;

        Why(boolean permanent) {
            this.permanent = permanent;
        }

        /** Whether the same batch would be refused again, whenever it came. */
        public boolean isPermanent() {
            return permanent;
        }
    }
}
