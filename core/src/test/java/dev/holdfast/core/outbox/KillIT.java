// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that appends is killed; {@code -Dholdfast.kills=N} times instead of ten. How much it has done by then comes
 * from a seed, {@code -Dholdfast.seed=N}.
 */
class KillIT {

    private static final int KILLS = Integer.getInteger("holdfast.kills", 10);
    private static final long SEED = Long.getLong("holdfast.seed", 20261129);

    @TempDir
    Path temp;

    @Test
    void whatWasToldToBeKeptIsThereOnceAndInOrderAfterAKill() throws Exception {
        SplittableRandom chance = new SplittableRandom(SEED);
        Appending appending = new Appending(temp.resolve("outbox"));
        for (int kill = 1; kill <= KILLS; kill++) {
            appending.until(1 + chance.nextInt(kill % 3 == 0 ? 1000 : 100), () -> {});
            appending.check("kill " + kill + ", seed " + SEED);
        }
    }
}
