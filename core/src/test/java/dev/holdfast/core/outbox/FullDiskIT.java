// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.holdfast.core.disk.Mount;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is full, or cannot be written to, for real. */
class FullDiskIT {

    private static final OutboxPolicy POLICY = OutboxPolicy.DEFAULT.withSegment(64 << 10);
    private static final int LARGE = 5_000;

    @TempDir
    Path temp;

    private static Outbox open(Mount mount) throws IOException {
        return Outbox.open(
                SystemDisk.of(mount.directory()), POLICY, new VirtualTime(), new SplittableRandom(1), Runnable::run);
    }

    /** Appends until the disk takes no more, and returns what was told to be kept. */
    private static List<Long> fill(Outbox outbox) throws InterruptedException {
        List<Long> kept = new ArrayList<>();
        while (true) {
            try {
                kept.add(outbox.append(NewRecord.of("a", "text/plain", new byte[LARGE])));
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("no space is left on its disk");
                return kept;
            }
        }
    }

    private static List<Long> sequences(Outbox outbox) throws IOException {
        return outbox.read("a", 1, 10_000, Long.MAX_VALUE).stream()
                .flatMap(item ->
                        LongStream.rangeClosed(item.first(), item.last()).boxed())
                .toList();
    }

    private static void acknowledge(Outbox outbox, long sequence) throws Exception {
        Item item = outbox.read("a", sequence, 1, 0).getFirst();
        assertThat(Ledger.get(outbox.acknowledge("a", item.last(), item.hash())))
                .isTrue();
    }

    @Test
    void aFullDiskRefusesWithWordsKeepsWhatIsThereAndGoesOnWhenThereIsRoom() throws Exception {
        try (Mount mount = Mount.tmpfs(temp, 1024)) {
            Outbox outbox = open(mount);
            List<Long> kept = fill(outbox);
            assertThat(kept).hasSizeGreaterThan(50);
            assertThat(sequences(outbox)).isEqualTo(kept);

            // Acknowledging needs room as well, and makes some.
            acknowledge(outbox, kept.get(kept.size() / 2));
            List<Long> more = fill(outbox);
            assertThat(more).hasSizeGreaterThan(10);
            assertThat(more.getFirst()).isEqualTo(kept.getLast() + 1);
            outbox.close();

            List<Long> all = new ArrayList<>(kept.subList(kept.size() / 2 + 1, kept.size()));
            all.addAll(more);
            requireAllAfterARestart(mount, all);
        }
    }

    private static void requireAllAfterARestart(Mount mount, List<Long> all) throws Exception {
        assertThat(Verifier.verify(SystemDisk.of(mount.directory())).isRepairNeeded())
                .isFalse();
        try (Outbox outbox = open(mount)) {
            assertThat(sequences(outbox)).isEqualTo(all);
            acknowledge(outbox, all.getLast());
            assertThat(outbox.append(NewRecord.of("a", "text/plain", new byte[LARGE])))
                    .isEqualTo(all.getLast() + 1);
        }
    }

    @Test
    void whatSomebodyElseFillsIsWaitedFor() throws Exception {
        try (Mount mount = Mount.tmpfs(temp, 1024)) {
            Outbox outbox = open(mount);
            long first = outbox.append(NewRecord.of("a", "text/plain", "first".getBytes(UTF_8)));
            Path other = mount.directory().resolve("other");
            assertThatIOException().isThrownBy(() -> Files.write(other, new byte[2 << 20]));
            List<Long> kept = new ArrayList<>(List.of(first));
            kept.addAll(fill(outbox));
            Files.delete(other);
            kept.add(outbox.append(NewRecord.of("a", "text/plain", new byte[LARGE])));
            assertThat(sequences(outbox)).isEqualTo(kept);
            outbox.close();
            requireAllAfterARestart(mount, kept);
        }
    }

    @Test
    void aReadOnlyDiskIsSaidToBeOneAndCanBeVerified() throws Exception {
        try (Mount mount = Mount.tmpfs(temp, 1024)) {
            try (Outbox outbox = open(mount)) {
                for (int n = 0; n < 30; n++) {
                    outbox.append(NewRecord.of("a", "text/plain", new byte[LARGE]));
                }
            }
            mount.remount(true);
            assertThatIOException()
                    .isThrownBy(() -> open(mount))
                    .withMessageContaining("its file system is mounted read-only (expected: ");
            assertThat(Verifier.verify(SystemDisk.of(mount.directory())).records())
                    .isEqualTo(30);
            mount.remount(false);
            requireAllAfterARestart(mount, LongStream.rangeClosed(1, 30).boxed().toList());
        }
    }
}
