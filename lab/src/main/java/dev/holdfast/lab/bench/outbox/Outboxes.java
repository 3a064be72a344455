// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.outbox.OutboxPolicy.Durability;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Ours, as it is measured. */
final class Outboxes {

    static final String LANE = "lane";

    /** How many records are in a group where many are put in at once; as many as a batch of the delivery has. */
    static final int GROUP = 500;

    /** How many groups are, where only what they come to counts: the more, the sooner it is there. */
    private static final int UNDER_WAY = 8;

    private static final OutboxPolicy LARGE =
            OutboxPolicy.DEFAULT.withDurability(Durability.RELAXED).withQuota(64L << 30, WhenFull.REJECT);

    private Outboxes() {}

    /** One for as much as there is room for on the disk, whose records are written before they are safe there. */
    static Outbox open(Path directory, Time time) throws IOException {
        return Outbox.open(SystemDisk.of(directory), LARGE, time, new SplittableRandom(1));
    }

    /** A record as it is appended here. */
    static NewRecord record(byte[] payload) {
        return NewRecord.of(LANE, "text/plain", payload);
    }

    /** Appends the same record so many times, in whole groups, of which a few are under way at a time. */
    static void fill(Outbox outbox, byte[] payload, long records) throws IOException, InterruptedException {
        fill(outbox, payload, records, UNDER_WAY);
    }

    /** @param most how many groups are under way at a time */
    static void fill(Outbox outbox, byte[] payload, long records, int most) throws IOException, InterruptedException {
        List<NewRecord> group = Collections.nCopies(GROUP, record(payload));
        Deque<CompletableFuture<List<Long>>> underWay = new ArrayDeque<>();
        try {
            for (long done = 0; done < records; done += GROUP) {
                if (underWay.size() == most) {
                    underWay.remove().get();
                }
                underWay.add(outbox.appendAsync(group));
            }
            for (CompletableFuture<List<Long>> left : underWay) {
                left.get();
            }
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /** One whose appends are over once they are on the disk, as it is by default. */
    static final class Durable implements Keeper {
        private final SystemTime time = SystemTime.start("outbox");
        private final Outbox outbox;

        Durable(Path directory) throws IOException {
            outbox = Outbox.open(SystemDisk.of(directory), OutboxPolicy.DEFAULT, time, new SplittableRandom(1));
        }

        @Override
        public void keep(byte[] record) throws IOException, InterruptedException {
            outbox.append(record(record));
        }

        @Override
        public void close() throws IOException {
            outbox.close();
            time.close();
        }
    }
}
