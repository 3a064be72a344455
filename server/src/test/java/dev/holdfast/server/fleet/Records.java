// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.opamp.Value;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Agents to test with. */
public final class Records {

    private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00.123Z");
    private static final Instant LAST = Instant.parse("2026-01-02T00:00:00.456Z");

    private Records() {}

    public static InstanceUid uid(int number) {
        return new InstanceUid(new UUID(0x0199_6b8a_7c1e_7000L, 0x8000_0000_0000_0000L | number));
    }

    public static ServerSession.Effect.Registered state(String host, String hash) {
        AgentDescription description =
                new AgentDescription(Map.of("service.name", Value.of("test")), Map.of("host.name", Value.of(host)));
        return new ServerSession.Effect.Registered(description, hash, Capabilities.OF_AGENT);
    }

    /** One with everything in it that a store might lose. */
    public static AgentRecord rich(int number) {
        Map<String, Value> odd = new LinkedHashMap<>();
        odd.put("z", Value.of("ünïcödé \n\"quoted\" 🦀"));
        odd.put("a", Value.of(-1L));
        odd.put("real", Value.of(0.1));
        odd.put("yes", Value.of(true));
        odd.put("blob", new Value.Blob(ByteBuffer.wrap(new byte[] {0, -1, 7})));
        odd.put("list", new Value.Array(List.of(Value.of(1), new Value.Absent())));
        odd.put("table", new Value.Table(Map.of("inner", Value.of("x"))));
        Health part = new Health(false, FIRST, "disk full", "DEGRADED", LAST, Map.of(), Map.of("used", Value.of(1.0)));
        Health health = new Health(true, FIRST, "", "fine", LAST, Map.of("disk", part), Map.of("load", Value.of(0.5)));
        return new AgentRecord(
                uid(number),
                new AgentDescription(Map.of("service.name", Value.of("test")), odd),
                "c0ffee",
                -1L,
                health,
                FIRST,
                LAST,
                true,
                3,
                4,
                new AgentRecord.Status("{\"load\": 0.5}", LAST));
    }

    /** One with nothing in it that may be left out. */
    public static AgentRecord bare(int number) {
        return new AgentRecord(uid(number), AgentDescription.EMPTY, null, 0, null, FIRST, FIRST, false, 1, 0, null);
    }
}
