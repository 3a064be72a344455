// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.disk.FaultyDisk.Done;
import dev.holdfast.core.disk.FaultyDisk.Kept;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What other tests lean on. */
class FaultyDiskTest {

    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));

    private static ByteBuffer ones(int value, int count) {
        byte[] bytes = new byte[count];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    private FaultyDisk lose(Kept writes, Kept names) {
        return disk.powerLoss(writes, names, new SplittableRandom(5));
    }

    @Test
    void whatWasNotForcedMayBeLostInAnyPartsAndOrder() throws Exception {
        DiskFile file = disk.open("a");
        file.write(ones(1, 2048), 0);
        file.force();
        disk.sync();
        file.write(ones(2, 1024), 0);
        file.write(ones(3, 1024), 512);
        assertThat(lose(Kept.NOTHING, Kept.NOTHING).content("a"))
                .containsOnly(1)
                .hasSize(2048);
        assertThat(lose(Kept.EVERYTHING, Kept.NOTHING).content("a")).isEqualTo(disk.content("a"));
        Set<String> seen = new HashSet<>();
        for (int seed = 0; seed < 500; seed++) {
            byte[] left = disk.powerLoss(Kept.SECTORS, Kept.NOTHING, new SplittableRandom(seed))
                    .content("a");
            seen.add("" + left[0] + left[512] + left[1024] + left[1536]);
            assertThat(left)
                    .isEqualTo(disk.powerLoss(Kept.SECTORS, Kept.NOTHING, new SplittableRandom(seed))
                            .content("a"));
        }
        assertThat(seen)
                .containsExactlyInAnyOrder(
                        "1111", "1131", "1211", "1231", "1311", "1331", "2111", "2131", "2211", "2231", "2311", "2331");
    }

    @Test
    void whatCouldNotBeForcedIsNotForcedLater() throws Exception {
        DiskFile file = disk.open("a");
        disk.sync();
        file.write(ones(1, 4096), 0);
        file.write(ones(1, 4096), 4096);
        disk.fail(disk.operations().size(), Done.NOTHING, false, FaultyDisk.BROKEN);
        assertThatThrownBy(file::force).hasMessage(FaultyDisk.BROKEN);
        file.write(ones(2, 1), 4096);
        file.force();
        byte[] left = lose(Kept.EVERYTHING, Kept.NOTHING).content("a");
        assertThat(left).startsWith(0, 0, 0).hasSize(8192);
        // Its page was written to again, and pages are written whole.
        assertThat(Arrays.copyOfRange(left, 4096, 4100)).containsExactly(2, 1, 1, 1);
        assertThat(disk.content("a")).startsWith(1, 1, 1);
    }

    @Test
    void namesThatWereNotSyncedMayBeUndone() throws Exception {
        disk.open("a").close();
        disk.open("b").close();
        disk.sync();
        disk.rename("a", "c");
        disk.delete("b");
        disk.open("d").close();
        assertThat(disk.names()).containsExactly("c", "d");
        assertThat(lose(Kept.NOTHING, Kept.NOTHING).names()).containsExactly("a", "b");
        assertThat(lose(Kept.NOTHING, Kept.EVERYTHING).names()).containsExactly("c", "d");
        Set<String> seen = new HashSet<>();
        Set<String> inOrder = new HashSet<>();
        for (int seed = 0; seed < 100; seed++) {
            SplittableRandom how = new SplittableRandom(seed);
            seen.add("" + disk.powerLoss(Kept.NOTHING, Kept.SECTORS, how).names());
            inOrder.add("" + disk.powerLoss(Kept.NOTHING, Kept.PAGES, how).names());
        }
        assertThat(seen).hasSize(8);
        assertThat(inOrder).containsExactlyInAnyOrder("[a, b]", "[b, c]", "[c]", "[c, d]");
    }

    @Test
    void anOperationFailsAsFarAsItIsTold() throws Exception {
        for (Done done : Done.values()) {
            DiskFile file = disk.open("a");
            disk.fail(disk.operations().size(), done, false, FaultyDisk.FULL);
            assertThatThrownBy(() -> file.write(ones(7, 100), 0)).hasMessage(FaultyDisk.FULL);
            int written = disk.content("a").length;
            assertThat(written).isBetween(done == Done.ALL ? 100 : 0, done == Done.NOTHING ? 0 : 100);
            file.write(ones(7, 100), 0);
            disk.fail(disk.operations().size(), done, true, FaultyDisk.BROKEN);
            assertThatThrownBy(() -> disk.rename("a", "b")).hasMessageContaining(FaultyDisk.BROKEN);
            assertThat(disk.names()).containsExactly(done == Done.ALL ? "b" : "a");
            assertThatThrownBy(disk::sync).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> disk.open("c")).isInstanceOf(IOException.class);
            disk.heal();
            disk.delete(done == Done.ALL ? "b" : "a");
        }
    }

    @Test
    void aFullDiskTakesWhatFitsAndWhatNeedsNoSpace() throws Exception {
        DiskFile file = disk.open("a");
        file.write(ones(1, 100), 0);
        disk.limit(150);
        assertThatThrownBy(() -> disk.open("b").write(ones(2, 100), 0)).hasMessage(FaultyDisk.FULL);
        assertThat(disk.content("b")).hasSize(50);
        file.write(ones(3, 100), 0);
        disk.delete("b");
        file.write(ones(4, 50), 100);
        disk.readOnly();
        assertThatThrownBy(() -> file.write(ones(3, 1), 0)).hasMessageContaining(FaultyDisk.READ_ONLY);
        assertThat(disk.open("a").size()).isEqualTo(150);
    }
}
