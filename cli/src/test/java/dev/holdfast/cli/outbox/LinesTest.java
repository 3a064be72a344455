// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LinesTest {

    private static final int MIB = 1 << 20;

    @Test
    void aLineEndsWithALineFeedOrWithTheInput() throws Exception {
        assertThat(all("")).isEmpty();
        assertThat(all("a")).containsExactly("a");
        assertThat(all("a\n")).containsExactly("a");
        assertThat(all("a\nb")).containsExactly("a", "b");
        assertThat(all("\n")).containsExactly("");
        assertThat(all("\n\na")).containsExactly("", "", "a");
        assertThat(all("a\n\n")).containsExactly("a", "");
        assertThat(all("\u00e4\u20ac\nx")).containsExactly("\u00e4\u20ac", "x");
    }

    @Test
    void carriageReturnsAndZerosArePartOfALine() throws Exception {
        assertThat(all("a\r\n\0b\n")).containsExactly("a\r", "\0b");
    }

    @Test
    void aLineHasAtMostAMebibyte() throws Exception {
        String most = "x".repeat(MIB);
        assertThat(all(most + "\n" + most)).containsExactly(most, most);

        for (String end : List.of("", "\n", "\nmore\n")) {
            Lines lines = Lines.of(new ByteArrayInputStream(("a\nb\n" + most + "x" + end).getBytes(UTF_8)));
            assertThat(rest(lines)).containsExactly("a", "b");
            assertThat(lines.fault()).startsWith("more than 1048576 bytes (expected: ");
        }
    }

    @Test
    void anInputThatBreaksGivesWhatCameBefore() throws Exception {
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("broken");
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                return read();
            }
        };
        Lines lines = Lines.of(new SequenceInputStream(new ByteArrayInputStream("a\nb".getBytes(UTF_8)), broken));

        assertThat(rest(lines)).containsExactly("a");
        assertThat(lines.fault()).isEqualTo("standard input cannot be read: broken");
    }

    @Test
    void linesAreTakenTogetherUpToABound() throws Exception {
        Lines lines = Lines.of(new ByteArrayInputStream("1\n22\n333\n4444\n".getBytes(UTF_8)));

        List<Integer> sums = new ArrayList<>();
        for (List<byte[]> taken = lines.take(line -> line.length, 3);
                !taken.isEmpty();
                taken = lines.take(line -> line.length, 3)) {
            assertThat(taken.size() == 1 || sum(taken) <= 3).isTrue();
            sums.add(sum(taken));
        }
        assertThat(sums.stream().mapToInt(Integer::intValue).sum()).isEqualTo(10);
    }

    private static int sum(List<byte[]> lines) {
        return lines.stream().mapToInt(line -> line.length).sum();
    }

    @Test
    void anEndlessInputIsReadAheadOfOnlySoFar() throws Exception {
        AtomicLong given = new AtomicLong();
        byte[] line = "x".repeat(1023).concat("\n").getBytes(UTF_8);
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                throw new AssertionError("read byte by byte");
            }

            @Override
            public int read(byte[] into, int from, int length) {
                given.addAndGet(line.length);
                System.arraycopy(line, 0, into, from, line.length);
                return line.length;
            }
        };
        Lines lines = Lines.of(endless);

        long taken = 0;
        while (taken < (16 << 20)) {
            for (byte[] one : lines.take(each -> each.length, MIB)) {
                taken += one.length + 1;
            }
            assertThat(given.get() - taken).isLessThan(5 << 20);
        }
    }

    private static List<String> all(String input) throws InterruptedException {
        Lines lines = Lines.of(new ByteArrayInputStream(input.getBytes(UTF_8)));
        List<String> all = rest(lines);
        assertThat(lines.fault()).isNull();
        return all;
    }

    private static List<String> rest(Lines lines) throws InterruptedException {
        List<String> all = new ArrayList<>();
        for (List<byte[]> taken = lines.take(line -> line.length, MIB);
                !taken.isEmpty();
                taken = lines.take(line -> line.length, MIB)) {
            taken.forEach(line -> all.add(new String(line, UTF_8)));
        }
        return all;
    }
}
