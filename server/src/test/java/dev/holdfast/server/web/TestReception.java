// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.opamp.Value;
import dev.holdfast.server.admission.AdmissionConfig;
import dev.holdfast.server.admission.Entrance;
import dev.holdfast.server.fleet.Fleet;
import dev.holdfast.server.fleet.MemoryFleetStore;
import dev.holdfast.server.ingest.IngestConfig;
import dev.holdfast.server.ingest.Intake;
import dev.holdfast.server.ingest.MemoryEventStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A fleet in memory and in virtual time, and what its agents say. */
final class TestReception {

    static final InstanceUid UID = new InstanceUid(new UUID(0x0199_6b8a_7c1e_7000L, 0x8000_0000_0000_0001L));

    /** What is given to agents that are to have another. */
    static final InstanceUid GIVEN = new InstanceUid(new UUID(0x0199_6b8a_7c1e_7000L, 0x8000_0000_0000_00ffL));

    private TestReception() {}

    static Reception in(VirtualTime time) {
        return in(time, (Duration) null);
    }

    /** One whose agents are told an interval. */
    static Reception in(VirtualTime time, @Nullable Duration heartbeat) {
        return in(time, time, time, heartbeat, new AdmissionConfig(AdmissionConfig.UNLIMITED, 1));
    }

    /**
     * One whose stores take their time.
     *
     * @param fleetStore the loop of the fleet's
     * @param eventStore the loop of the events'
     */
    static Reception in(VirtualTime time, VirtualTime fleetStore, VirtualTime eventStore) {
        return in(time, fleetStore, eventStore, null, new AdmissionConfig(AdmissionConfig.UNLIMITED, 1));
    }

    private static Reception in(
            VirtualTime time,
            VirtualTime fleetStore,
            VirtualTime eventStore,
            @Nullable Duration heartbeat,
            AdmissionConfig admission) {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try {
            Fleet fleet = Fleet.open(
                    new MemoryFleetStore(), fleetStore, new SplittableRandom(1), Duration.ofSeconds(1), registry);
            return new Reception(
                    fleet,
                    Intake.open(new MemoryEventStore(), eventStore, IngestConfig.DEFAULT, registry),
                    new Entrance(admission, Duration.ofSeconds(10), time, new SplittableRandom(2), registry),
                    new ServerSession.Offer(heartbeat, List.of(Capabilities.OUTBOX), () -> GIVEN),
                    new WebMeters(registry),
                    Fleet.lines(time),
                    Runnable::run);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    static AgentMessage heartbeat(long sequence) {
        return AgentMessage.heartbeat(UID, sequence, Capabilities.OF_AGENT);
    }

    static AgentMessage registration(long sequence) {
        return heartbeat(sequence)
                .withDescription(new AgentDescription(Map.of(), Map.of(AgentState.HASH_ATTRIBUTE, Value.of("hash"))));
    }

    static boolean attached(Reception reception) {
        return reception.fleet().agent(UID).orElseThrow().attached();
    }
}
