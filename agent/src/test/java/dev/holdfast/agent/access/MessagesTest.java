// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.outbox.Outbox.Figures;
import dev.holdfast.core.outbox.Outbox.LaneFigures;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.record.Verification.Damage;
import dev.holdfast.core.record.Verification.Lost;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MessagesTest {

    private static final Instant AT = Instant.parse("2026-03-04T05:06:07.089Z");

    private static final Attempts ATTEMPTS = Attempts.none(7, AT)
            .plus("the server answered 500", false, AT.plusMillis(1))
            .plus("bad field", true, AT.plusMillis(2))
            .plus("bad field", true, AT.plusMillis(3))
            .waiting(Duration.ofMillis(1234));

    @Test
    void whatIsWrittenIsReadAsItWas() throws IOException {
        Stored plain = stored(OptionalLong.empty(), Map.of());
        Stored replayed = stored(OptionalLong.of(3), Map.of("ключ", "värde", "empty", ""));

        assertItem(plain);
        assertItem(replayed);
        for (Why why : Why.values()) {
            assertItem(new Gap(2, 9, why, -5, "what became of it: \u0000 \uD83D\uDE00"));
        }
        LaneState failing = new LaneState("a.b-c_d", -1, 2, new Point(6, 17), 40, ATTEMPTS);
        LaneState quiet = new LaneState("0", 5, 0, Point.START, 0, null);
        Figures figures = new Figures(
                1L << 40, 2, 3, 4, 5, 6, 7, List.of(new LaneFigures(failing, AT), new LaneFigures(quiet, null)));
        Figures readFigures = back(Protocol.bytes(out -> Messages.figures(out, figures)), Messages::figures);
        assertThat(readFigures).isEqualTo(figures);
        Verification found = new Verification(
                1,
                List.of("a", "b"),
                2,
                3,
                4,
                5,
                List.of(new Damage("c", 6, 7), new Damage("d", 8, 9)),
                10,
                List.of(new Lost("e", 11, 12, true, "f"), new Lost("g", 13, 14, false, "")),
                List.of(15L, 16L),
                17,
                List.of("h"),
                true);
        Verification readFound = back(Protocol.bytes(out -> Messages.verification(out, found)), Messages::verification);
        assertThat(readFound).isEqualTo(found);
        DeadLetter read = back(
                Protocol.bytes(out -> Messages.deadLetter(out, new DeadLetter(12, "lane", ATTEMPTS, replayed))),
                Messages::deadLetter);
        assertThat(read.attempts()).isEqualTo(ATTEMPTS);
        assertThat(read.attempts().reasons().keySet())
                .containsExactlyElementsOf(ATTEMPTS.reasons().keySet());
        assertThat(read.id()).isEqualTo(12);
        assertThat(read.lane()).isEqualTo("lane");
        assertThat(read.record()).usingRecursiveComparison().isEqualTo(replayed);
    }

    @Test
    void aRecordTakesNoMoreThanItCounts() throws IOException {
        NewRecord record = new NewRecord(
                "lane",
                "text/€",
                Map.of("ключ", "€".repeat(4096), "b", ""),
                "payload".getBytes(StandardCharsets.UTF_8));
        byte[] written = Protocol.bytes(out -> Messages.newRecord(out, record));

        assertThat(written.length).isLessThanOrEqualTo(Messages.mostBytes(record));
        NewRecord read = back(written, Messages::newRecord);
        assertThat(read).usingRecursiveComparison().isEqualTo(record);
    }

    @Test
    void whatEndsEarlyOrClaimsTooMuchIsNoRecord() throws IOException {
        byte[] written = Protocol.bytes(out -> Messages.newRecord(out, NewRecord.of("lane", "t", new byte[9])));
        for (int length = 0; length < written.length; length++) {
            byte[] cut = Arrays.copyOf(written, length);
            assertThatThrownBy(() -> back(cut, Messages::newRecord)).isInstanceOf(IOException.class);
        }
        byte[] claims = written.clone();
        claims[written.length - 9 - 4] = 0x7F;
        assertThatThrownBy(() -> back(claims, Messages::newRecord))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("expected: at most 1048576");
        byte[] endless = Protocol.bytes(out -> out.writeInt(Integer.MAX_VALUE));
        assertThatThrownBy(() -> back(endless, in -> Messages.list(in, Messages::newRecord)))
                .isInstanceOf(IOException.class);
    }

    private static void assertItem(Item item) throws IOException {
        byte[] written = Protocol.bytes(out -> Messages.item(out, item));
        Item read = back(written, Messages::item);
        assertThat(read).usingRecursiveComparison().isEqualTo(item);
    }

    private static Stored stored(OptionalLong replayOf, Map<String, String> headers) {
        return new Stored(7, Long.MIN_VALUE, AT, "text/plain", headers, replayOf, new byte[] {0, -1, 10, 13, 127});
    }

    private static <T> T back(byte[] written, Messages.Reader<T> reader) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(written));
        T read = reader.read(in);
        assertThat(in.read()).as("everything is read").isEqualTo(-1);
        return read;
    }
}
