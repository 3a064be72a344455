// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import com.google.protobuf.ByteString;
import dev.holdfast.opamp.wire.AgentDisconnect;
import dev.holdfast.opamp.wire.AgentIdentification;
import dev.holdfast.opamp.wire.AgentToServer;
import dev.holdfast.opamp.wire.AnyValue;
import dev.holdfast.opamp.wire.ArrayValue;
import dev.holdfast.opamp.wire.ComponentHealth;
import dev.holdfast.opamp.wire.ConnectionSettingsOffers;
import dev.holdfast.opamp.wire.CustomCapabilities;
import dev.holdfast.opamp.wire.KeyValue;
import dev.holdfast.opamp.wire.KeyValueList;
import dev.holdfast.opamp.wire.OpAMPConnectionSettings;
import dev.holdfast.opamp.wire.RetryInfo;
import dev.holdfast.opamp.wire.ServerErrorResponse;
import dev.holdfast.opamp.wire.ServerErrorResponseType;
import dev.holdfast.opamp.wire.ServerToAgent;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Between this package's records and the generated types. */
final class Translate {

    /** Bit of AgentToServer.flags. */
    private static final long REQUESTS_UID = 1;

    /** Bit of ServerToAgent.flags. */
    private static final long REPORT_FULL_STATE = 1;

    private static final int NANOS = 1_000_000_000;

    /** How many values and names one message of an agent may hold. In two bytes each, they would take up a heap. */
    private static final int MOST_VALUES = 100_000;

    private static final Value ABSENT = new Value.Absent();

    /** What a long holds in nanoseconds: 292 years. */
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    private Translate() {}

    static AgentToServer toWire(AgentMessage message) {
        AgentToServer.Builder wire = AgentToServer.newBuilder()
                .setInstanceUid(bytes(message.uid()))
                .setSequenceNum(message.sequence())
                .setCapabilities(message.capabilities())
                .setFlags(message.requestsUid() ? REQUESTS_UID : 0);
        if (message.description() != null) {
            wire.setAgentDescription(toWire(message.description()));
        }
        if (message.health() != null) {
            wire.setHealth(toWire(message.health()));
        }
        if (message.disconnect()) {
            wire.setAgentDisconnect(AgentDisconnect.getDefaultInstance());
        }
        if (message.customCapabilities() != null) {
            wire.setCustomCapabilities(toWire(message.customCapabilities()));
        }
        if (message.custom() != null) {
            wire.setCustomMessage(toWire(message.custom()));
        }
        return wire.build();
    }

    static AgentMessage fromWire(AgentToServer wire) throws WireException {
        requireFew(values(wire));
        return new AgentMessage(
                InstanceUid.ofBytes("instance_uid", wire.getInstanceUid().asReadOnlyByteBuffer()),
                wire.getSequenceNum(),
                wire.getCapabilities(),
                wire.hasAgentDescription() ? fromWire(wire.getAgentDescription()) : null,
                wire.hasHealth() ? fromWire(wire.getHealth()) : null,
                wire.hasAgentDisconnect(),
                (wire.getFlags() & REQUESTS_UID) != 0,
                wire.hasCustomCapabilities() ? fromWire(wire.getCustomCapabilities()) : null,
                wire.hasCustomMessage() ? fromWire(wire.getCustomMessage()) : null);
    }

    static ServerToAgent toWire(ServerMessage message) {
        ServerToAgent.Builder wire = ServerToAgent.newBuilder()
                .setFlags(message.reportFullState() ? REPORT_FULL_STATE : 0)
                .setCapabilities(message.capabilities());
        if (message.uid() != null) {
            wire.setInstanceUid(bytes(message.uid()));
        }
        if (message.error() != null) {
            wire.setErrorResponse(toWire(message.error()));
        }
        if (message.newUid() != null) {
            wire.setAgentIdentification(AgentIdentification.newBuilder().setNewInstanceUid(bytes(message.newUid())));
        }
        if (message.heartbeatInterval() != null) {
            wire.setConnectionSettings(ConnectionSettingsOffers.newBuilder()
                    .setOpamp(OpAMPConnectionSettings.newBuilder()
                            .setHeartbeatIntervalSeconds(
                                    Math.max(1, message.heartbeatInterval().toSeconds()))));
        }
        if (message.customCapabilities() != null) {
            wire.setCustomCapabilities(toWire(message.customCapabilities()));
        }
        if (message.custom() != null) {
            wire.setCustomMessage(toWire(message.custom()));
        }
        return wire.build();
    }

    static ServerMessage fromWire(ServerToAgent wire) throws WireException {
        ByteString uid = wire.getInstanceUid();
        return new ServerMessage(
                uid.isEmpty() ? null : InstanceUid.ofBytes("instance_uid", uid.asReadOnlyByteBuffer()),
                wire.hasErrorResponse() ? fromWire(wire.getErrorResponse()) : null,
                (wire.getFlags() & REPORT_FULL_STATE) != 0,
                wire.getCapabilities(),
                wire.hasAgentIdentification()
                        ? InstanceUid.ofBytes(
                                "new_instance_uid",
                                wire.getAgentIdentification()
                                        .getNewInstanceUid()
                                        .asReadOnlyByteBuffer())
                        : null,
                heartbeatInterval(wire),
                wire.hasCustomCapabilities() ? fromWire(wire.getCustomCapabilities()) : null,
                wire.hasCustomMessage() ? fromWire(wire.getCustomMessage()) : null);
    }

    private static @Nullable Duration heartbeatInterval(ServerToAgent wire) {
        long seconds = wire.getConnectionSettings().getOpamp().getHeartbeatIntervalSeconds();
        // Zero is both "unset" and "off"; off would take away the only means to notice a server that fell silent.
        return seconds == 0 ? null : Duration.ofSeconds(clampSeconds(seconds));
    }

    private static long saturatedNanos(Duration duration) {
        return duration.compareTo(LONGEST) > 0 ? Long.MAX_VALUE : duration.toNanos();
    }

    private static long clampSeconds(long unsigned) {
        return unsigned < 0 ? Integer.MAX_VALUE : Math.min(unsigned, Integer.MAX_VALUE);
    }

    static dev.holdfast.opamp.wire.AgentDescription toWire(AgentDescription description) {
        return dev.holdfast.opamp.wire.AgentDescription.newBuilder()
                .addAllIdentifyingAttributes(toWire(description.identifying()))
                .addAllNonIdentifyingAttributes(toWire(description.nonIdentifying()))
                .build();
    }

    static AgentDescription fromWire(dev.holdfast.opamp.wire.AgentDescription wire) {
        return new AgentDescription(
                fromWire(wire.getIdentifyingAttributesList()), fromWire(wire.getNonIdentifyingAttributesList()));
    }

    private static ComponentHealth toWire(Health health) {
        ComponentHealth.Builder wire = ComponentHealth.newBuilder()
                .setHealthy(health.healthy())
                .setStartTimeUnixNano(nanos(health.startedAt()))
                .setLastError(health.lastError())
                .setStatus(health.status())
                .setStatusTimeUnixNano(nanos(health.at()))
                .addAllAttributes(toWire(health.attributes()));
        health.components().forEach((name, part) -> wire.putComponentHealthMap(name, toWire(part)));
        return wire.build();
    }

    private static Health fromWire(ComponentHealth wire) {
        Map<String, Health> components = new LinkedHashMap<>();
        wire.getComponentHealthMapMap().forEach((name, part) -> components.put(name, fromWire(part)));
        return new Health(
                wire.getHealthy(),
                instantOrNull(wire.getStartTimeUnixNano()),
                wire.getLastError(),
                wire.getStatus(),
                instantOrNull(wire.getStatusTimeUnixNano()),
                components,
                fromWire(wire.getAttributesList()));
    }

    private static ServerErrorResponse toWire(ServerMessage.Failure failure) {
        ServerErrorResponse.Builder wire = ServerErrorResponse.newBuilder()
                .setErrorMessage(failure.message())
                .setType(
                        switch (failure.kind()) {
                            case UNKNOWN -> ServerErrorResponseType.SERVER_ERROR_RESPONSE_TYPE_UNKNOWN;
                            case BAD_REQUEST -> ServerErrorResponseType.SERVER_ERROR_RESPONSE_TYPE_BAD_REQUEST;
                            case UNAVAILABLE -> ServerErrorResponseType.SERVER_ERROR_RESPONSE_TYPE_UNAVAILABLE;
                        });
        if (failure.retryAfter() != null) {
            wire.setRetryInfo(RetryInfo.newBuilder().setRetryAfterNanoseconds(saturatedNanos(failure.retryAfter())));
        }
        return wire.build();
    }

    private static ServerMessage.Failure fromWire(ServerErrorResponse wire) {
        ServerMessage.Failure.Kind kind = switch (wire.getType()) {
            case SERVER_ERROR_RESPONSE_TYPE_BAD_REQUEST -> ServerMessage.Failure.Kind.BAD_REQUEST;
            case SERVER_ERROR_RESPONSE_TYPE_UNAVAILABLE -> ServerMessage.Failure.Kind.UNAVAILABLE;
            case SERVER_ERROR_RESPONSE_TYPE_UNKNOWN, UNRECOGNIZED -> ServerMessage.Failure.Kind.UNKNOWN;
        };
        long nanos = wire.getRetryInfo().getRetryAfterNanoseconds();
        Duration retryAfter = wire.hasRetryInfo() ? Duration.ofNanos(nanos < 0 ? Long.MAX_VALUE : nanos) : null;
        return new ServerMessage.Failure(kind, wire.getErrorMessage(), retryAfter);
    }

    private static CustomCapabilities toWire(List<String> capabilities) {
        return CustomCapabilities.newBuilder().addAllCapabilities(capabilities).build();
    }

    private static List<String> fromWire(CustomCapabilities wire) {
        return List.copyOf(wire.getCapabilitiesList());
    }

    private static dev.holdfast.opamp.wire.CustomMessage toWire(CustomMessage message) {
        return dev.holdfast.opamp.wire.CustomMessage.newBuilder()
                .setCapability(message.capability())
                .setType(message.type())
                .setData(ByteString.copyFrom(message.data()))
                .build();
    }

    private static CustomMessage fromWire(dev.holdfast.opamp.wire.CustomMessage wire) {
        return new CustomMessage(
                wire.getCapability(), wire.getType(), wire.getData().asReadOnlyByteBuffer());
    }

    private static List<KeyValue> toWire(Map<String, Value> attributes) {
        return attributes.entrySet().stream()
                .map(entry -> KeyValue.newBuilder()
                        .setKey(entry.getKey())
                        .setValue(toWire(entry.getValue()))
                        .build())
                .toList();
    }

    private static Map<String, Value> fromWire(List<KeyValue> wire) {
        Map<String, Value> attributes = new LinkedHashMap<>();
        wire.forEach(entry -> attributes.put(entry.getKey(), fromWire(entry.getValue())));
        return attributes;
    }

    private static AnyValue toWire(Value value) {
        AnyValue.Builder wire = AnyValue.newBuilder();
        switch (value) {
            case Value.Text text -> wire.setStringValue(text.value());
            case Value.Bool bool -> wire.setBoolValue(bool.value());
            case Value.Int number -> wire.setIntValue(number.value());
            case Value.Real number -> wire.setDoubleValue(number.value());
            case Value.Array array ->
                wire.setArrayValue(ArrayValue.newBuilder()
                        .addAllValues(
                                array.values().stream().map(Translate::toWire).toList()));
            case Value.Table table ->
                wire.setKvlistValue(KeyValueList.newBuilder().addAllValues(toWire(table.values())));
            case Value.Blob blob -> wire.setBytesValue(ByteString.copyFrom(blob.bytes()));
            case Value.Absent absent -> {}
        }
        return wire.build();
    }

    private static Value fromWire(AnyValue wire) {
        return switch (wire.getValueCase()) {
            case STRING_VALUE -> new Value.Text(wire.getStringValue());
            case BOOL_VALUE -> new Value.Bool(wire.getBoolValue());
            case INT_VALUE -> new Value.Int(wire.getIntValue());
            case DOUBLE_VALUE -> new Value.Real(wire.getDoubleValue());
            case ARRAY_VALUE ->
                new Value.Array(wire.getArrayValue().getValuesList().stream()
                        .map(Translate::fromWire)
                        .toList());
            case KVLIST_VALUE -> new Value.Table(fromWire(wire.getKvlistValue().getValuesList()));
            case BYTES_VALUE -> new Value.Blob(wire.getBytesValue().asReadOnlyByteBuffer());
            case VALUE_NOT_SET -> ABSENT;
        };
    }

    /** Before anything is made of them: ours take many times the bytes of the wire's. */
    private static void requireFew(long values) throws WireException {
        if (values > MOST_VALUES) {
            throw WireException.malformed("message: " + values + " values (expected: <= " + MOST_VALUES + ")");
        }
    }

    private static long values(AgentToServer wire) {
        return values(wire.getAgentDescription().getIdentifyingAttributesList())
                + values(wire.getAgentDescription().getNonIdentifyingAttributesList())
                + (wire.hasHealth() ? values(wire.getHealth()) : 0)
                + wire.getCustomCapabilities().getCapabilitiesCount();
    }

    private static long values(ComponentHealth wire) {
        long sum = 1 + values(wire.getAttributesList());
        for (ComponentHealth part : wire.getComponentHealthMapMap().values()) {
            sum += values(part);
        }
        return sum;
    }

    private static long values(List<KeyValue> attributes) {
        long sum = 0;
        for (KeyValue attribute : attributes) {
            sum += values(attribute.getValue());
        }
        return sum;
    }

    private static long values(AnyValue wire) {
        long sum = 1;
        for (AnyValue value : wire.getArrayValue().getValuesList()) {
            sum += values(value);
        }
        return sum + values(wire.getKvlistValue().getValuesList());
    }

    private static ByteString bytes(InstanceUid uid) {
        return ByteString.copyFrom(uid.bytes());
    }

    /** An unsigned number, so good for the years 1970 to 2554; a date outside of them is left out. */
    private static long nanos(@Nullable Instant instant) {
        if (instant == null || instant.isBefore(Instant.EPOCH) || instant.isAfter(instant(-1))) {
            return 0;
        }
        return instant.getEpochSecond() * NANOS + instant.getNano();
    }

    private static @Nullable Instant instantOrNull(long nanos) {
        return nanos == 0 ? null : instant(nanos);
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Long.divideUnsigned(nanos, NANOS), Long.remainderUnsigned(nanos, NANOS));
    }
}
