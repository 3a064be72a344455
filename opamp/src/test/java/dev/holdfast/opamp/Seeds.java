// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.util.stream.LongStream;

/** Which seeds a random test runs with: a fixed row of them, or the one that is to be replayed. */
final class Seeds {

    /** {@code mvn -pl opamp -am verify -DargLine=-Dholdfast.seed=N} replays seed N alone. */
    private static final String PROPERTY = "holdfast.seed";

    private Seeds() {}

    static LongStream upTo(int count) {
        Long replayed = Long.getLong(PROPERTY);
        return replayed == null ? LongStream.range(0, count) : LongStream.of(replayed);
    }

    /** What a failure says of its seed. */
    static String replay(long seed) {
        return "seed " + seed + "; -D" + PROPERTY + "=" + seed + " in the test's JVM replays it alone";
    }
}
