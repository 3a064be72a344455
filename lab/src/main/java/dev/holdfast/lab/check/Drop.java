// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

/**
 * Sequences of a lane that were given up on and are kept as dead letters, as somebody was told.
 *
 * @param last the last of them, at least {@code first}
 */
public record Drop(String lane, long first, long last) {

    boolean covers(String of, long sequence) {
        return lane.equals(of) && first <= sequence && sequence <= last;
    }
}
