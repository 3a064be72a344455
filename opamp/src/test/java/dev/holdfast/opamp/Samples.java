// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One message of each kind with every field in it, beside the same bytes written by hand. */
final class Samples {

    static final byte[] UID_BYTES = {
        0x01,
        (byte) 0x99,
        0x6b,
        (byte) 0x8a,
        0x7c,
        0x1e,
        0x7d,
        0x3a,
        (byte) 0x9b,
        0x1f,
        1,
        0x23,
        0x45,
        0x67,
        (byte) 0x89,
        2
    };
    static final byte[] OTHER_UID_BYTES = {
        0x01, (byte) 0x99, 0x6b, (byte) 0x8a, 0x7c, 0x1f, 0x70, 0, (byte) 0x80, 0, 0, 0, 0, 0, 0, 7
    };
    static final InstanceUid UID = new InstanceUid(UUID.fromString("01996b8a-7c1e-7d3a-9b1f-012345678902"));
    static final InstanceUid OTHER_UID = new InstanceUid(UUID.fromString("01996b8a-7c1f-7000-8000-000000000007"));

    private Samples() {}

    static AgentMessage agentMessage() {
        Map<String, Value> nonIdentifying = new LinkedHashMap<>();
        nonIdentifying.put("bool", Value.of(true));
        nonIdentifying.put("int", Value.of(-1));
        nonIdentifying.put("real", Value.of(1.5));
        nonIdentifying.put("array", new Value.Array(List.of(Value.of("a"), Value.of(7))));
        nonIdentifying.put("table", new Value.Table(Map.of("inner", Value.of("b"))));
        nonIdentifying.put("blob", new Value.Blob(ByteBuffer.wrap(new byte[] {0, (byte) 0xff})));
        nonIdentifying.put("absent", new Value.Absent());
        Health part = new Health(false, null, "disk full", "", null, Map.of(), Map.of());
        Health health = new Health(
                true,
                Instant.ofEpochSecond(1, 2),
                "boom",
                "running",
                Instant.ofEpochSecond(3, 4),
                Map.of("disk", part),
                Map.of("load", Value.of(0.25)));
        return new AgentMessage(
                UID,
                300,
                0x2901,
                new AgentDescription(Map.of("service.name", Value.of("holdfast")), nonIdentifying),
                health,
                true,
                true,
                List.of("dev.holdfast.outbox", "x"),
                new CustomMessage("dev.holdfast.outbox", "record", ByteBuffer.wrap(new byte[] {1, 2, 3})));
    }

    static Golden agentGolden() {
        Golden inner = Golden.message().attribute(1, "inner", Golden.message().text(1, "b"));
        Golden array = Golden.message()
                .message(1, Golden.message().text(1, "a"))
                .message(1, Golden.message().varint(3, 7));
        Golden description = Golden.message()
                .attribute(1, "service.name", Golden.message().text(1, "holdfast"))
                .attribute(2, "bool", Golden.message().varint(2, 1))
                .attribute(2, "int", Golden.message().varint(3, -1))
                .attribute(2, "real", Golden.message().fixed64(4, 0x3ff8_0000_0000_0000L))
                .attribute(2, "array", Golden.message().message(5, array))
                .attribute(2, "table", Golden.message().message(6, inner))
                .attribute(2, "blob", Golden.message().bytes(7, new byte[] {0, (byte) 0xff}))
                .attribute(2, "absent", Golden.message());
        return Golden.message()
                .bytes(1, UID_BYTES)
                .varint(2, 300)
                .message(3, description)
                .varint(4, 0x2901)
                .message(5, health())
                .message(9, Golden.message())
                .varint(10, 1)
                .message(12, Golden.message().text(1, "dev.holdfast.outbox").text(1, "x"))
                .message(13, customMessage("dev.holdfast.outbox", "record"));
    }

    private static Golden health() {
        Golden part = Golden.message().text(3, "disk full");
        return Golden.message()
                .varint(1, 1)
                .fixed64(2, 1_000_000_002L)
                .text(3, "boom")
                .text(4, "running")
                .fixed64(5, 3_000_000_004L)
                .message(6, Golden.message().text(1, "disk").message(2, part))
                .attribute(7, "load", Golden.message().fixed64(4, 0x3fd0_0000_0000_0000L));
    }

    static ServerMessage serverMessage(ServerMessage.@Nullable Failure failure) {
        return new ServerMessage(
                UID,
                failure,
                true,
                0x21,
                OTHER_UID,
                Duration.ofMinutes(5),
                List.of("dev.holdfast.outbox"),
                new CustomMessage("dev.holdfast.plan", "slot", ByteBuffer.wrap(new byte[] {1, 2, 3})));
    }

    /** All of a server's fields but the error, which goes where {@code error} is. */
    static Golden serverGolden(@Nullable Golden error) {
        Golden golden = Golden.message().bytes(1, UID_BYTES);
        if (error != null) {
            golden.message(2, error);
        }
        return golden.message(4, Golden.message().message(2, Golden.message().varint(4, 300)))
                .varint(6, 1)
                .varint(7, 0x21)
                .message(8, Golden.message().bytes(1, OTHER_UID_BYTES))
                .message(10, Golden.message().text(1, "dev.holdfast.outbox"))
                .message(11, customMessage("dev.holdfast.plan", "slot"));
    }

    private static Golden customMessage(String capability, String type) {
        return Golden.message().text(1, capability).text(2, type).bytes(3, new byte[] {1, 2, 3});
    }
}
