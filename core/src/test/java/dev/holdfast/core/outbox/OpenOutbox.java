// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.NewRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** An outbox on a disk in memory, in a time that its thread and the test share, and what its listener has heard. */
abstract class OpenOutbox {

    final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
    final SharedTime time = new SharedTime();

    /** Lane and last sequence of what is on the disk. */
    final List<String> durable = new CopyOnWriteArrayList<>();

    /** What was let go of. */
    final List<String> gone = new CopyOnWriteArrayList<>();

    private final OutboxPolicy usual;

    Outbox outbox;

    /** @param usual how it is opened before each test */
    OpenOutbox(OutboxPolicy usual) {
        this.usual = usual;
    }

    @BeforeEach
    void open() throws IOException {
        outbox = open(usual);
    }

    @AfterEach
    void close() throws IOException {
        outbox.close();
    }

    Outbox open(OutboxPolicy policy) throws IOException {
        Outbox opened = Outbox.open(disk, policy, time, new SplittableRandom(1), Runnable::run);
        opened.listen(new Outbox.Listener() {
            @Override
            public void durable(String lane, long last) {
                durable.add(lane + " " + last);
            }

            @Override
            public void letGo(String lane, Gap gap) {
                gone.add(lane + " " + gap.why() + " " + gap.first() + "-" + gap.last());
            }
        });
        return opened;
    }

    void reopen(OutboxPolicy policy) throws IOException {
        outbox.close();
        outbox = open(policy);
    }

    static NewRecord record(String lane, int size) {
        return NewRecord.of(lane, "text/plain", "x".repeat(size).getBytes(UTF_8));
    }

    void append(String lane, int count, int size) throws Exception {
        List<CompletableFuture<List<Long>>> futures = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            futures.add(outbox.appendAsync(List.of(record(lane, size))));
        }
        for (CompletableFuture<List<Long>> future : futures) {
            get(future);
        }
    }

    void acknowledge(String lane, long sequence, long hash) throws Exception {
        get(outbox.acknowledge(lane, sequence, hash));
    }

    static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(10, TimeUnit.SECONDS);
    }
}
