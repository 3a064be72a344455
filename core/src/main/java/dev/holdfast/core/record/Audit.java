// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.time.Instant;
import java.util.List;

/**
 * How a delivery went wrong.
 *
 * @param attempts how often the other side refused it
 * @param first when it did so first
 * @param last when it did so last
 * @param reasons every distinct reason, in the order in which they came; at most {@link #MOST_REASONS} of
 *     {@link #MOST_LETTERS} characters
 */
public record Audit(int attempts, Instant first, Instant last, List<String> reasons) {

    /** 20; later ones are left out. */
    public static final int MOST_REASONS = 20;

    /** 300; of a longer reason the rest is left out. */
    public static final int MOST_LETTERS = 300;

    /** @throws IllegalArgumentException if there are fewer than 0 attempts or more reasons than are kept */
    public Audit {
        if (attempts < 0) {
            throw new IllegalArgumentException("attempts: " + attempts + " (expected: >= 0)");
        }
        if (reasons.size() > MOST_REASONS) {
            throw new IllegalArgumentException(
                    "reasons: " + reasons.size() + " (expected: at most " + MOST_REASONS + ")");
        }
        reasons = reasons.stream()
                .map(reason -> reason.substring(0, Math.min(reason.length(), MOST_LETTERS)))
                .toList();
    }
}
