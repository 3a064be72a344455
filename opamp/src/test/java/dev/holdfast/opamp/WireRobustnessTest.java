// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whatever arrives is a message or a {@link WireException}, and costs no more memory than its size allows. */
class WireRobustnessTest {

    private static final int SEEDS = 200;
    private static final int TRIES_PER_SEED = 100;
    private static final ThreadMXBean MEMORY = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final List<byte[]> valid = List.of(
            Wire.frame(Samples.agentMessage()).array(),
            Wire.frame(Samples.serverMessage(null)).array(),
            Wire.frame(Samples.serverMessage(
                            new ServerMessage.Failure(ServerMessage.Failure.Kind.UNAVAILABLE, "full", null)))
                    .array());

    @Test
    void aMessageOfMoreValuesThanAnyAgentHasIsMalformed() throws Exception {
        Value few = new Value.Array(Collections.nCopies(99_000, new Value.Absent()));
        Value many = new Value.Array(Collections.nCopies(100_000, new Value.Absent()));
        AgentMessage plain = AgentMessage.heartbeat(Samples.UID, 0, 0);

        AgentMessage read = Wire.readAgentBody(ByteBuffer.wrap(Wire.body(described(plain, few))));
        assertThat(requireNonNull(read.description()).identifying()).containsEntry("few", few);
        assertThatThrownBy(() -> Wire.readAgentBody(ByteBuffer.wrap(Wire.body(described(plain, many)))))
                .isInstanceOf(WireException.class)
                .hasMessage("message: 100001 values (expected: <= 100000)");
        Health health = new Health(true, null, "", "", null, Map.of("part", Health.good()), Map.of("many", many));
        assertThatThrownBy(() -> Wire.readAgentBody(ByteBuffer.wrap(Wire.body(plain.withHealth(health)))))
                .isInstanceOf(WireException.class)
                .hasMessage("message: 100003 values (expected: <= 100000)");
    }

    @Test
    void fieldsThatAreNotKnownCostNothing() throws Exception {
        Golden message = Golden.message().bytes(1, Samples.UID_BYTES);
        for (int field = 100; field < 100_000; field++) {
            message = message.varint(field, 1);
        }
        ByteBuffer body = ByteBuffer.wrap(message.toBytes());
        // What loading the classes takes is none of it.
        AgentMessage known = Wire.readAgentBody(ByteBuffer.wrap(
                Golden.message().bytes(1, Samples.UID_BYTES).varint(99, 1).toBytes()));

        long before = MEMORY.getCurrentThreadAllocatedBytes();
        assertThat(Wire.readAgentBody(body)).isEqualTo(known);
        assertThat(MEMORY.getCurrentThreadAllocatedBytes() - before).isLessThan(1 << 20);
    }

    private static AgentMessage described(AgentMessage message, Value value) {
        return message.withDescription(new AgentDescription(Map.of("few", value), Map.of()));
    }

    @Test
    void aMessageCutAtAnyLengthIsAMessageOrMalformed() {
        for (byte[] frame : valid) {
            int malformed = 0;
            for (int length = 0; length < frame.length; length++) {
                byte[] cut = Arrays.copyOf(frame, length);
                String what = "cut to " + length + " of " + frame.length + " bytes";
                malformed += agentRefuses(cut, what) ? 1 : 0;
                malformed += serverRefuses(cut, what) ? 1 : 0;
            }
            // Between two fields a message may end; anywhere else it may not.
            assertThat(malformed).isGreaterThan(frame.length);
        }
    }

    @Test
    void randomGarbageIsAMessageOrMalformed() {
        Seeds.upTo(SEEDS).forEach(seed -> {
            SplittableRandom chance = new SplittableRandom(seed);
            for (int tries = 0; tries < TRIES_PER_SEED; tries++) {
                byte[] garbage = new byte[chance.nextInt(1, 400)];
                chance.nextBytes(garbage);
                garbage[0] = 0;
                readsWithin(garbage, Seeds.replay(seed));
            }
        });
    }

    @Test
    void aMessageWithFlippedBitsIsAMessageOrMalformed() {
        Seeds.upTo(SEEDS).forEach(seed -> {
            SplittableRandom chance = new SplittableRandom(seed);
            for (int tries = 0; tries < TRIES_PER_SEED; tries++) {
                byte[] frame = valid.get(chance.nextInt(valid.size())).clone();
                for (int flips = chance.nextInt(1, 5); flips > 0; flips--) {
                    frame[chance.nextInt(frame.length)] ^= (byte) (1 << chance.nextInt(Byte.SIZE));
                }
                readsWithin(frame, Seeds.replay(seed));
            }
        });
    }

    @Test
    void eachSingleFlippedBitIsAMessageOrMalformed() {
        for (byte[] frame : valid) {
            for (int bit = 0; bit < frame.length * Byte.SIZE; bit++) {
                byte[] flipped = frame.clone();
                flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
                readsWithin(flipped, "bit " + bit);
            }
        }
    }

    @Test
    void aLengthThatIsAnnouncedAndNotThereIsNotAllocated() {
        byte[] frame = {0, 0x0a, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07, 1};
        assertThat(readsWithin(frame, "a uid of 2 GiB announced")).isTrue();
    }

    @Test
    void aValueNestedAsDeepAsTheCodecTakesIsReadWrittenAndReadAgain() throws WireException {
        AgentMessage deepest = null;
        int depth = 0;
        for (AgentMessage read = nested(1); read != null; read = nested(depth + 1)) {
            deepest = read;
            depth++;
        }
        assertThat(depth).isBetween(20, 100);
        AgentMessage message = requireNonNull(deepest);
        assertThat(Wire.readAgentFrame(Wire.frame(message))).isEqualTo(message);
        AgentDescription description = requireNonNull(message.description());
        assertThat(AgentDescription.decode(description.encode())).isEqualTo(description);
        assertThat(new AgentState(Samples.UID, description, Health.good(), 1, List.of()).hash())
                .hasSize(32);
        assertThat(Value.plain(description.identifying())).containsOnlyKeys("k");
    }

    @Test
    void deeperNestingIsMalformedAndOverflowsNoStack() {
        for (int depth : new int[] {200, 5_000, 20_000}) {
            assertThat(nested(depth)).isNull();
            assertThat(refuses(nestedBytes(depth, 6, 1, 2))).isTrue();
            assertThat(refuses(nestedHealth(depth))).isTrue();
            byte[] groups = new byte[depth];
            Arrays.fill(groups, (byte) ((50 << 3) | 3));
            assertThat(refuses(groups)).isTrue();
        }
    }

    @Test
    void healthNestedInHealthIsRead() throws WireException {
        Health health = Health.good();
        for (int depth = 0; depth < 40; depth++) {
            health = new Health(true, null, "", "", null, Map.of("part", health), Map.of());
        }
        AgentMessage message = AgentMessage.heartbeat(Samples.UID, 1, 1).withHealth(health);
        assertThat(Wire.readAgentFrame(Wire.frame(message))).isEqualTo(message);
    }

    /** Reads a frame both ways within what its size allows; whether both refused it. */
    private static boolean readsWithin(byte[] frame, String what) {
        long before = MEMORY.getCurrentThreadAllocatedBytes();
        boolean agent = agentRefuses(frame, what);
        boolean server = serverRefuses(frame, what);
        long used = MEMORY.getCurrentThreadAllocatedBytes() - before;
        assertThat(used).as(what).isLessThan(1 << 20);
        return agent && server;
    }

    private static boolean agentRefuses(byte[] frame, String what) {
        try {
            Wire.readAgentFrame(ByteBuffer.wrap(frame));
            return false;
        } catch (WireException expected) {
            assertThat(expected).as(what).hasMessageContaining("expected");
            return true;
        } catch (RuntimeException | Error e) {
            return fail(what, e);
        }
    }

    private static boolean serverRefuses(byte[] frame, String what) {
        try {
            Wire.readServerFrame(ByteBuffer.wrap(frame));
            return false;
        } catch (WireException expected) {
            assertThat(expected).as(what).hasMessageContaining("expected");
            return true;
        } catch (RuntimeException | Error e) {
            return fail(what, e);
        }
    }

    private static boolean refuses(byte[] body) {
        byte[] frame = new byte[body.length + 1];
        System.arraycopy(body, 0, frame, 1, body.length);
        return agentRefuses(frame, "nested");
    }

    private static @Nullable AgentMessage nested(int depth) {
        try {
            return Wire.readAgentBody(ByteBuffer.wrap(nestedBytes(depth, 5, 1)));
        } catch (WireException tooDeep) {
            return null;
        }
    }

    /** A message with an attribute whose value is wrapped {@code depth} times in these fields. */
    private static byte[] nestedBytes(int depth, int... fields) {
        byte[] value = Golden.message().varint(2, 1).toBytes();
        for (int level = 0; level < depth; level++) {
            for (int field = fields.length - 1; field >= 0; field--) {
                value = Golden.message().bytes(fields[field], value).toBytes();
            }
        }
        byte[] attribute = Golden.message().text(1, "k").bytes(2, value).toBytes();
        Golden description = Golden.message().bytes(1, attribute);
        return Golden.message()
                .bytes(1, Samples.UID_BYTES)
                .message(3, description)
                .toBytes();
    }

    private static byte[] nestedHealth(int depth) {
        byte[] health = {};
        for (int level = 0; level < depth; level++) {
            byte[] entry = Golden.message().text(1, "part").bytes(2, health).toBytes();
            health = Golden.message().bytes(6, entry).toBytes();
        }
        return Golden.message().bytes(1, Samples.UID_BYTES).bytes(5, health).toBytes();
    }
}
