// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.holdfast.opamp.ServerMessage.Failure;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WireTest {

    private static final HexFormat HEX = HexFormat.of();

    @Test
    void aHeartbeatIsTheseBytes() throws WireException {
        byte[] body = HEX.parseHex("0a10" + "01996b8a7c1e7d3a9b1f012345678902" + "1005" + "20814a");
        AgentMessage heartbeat = AgentMessage.heartbeat(Samples.UID, 5, 0x2501);
        assertThat(HEX.formatHex(Wire.body(heartbeat))).isEqualTo(HEX.formatHex(body));
        assertThat(Wire.readAgentBody(ByteBuffer.wrap(body))).isEqualTo(heartbeat);
    }

    @Test
    void anAnswerIsTheseBytes() throws WireException {
        byte[] body = HEX.parseHex("0a10" + "01996b8a7c1e7d3a9b1f012345678902" + "3001" + "3821");
        ServerMessage answer = new ServerMessage(Samples.UID, null, true, 0x21, null, null, null, null);
        assertThat(HEX.formatHex(Wire.body(answer))).isEqualTo(HEX.formatHex(body));
        assertThat(Wire.readServerBody(ByteBuffer.wrap(body))).isEqualTo(answer);
    }

    @Test
    void everyFieldOfAnAgentsMessageGoesBothWays() throws WireException {
        byte[] golden = Samples.agentGolden().toBytes();
        assertThat(HEX.formatHex(Wire.body(Samples.agentMessage()))).isEqualTo(HEX.formatHex(golden));
        assertThat(Wire.readAgentBody(ByteBuffer.wrap(golden))).isEqualTo(Samples.agentMessage());
    }

    @Test
    void everyFieldOfAServersMessageGoesBothWays() throws WireException {
        byte[] golden = Samples.serverGolden(null).toBytes();
        assertThat(HEX.formatHex(Wire.body(Samples.serverMessage(null)))).isEqualTo(HEX.formatHex(golden));
        assertThat(Wire.readServerBody(ByteBuffer.wrap(golden))).isEqualTo(Samples.serverMessage(null));
    }

    @ParameterizedTest
    @CsvSource({"UNKNOWN, 0", "BAD_REQUEST, 1", "UNAVAILABLE, 2"})
    void everyKindOfErrorGoesBothWays(Failure.Kind kind, int number) throws WireException {
        Golden error = number == 0 ? Golden.message() : Golden.message().varint(1, number);
        error.text(2, "why").message(3, Golden.message().varint(1, 2_000_000_001L));
        byte[] golden = Samples.serverGolden(error).toBytes();
        ServerMessage message = Samples.serverMessage(new Failure(kind, "why", Duration.ofSeconds(2, 1)));
        assertThat(HEX.formatHex(Wire.body(message))).isEqualTo(HEX.formatHex(golden));
        assertThat(Wire.readServerBody(ByteBuffer.wrap(golden))).isEqualTo(message);
    }

    @Test
    void anErrorOfAKindThatIsNotKnownIsUnknownAndWithoutRetryInfoHasNoDelay() throws WireException {
        Golden error = Golden.message().varint(1, 77);
        ServerMessage read =
                Wire.readServerBody(Golden.message().message(2, error).toBuffer());
        assertThat(read).isEqualTo(ServerMessage.refusal(null, new Failure(Failure.Kind.UNKNOWN, "", null)));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE})
    void anAbsurdRetryDelayIsTheLongestThereIs(long unsigned) throws WireException {
        Golden error = Golden.message().message(3, Golden.message().varint(1, unsigned));
        ServerMessage read =
                Wire.readServerBody(Golden.message().message(2, error).toBuffer());
        assertThat(requireNonNull(read.error()).retryAfter()).isEqualTo(Duration.ofNanos(Long.MAX_VALUE));
    }

    @Test
    void aRetryDelayPastTheWiresRangeIsSentAsTheLongestAndANegativeOneIsRefused() throws WireException {
        Duration millennium = Duration.ofDays(365_250);
        ServerMessage sent = ServerMessage.refusal(null, new Failure(Failure.Kind.UNAVAILABLE, "", millennium));
        ServerMessage read = Wire.readServerFrame(Wire.frame(sent));
        assertThat(requireNonNull(read.error()).retryAfter()).isEqualTo(Duration.ofNanos(Long.MAX_VALUE));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Failure(Failure.Kind.UNKNOWN, "", Duration.ofNanos(-1)))
                .withMessageContaining("retryAfter: PT-0.000000001S (expected: a duration >= 0s");
    }

    @ParameterizedTest
    @CsvSource({"0, ", "1, 1", "2147483647, 2147483647", "2147483648, 2147483647", "-1, 2147483647"})
    void aHeartbeatIntervalOfZeroIsLeftOutAndAnAbsurdOneIsClamped(long seconds, @Nullable Long expected)
            throws WireException {
        Golden offer = Golden.message().message(2, Golden.message().varint(4, seconds));
        ServerMessage read =
                Wire.readServerBody(Golden.message().message(4, offer).toBuffer());
        assertThat(read.heartbeatInterval()).isEqualTo(expected == null ? null : Duration.ofSeconds(expected));
    }

    @Test
    void aHeartbeatIntervalBelowASecondIsSentAsOneAndNoneAtAllIsRefused() throws WireException {
        ServerMessage sent = new ServerMessage(null, null, false, 0, null, Duration.ofMillis(3), null, null);
        assertThat(Wire.readServerFrame(Wire.frame(sent)).heartbeatInterval()).isEqualTo(Duration.ofSeconds(1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ServerMessage(null, null, false, 0, null, Duration.ZERO, null, null))
                .withMessageContaining("heartbeatInterval: PT0S (expected: a duration > 0s");
    }

    @Test
    void datesReachFrom1970To2554AndOthersAreLeftOut() throws WireException {
        Golden golden = Golden.message()
                .bytes(1, Samples.UID_BYTES)
                .message(5, Golden.message().fixed64(2, -1).fixed64(5, Long.MIN_VALUE));
        AgentMessage read = Wire.readAgentBody(golden.toBuffer());
        Health health = requireNonNull(read.health());
        assertThat(health.startedAt()).isEqualTo("2554-07-21T23:34:33.709551615Z");
        assertThat(health.at()).isEqualTo("2262-04-11T23:47:16.854775808Z");
        assertThat(Wire.readAgentFrame(Wire.frame(read))).isEqualTo(read);

        for (Instant outside : new Instant[] {Instant.MIN, Instant.EPOCH.minusNanos(1), Instant.MAX}) {
            Health dated = new Health(true, outside, "", "", null, Map.of(), Map.of());
            AgentMessage sent = AgentMessage.heartbeat(Samples.UID, 0, 1).withHealth(dated);
            assertThat(Wire.readAgentFrame(Wire.frame(sent)).health()).isEqualTo(Health.good());
        }
    }

    @Test
    void aFrameIsAZeroAndTheBody() throws WireException {
        ByteBuffer agent = Wire.frame(Samples.agentMessage());
        assertThat(agent.get(0)).isZero();
        assertThat(agent.slice(1, agent.remaining() - 1))
                .isEqualTo(Samples.agentGolden().toBuffer());
        ByteBuffer server = Wire.frame(Samples.serverMessage(null));
        assertThat(server.get(0)).isZero();
        assertThat(server.slice(1, server.remaining() - 1))
                .isEqualTo(Samples.serverGolden(null).toBuffer());
    }

    @Test
    void readingMovesNoPositionAndStartsWhereTheBufferIs() throws WireException {
        byte[] frame = Wire.frame(Samples.agentMessage()).array();
        ByteBuffer heap = ByteBuffer.allocate(frame.length + 10)
                .position(7)
                .put(frame)
                .flip()
                .position(7);
        ByteBuffer direct = ByteBuffer.allocateDirect(frame.length + 10)
                .position(7)
                .put(frame)
                .flip()
                .position(7);
        for (ByteBuffer in : new ByteBuffer[] {heap, heap.asReadOnlyBuffer(), direct}) {
            assertThat(Wire.readAgentFrame(in)).isEqualTo(Samples.agentMessage());
            assertThat(in.position()).isEqualTo(7);
            assertThat(in.limit()).isEqualTo(frame.length + 7);
        }
    }

    @Test
    void aHeaderOfZeroMayTakeSeveralBytes() throws WireException {
        ServerMessage expected = ServerMessage.answer(Samples.UID);
        for (String header : new String[] {"00", "8000", "808000", "80808080808080808000"}) {
            assertThat(Wire.readServerFrame(frame(header + HEX.formatHex(Wire.body(expected)))))
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"01, 1", "8001, 128", "ff01, 255", "ffffffffffffffffff01, 18446744073709551615"})
    void anyOtherHeaderIsMalformed(String header, String value) {
        assertMalformed(
                () -> Wire.readAgentFrame(frame(header + HEX.formatHex(Wire.body(Samples.agentMessage())))),
                "frame header: " + value + " (expected: 0)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"80", "8080", "8080808080808080808080"})
    void aHeaderThatDoesNotEndIsMalformed(String header) {
        assertMalformed(() -> Wire.readServerFrame(frame(header)), "frame header: not a varint (expected: 0)");
    }

    @Test
    void nothingAtAllIsAnEmptyServerMessageAndAnAgentsMessageWithoutItsUid() throws WireException {
        ServerMessage nothing = new ServerMessage(null, null, false, 0, null, null, null, null);
        assertThat(Wire.readServerFrame(frame(""))).isEqualTo(nothing);
        assertThat(Wire.readServerFrame(frame("00"))).isEqualTo(nothing);
        assertThat(Wire.readServerBody(frame(""))).isEqualTo(nothing);
        assertMalformed(() -> Wire.readAgentFrame(frame("")), "instance_uid: 0 bytes (expected: 16)");
        assertMalformed(() -> Wire.readAgentFrame(frame("00")), "instance_uid: 0 bytes (expected: 16)");
        assertMalformed(() -> Wire.readAgentBody(frame("")), "instance_uid: 0 bytes (expected: 16)");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 17, 26})
    void aUidOfAnotherLengthIsRefusedWhereverItStands(int length) {
        byte[] uid = new byte[length];
        String expected = ": " + length + " bytes (expected: 16)";
        Golden own = Golden.message().bytes(1, uid);
        assertMalformed(() -> Wire.readAgentBody(own.toBuffer()), "instance_uid" + expected);
        assertMalformed(() -> Wire.readServerBody(own.toBuffer()), "instance_uid" + expected);
        Golden given = Golden.message().message(8, own);
        assertMalformed(() -> Wire.readServerBody(given.toBuffer()), "new_instance_uid" + expected);
    }

    @Test
    void whatIsNotKnownIsSkipped() throws WireException {
        for (int field : new int[] {6, 7, 8, 11, 14, 15, 99, 536_870_911}) {
            Golden agent = Samples.agentGolden().message(field, Golden.message().varint(50, 1));
            assertThat(Wire.readAgentBody(agent.toBuffer())).isEqualTo(Samples.agentMessage());
        }
        for (int field : new int[] {3, 5, 9, 12, 99, 536_870_911}) {
            Golden server =
                    Samples.serverGolden(null).message(field, Golden.message().varint(50, 1));
            assertThat(Wire.readServerBody(server.toBuffer())).isEqualTo(Samples.serverMessage(null));
        }
        Golden flags = Golden.message().bytes(1, Samples.UID_BYTES).varint(10, ~1L);
        assertThat(Wire.readAgentBody(flags.toBuffer())).isEqualTo(AgentMessage.heartbeat(Samples.UID, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, Long.MAX_VALUE, Long.MIN_VALUE, -1})
    void sequenceNumbersUseAllSixtyFourBits(long sequence) throws WireException {
        AgentMessage message = AgentMessage.heartbeat(Samples.UID, sequence, -1);
        assertThat(Wire.readAgentFrame(Wire.frame(message))).isEqualTo(message);
        Golden golden =
                Golden.message().bytes(1, Samples.UID_BYTES).varint(2, sequence).varint(4, -1);
        assertThat(Wire.readAgentBody(golden.toBuffer())).isEqualTo(message);
    }

    @Test
    void aDescriptionIsKeptAndReadBack() throws WireException {
        AgentDescription description = requireNonNull(Samples.agentMessage().description());
        assertThat(AgentDescription.decode(description.encode())).isEqualTo(description);
        assertMalformed(() -> AgentDescription.decode(new byte[] {0x0a, 5}), "message: not a protobuf");
    }

    private static ByteBuffer frame(String hex) {
        return ByteBuffer.wrap(HEX.parseHex(hex));
    }

    private static void assertMalformed(ThrowingCallable read, String message) {
        assertThatExceptionOfType(WireException.class)
                .isThrownBy(read)
                .withMessageStartingWith(message)
                .matches(e -> !e.tooLarge());
    }
}
