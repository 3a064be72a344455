// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.util.stream.LongStream;

/** Which seeds a random test runs with: a fixed row of them, or the one that is to be replayed. */
final class Seeds {

    /** {@code mvn -pl opamp -am verify -Dholdfast.seed=N} replays seed N alone. */
    private static final String PROPERTY = "holdfast.seed";

    private Seeds() {}

    static LongStream upTo(int count) {
        Long replayed = Long.getLong(PROPERTY);
        return replayed == null ? LongStream.range(0, count) : LongStream.of(replayed);
    }

    /** Whether one seed is replayed, which need not show all that a row of them does. */
    static boolean replaying() {
        return Long.getLong(PROPERTY) != null;
    }

    /** What a failure says of its seed. */
    static String replay(long seed) {
        return "seed " + seed + "; mvn -pl opamp -am verify -D" + PROPERTY + "=" + seed + " replays it alone";
    }
}
