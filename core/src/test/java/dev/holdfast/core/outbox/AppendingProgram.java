// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;

/**
 * A process of its own that appends on several threads, and prints each record that it was told to be kept: lane,
 * sequence and text. It is there to be killed, and ends by itself when whoever started it is gone.
 */
final class AppendingProgram {

    static final OutboxPolicy POLICY = OutboxPolicy.DEFAULT.withSegment(256 << 10);

    /** How many records belong to one group. */
    static final int GROUP = 3;

    private final Outbox outbox;
    private final String run;

    private AppendingProgram(Outbox outbox, String run) {
        this.outbox = outbox;
        this.run = run;
    }

    /** Takes the directory, how many threads, a word for this run, and a seed. */
    public static void main(String[] args) throws IOException {
        Outbox outbox = Outbox.open(
                SystemDisk.of(Path.of(args[0])),
                POLICY,
                SystemTime.start("appending"),
                new SplittableRandom(Long.parseLong(args[3])));
        AppendingProgram program = new AppendingProgram(outbox, args[2]);
        for (int thread = 0; thread < Integer.parseInt(args[1]); thread++) {
            String lane = "lane-" + thread;
            Thread.ofPlatform().daemon().start(() -> program.append(lane));
        }
        while (System.in.read() >= 0) {
            // Nothing is ever written there; it ends with whoever started this.
        }
        Runtime.getRuntime().halt(1);
    }

    /** What is appended as the n-th of a run. */
    static String text(String lane, String run, long n, int part) {
        return lane + ":" + run + ":" + n + ":" + part;
    }

    static byte[] payload(String text) {
        return (text + " " + "x".repeat(Math.floorMod(text.hashCode(), 700))).getBytes(UTF_8);
    }

    private void append(String lane) {
        try {
            for (long n = 0; ; n++) {
                List<String> texts = new ArrayList<>();
                for (int part = 0; part < (n % 4 == 3 ? GROUP : 1); part++) {
                    texts.add(text(lane, run, n, part));
                }
                List<Long> sequences = outbox.appendAsync(texts.stream()
                                .map(text -> NewRecord.of(lane, "text/plain", payload(text)))
                                .toList())
                        .get();
                StringBuilder lines = new StringBuilder();
                for (int part = 0; part < texts.size(); part++) {
                    lines.append(lane)
                            .append(' ')
                            .append(sequences.get(part))
                            .append(' ')
                            .append(texts.get(part))
                            .append('\n');
                }
                synchronized (this) {
                    System.out.print(lines);
                    System.out.flush();
                }
            }
        } catch (ExecutionException | InterruptedException e) {
            System.err.println("appending ended: " + e.getMessage());
        }
    }
}
