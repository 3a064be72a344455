// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

/**
 * A key that has been given up on.
 *
 * @param why what ended it
 * @param history its failures
 */
public record Terminal<K>(K key, Reason why, History history) {

    /** What ended it. */
    public enum Reason {
        /** It failed once more than the policy retries. */
        RETRIES_USED_UP,
        /** The last attempt before its deadline failed. */
        DEADLINE,
        /** Its failure was permanent. */
        PERMANENT
    }
}
