// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.time.VirtualTime;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Runs {@link AppendingProgram} in one directory again and again, and holds what it printed against what is there. */
final class Appending {

    private static final int THREADS = 4;

    private final Path directory;

    /** What it said it was told to be kept, by lane and sequence. */
    private final Map<String, TreeMap<Long, String>> promised = new TreeMap<>();

    private int run;

    Appending(Path directory) {
        this.directory = directory;
    }

    /** What ends a run. */
    @FunctionalInterface
    interface End {
        void come() throws IOException;
    }

    /** Lets it append until it printed so many lines, lets the end come, and kills it. */
    void until(int lines, End end) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        AppendingProgram.class.getName(),
                        directory.toString(),
                        "" + THREADS,
                        "run" + ++run,
                        "" + run)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (int count = 0; count < lines; count++) {
                String line = out.readLine();
                assertThat(line).as("line " + count + " of run " + run).isNotNull();
                keep(line);
            }
            end.come();
            // Not the process itself, which would close what is still to be read.
            process.toHandle().destroyForcibly();
            process.waitFor();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                keep(line);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private void keep(String line) {
        String[] words = line.split(" ", -1);
        // The last one may have been cut off by the kill.
        if (words.length == 3 && words[2].matches(".*:run[0-9]+:[0-9]+:[0-9]")) {
            promised.computeIfAbsent(words[0], lane -> new TreeMap<>()).put(Long.parseLong(words[1]), words[2]);
        }
    }

    /** Opens it, compares, and acknowledges everything, so that there is room for the next run. */
    void check(String story) throws Exception {
        Verification found = Verifier.verify(SystemDisk.of(directory));
        assertThat(found.isRepairNeeded()).as(story + ": " + found).isFalse();
        try (Outbox outbox = Outbox.open(
                SystemDisk.of(directory), AppendingProgram.POLICY, new VirtualTime(), new SplittableRandom(run))) {
            for (Map.Entry<String, TreeMap<Long, String>> lane : promised.entrySet()) {
                check(outbox, lane.getKey(), lane.getValue(), story);
            }
        }
    }

    private void check(Outbox outbox, String lane, Map<Long, String> kept, String story) throws Exception {
        Map<String, Integer> parts = new HashMap<>();
        long expected = Ledger.Source.of(outbox).acked(lane) + 1;
        List<Item> items = outbox.read(lane, expected, 1000, 1 << 20);
        Item last = null;
        while (!items.isEmpty()) {
            for (Item item : items) {
                assertThat(item).as(story).isInstanceOf(Stored.class);
                assertThat(item.first()).as(story).isEqualTo(expected++);
                String text = new String(((Stored) item).payload(), UTF_8).split(" ", 2)[0];
                assertThat(((Stored) item).payload()).as(story).isEqualTo(AppendingProgram.payload(text));
                String promise = kept.remove(item.first());
                assertThat(promise == null ? text : promise).as(story).isEqualTo(text);
                assertThat(text).as(story).startsWith(lane + ":run" + run + ":");
                parts.merge(text.substring(0, text.lastIndexOf(':')), 1, Integer::sum);
                last = item;
            }
            items = outbox.read(lane, expected, 1000, 1 << 20);
        }
        assertThat(kept).as(story + ": lost of " + lane).isEmpty();
        parts.forEach((text, count) -> {
            long n = Long.parseLong(text.substring(text.lastIndexOf(':') + 1));
            assertThat(count).as(story + ": " + text).isEqualTo(n % 4 == 3 ? AppendingProgram.GROUP : 1);
        });
        if (last != null) {
            Ledger.get(outbox.acknowledge(lane, last.last(), last.hash()));
        }
    }
}
