// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What goes into a lane, and how fast.
 *
 * @param smallest of a payload, in bytes
 * @param usual the most of nearly all of them
 * @param largest the most of the rest
 * @param largeOf one of so many is such
 * @param longest the most time between an answer and the next append
 * @param most how many are appended together, at most; few are more frequent than many
 */
record Flow(String lane, int smallest, int usual, int largest, int largeOf, Duration longest, int most) {

    /** Many small ones, some of a page or two, and few large ones, of which some are larger than a batch. */
    static final List<Flow> ALL = List.of(
            new Flow("small", 40, 200, 2_000, 50, Duration.ofMillis(30), 8),
            new Flow("medium", 1_000, 6_000, 30_000, 30, Duration.ofMillis(160), 4),
            new Flow("large", 5_000, 40_000, 300 * 1024, 8, Duration.ofMillis(600), 2));

    int size(RandomGenerator chance) {
        return chance.nextInt(largeOf) == 0 ? chance.nextInt(usual, largest + 1) : chance.nextInt(smallest, usual);
    }

    int count(RandomGenerator chance) {
        return 1 + chance.nextInt(1 + chance.nextInt(most));
    }

    Duration pause(RandomGenerator chance) {
        return Duration.ofNanos(chance.nextLong(longest.toNanos() + 1));
    }
}
