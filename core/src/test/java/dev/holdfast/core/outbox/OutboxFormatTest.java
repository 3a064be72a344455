// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * An outbox that the first version wrote, {@code outbox-version-1.hex}, and what is in it, {@code
 * outbox-version-1.txt}: each later version must read it as it is. What stands in those files is never to be changed;
 * what a later version writes gets files of its own. They were made by {@code -Dholdfast.sample=DIRECTORY}.
 */
class OutboxFormatTest {

    private static final int SIZE = 64 << 10;
    private static final int LINE = 32;
    private static final OutboxPolicy POLICY =
            OutboxPolicy.DEFAULT.withSegment(SIZE).withQuota(1 << 20, WhenFull.REJECT);

    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
    private final VirtualTime time = new VirtualTime();
    private Outbox outbox;

    @BeforeEach
    void open() throws IOException {
        outbox = open(POLICY);
    }

    private Outbox open(OutboxPolicy policy) throws IOException {
        return Outbox.open(disk, policy, time, new SplittableRandom(1), Runnable::run);
    }

    private void reopen(OutboxPolicy policy) throws IOException {
        outbox.close();
        outbox = open(policy);
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(OutboxFormatTest.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    /** Lines of {@code file NAME SIZE}, and after each those of an offset and the bytes there; all else is zeros. */
    private void thaw(String hex) {
        Map<String, byte[]> files = new TreeMap<>();
        byte[] file = {};
        for (String line : hex.split("\n", -1)) {
            String[] words = line.split(" ", -1);
            if (words[0].equals("file")) {
                file = new byte[Integer.parseInt(words[2])];
                files.put(words[1], file);
            } else if (words.length == 2) {
                byte[] bytes = HexFormat.of().parseHex(words[1]);
                System.arraycopy(bytes, 0, file, HexFormat.fromHexDigits(words[0]), bytes.length);
            }
        }
        files.forEach(disk::put);
    }

    private String frozen() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (String name :
                disk.names().stream().filter(name -> name.endsWith(".log")).toList()) {
            byte[] content = disk.content(name);
            lines.append("file ")
                    .append(name)
                    .append(' ')
                    .append(content.length)
                    .append('\n');
            for (int offset = 0; offset < content.length; offset += LINE) {
                byte[] line = Arrays.copyOfRange(content, offset, offset + LINE);
                if (!Arrays.equals(line, new byte[LINE])) {
                    lines.append(HexFormat.of().toHexDigits(offset)).append(' ');
                    lines.append(HexFormat.of().formatHex(line)).append('\n');
                }
            }
        }
        return lines.toString();
    }

    /** Everything that an outbox holds. */
    private String told() throws IOException {
        StringBuilder lines = new StringBuilder("outbox " + outbox.id() + '\n');
        for (LaneState lane : outbox.lanes()) {
            lines.append(lane).append('\n');
            for (Item item : outbox.read(lane.lane(), 1, 10_000, 1 << 24)) {
                lines.append(item instanceof Stored record ? told(record) : told((Gap) item));
            }
        }
        for (DeadLetter letter : outbox.dead(0, 100)) {
            lines.append("dead letter " + letter.id() + " of " + letter.lane() + ' ' + letter.attempts() + '\n');
            lines.append(told(letter.record()));
        }
        Outbox.Figures figures = outbox.figures();
        lines.append("lost " + figures.lost() + ", dropped " + figures.dropped() + ", expired " + figures.expired());
        return lines.append('\n').toString();
    }

    private static String told(Stored record) {
        CRC32C crc = new CRC32C();
        crc.update(record.payload());
        return "  record " + record.sequence() + ' ' + HexFormat.of().toHexDigits(record.hash()) + ' ' + record.time()
                + ' ' + record.contentType() + ' ' + new TreeMap<>(record.headers()) + ' ' + record.replayOf() + ' '
                + record.payload().length + " bytes " + HexFormat.of().toHexDigits((int) crc.getValue()) + '\n';
    }

    private static String told(Gap gap) {
        return "  gap " + gap.first() + " to " + gap.last() + ' ' + gap.why() + ' '
                + HexFormat.of().toHexDigits(gap.hash()) + ' ' + gap.audit() + '\n';
    }

    /** The types of all frames, all of whose payloads verify but for those of records. */
    private Set<Integer> types() throws IOException {
        Set<Integer> types = new TreeSet<>();
        try (SegmentLog log = SegmentLog.open(disk, SIZE, new SplittableRandom(1))) {
            for (int number : log.segments()) {
                Scan scan = log.scan(number);
                while (scan.next()) {
                    types.add((int) scan.type());
                    assertThat(scan.payload() != null || scan.type() == Codec.RECORD)
                            .isTrue();
                }
            }
        }
        return types;
    }

    @Test
    void whatTheFirstVersionWroteIsRead() throws Exception {
        outbox.close();
        thaw(resource("outbox-version-1.hex"));
        assertThat(types()).as("kinds of frames").containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        outbox = open(POLICY);
        assertThat(told()).isEqualTo(resource("outbox-version-1.txt"));
        assertThat(outbox.append(record("beta", "more"))).isEqualTo(7);
        reopen(POLICY);
        assertThat(outbox.read("beta", 7, 1, 1)).hasSize(1);
        outbox.close();
    }

    @Test
    void whatIsWrittenIsReadAsItWas() throws Exception {
        String before = sample();
        assertThat(types()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        thaw(frozen());
        outbox = open(POLICY);
        assertThat(told()).isEqualTo(before);
        outbox.close();
    }

    @Test
    @EnabledIfSystemProperty(named = "holdfast.sample", matches = ".+")
    void aSampleIsMade() throws Exception {
        String told = sample();
        Path directory = Path.of(System.getProperty("holdfast.sample"));
        Files.writeString(directory.resolve("outbox-version-1.hex"), frozen());
        Files.writeString(directory.resolve("outbox-version-1.txt"), told);
    }

    /** Makes an outbox with everything in it that there can be, and returns what it holds. */
    private String sample() throws Exception {
        drop();
        move();
        expire();
        bury();
        startEpoch();
        damage();
        String told = told();
        outbox.close();
        return told;
    }

    private void drop() throws Exception {
        reopen(POLICY.withQuota(256 << 10, WhenFull.DROP_OLDEST));
        for (int n = 0; n < 12; n++) {
            outbox.append(zeros("old"));
        }
    }

    /** Records and a dead letter that stay behind among others have to be moved. */
    private void move() throws Exception {
        reopen(POLICY);
        outbox.append(
                new NewRecord("alpha", "text/plain", Map.of("source", "host", "ü", "😀"), "grün".getBytes(UTF_8)));
        outbox.append(new NewRecord("alpha", "", Map.of(), new byte[0]));
        get(outbox.bury("alpha", attempts(2)));
        for (int n = 1; n <= 30; n++) {
            if (n % 3 == 1) {
                outbox.append(record("alpha", "text " + n));
            }
            outbox.append(zeros("bulk"));
            get(outbox.acknowledge("bulk", n, n));
        }
    }

    private void expire() throws Exception {
        time.shiftWallClock(Duration.ofHours(-3));
        outbox.append(List.of(record("gamma", "one"), record("gamma", "two")));
        time.shiftWallClock(Duration.ofHours(3));
        outbox.append(record("gamma", "three"));
        reopen(POLICY.withMaxAge(Duration.ofHours(1)));
        get(outbox.acknowledge("nobody", 1, 1));
        reopen(POLICY);
    }

    private void bury() throws Exception {
        for (int n = 1; n <= 5; n++) {
            outbox.append(record("delta", "text " + n));
        }
        get(outbox.bury("delta", attempts(1)));
        get(outbox.bury("delta", attempts(2)));
        get(outbox.bury("delta", attempts(3)));
        List<DeadLetter> letters = outbox.dead(0, 100);
        outbox.replay(letters.get(letters.size() - 2).id());
        get(outbox.purge(letters.getLast().id()));
        get(outbox.attempted("delta", attempts(4)));
    }

    private void startEpoch() throws Exception {
        for (int n = 1; n <= 4; n++) {
            outbox.append(record("beta", "text " + n));
        }
        get(outbox.acknowledge(
                "beta", 2, outbox.read("beta", 2, 1, 1).getFirst().hash()));
        get(outbox.startEpoch("beta", 1, 42));
        reopen(POLICY.withCompression(100));
        outbox.append(record("beta", "again ".repeat(100)));
    }

    private void damage() throws Exception {
        outbox.append(record("beta", "This will be damaged."));
        String newest = disk.names().stream()
                .filter(name -> name.endsWith(".log"))
                .toList()
                .getLast();
        String content = new String(disk.content(newest), ISO_8859_1);
        disk.flip(newest, content.lastIndexOf("damaged"), 0x20);
        outbox.read("beta", 6, 1, 1);
        get(outbox.acknowledge("nobody", 1, 1));
    }

    private Attempts attempts(long sequence) {
        Attempts attempts = Attempts.none(sequence, time.instant());
        for (String reason : List.of("no", "not \"ever\"", "no")) {
            time.advance(Duration.ofMillis(1500));
            attempts = attempts.plus(reason, !reason.equals("no"), time.instant());
        }
        return attempts.waiting(Duration.ofSeconds(4));
    }

    private static NewRecord record(String lane, String text) {
        return NewRecord.of(lane, "text/plain", text.getBytes(UTF_8));
    }

    private static NewRecord zeros(String lane) {
        return NewRecord.of(lane, "application/octet-stream", new byte[20_000]);
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(10, TimeUnit.SECONDS);
    }
}
