// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.disk.Mount;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The file system under an outbox goes as it does when the power is lost, while a process appends;
 * {@code -Dholdfast.powerlosses=N} times instead of three. When that is comes from a seed, {@code -Dholdfast.seed=N}.
 */
class PowerLossIT {

    private static final int LOSSES = Integer.getInteger("holdfast.powerlosses", 3);
    private static final long SEED = Long.getLong("holdfast.seed", 20261129);

    @TempDir
    Path temp;

    @Test
    void whatWasToldToBeKeptIsThereOnceAndInOrderAfterAPowerLoss() throws Exception {
        SplittableRandom chance = new SplittableRandom(SEED);
        try (Mount mount = Mount.ext4(temp, 96)) {
            mount.prepareShutdown();
            Appending appending = new Appending(mount.directory().resolve("outbox"));
            for (int loss = 1; loss <= LOSSES; loss++) {
                appending.until(1 + chance.nextInt(loss % 3 == 0 ? 1500 : 300), mount::losePower);
                mount.unmount();
                mount.mount();
                appending.check("power loss " + loss + ", seed " + SEED);
            }
        }
    }
}
