// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxWire;
import dev.holdfast.server.fleet.AgentLink;
import dev.holdfast.server.fleet.AgentRecord;
import dev.holdfast.server.fleet.Fleet;
import dev.holdfast.server.fleet.Loss;
import dev.holdfast.server.fleet.StatusRecords;
import dev.holdfast.server.ingest.Inlet;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out what an agent's messages lead to, the same for both transports.
 *
 * <p>Not safe for use by several threads; does not wait.
 */
final class Conversation {

    private static final Logger log = LoggerFactory.getLogger(Conversation.class);

    /** What is kept of an agent, in bytes, for its description and its health each. */
    private static final int KEPT_LIMIT = 64 << 10;

    /**
     * How many messages of an agent are answered with a new uid, which it may have sent before it read the first
     * answer. One that still goes by the old one then does not know of new ones, and is taken as it is.
     */
    private static final int MOST_TURNED_AWAY = 3;
    /** How many uids one connection may go by: an agent gets a new one when its own is taken, and then stays. */
    static final int MOST_UIDS = 8;

    private final Reception reception;
    private final AgentLink link;
    private final ServerSession session;
    private final Inlet inlet;
    private final Consumer<Optional<CustomMessage>> pushes;
    private @Nullable InstanceUid uid;
    private int uids;

    /** What that agent can do, as it last said. */
    private long capabilities;

    /** How many messages of its outbox are not {@link #settled}. */
    private int owed;

    /** How many messages in a row were answered with a new uid. */
    private int turnedAway;

    /**
     * One that has not begun.
     *
     * @param pushes takes what each message of an outbox led to once it is known, on any thread: what is to be
     *     {@linkplain #say said}, if anything, after which it is {@link #settled}
     */
    Conversation(
            Reception reception,
            AgentLink link,
            @Nullable String announcedHash,
            Consumer<Optional<CustomMessage>> pushes) {
        this.reception = reception;
        this.link = link;
        this.pushes = pushes;
        this.session = new ServerSession(reception.offer(), announcedHash);
        this.inlet = reception.intake().inlet();
    }

    /** Why a message is not taken, or null if it is: all that agents say of themselves is held in memory. */
    static @Nullable String fault(AgentMessage message) {
        int description =
                message.description() == null ? 0 : message.description().encode().length;
        if (description > KEPT_LIMIT) {
            return tooLarge("agent_description", description);
        }
        int health = message.health() == null ? 0 : size(message.uid(), message.health());
        return health > KEPT_LIMIT ? tooLarge("health", health) : null;
    }

    /**
     * What a frame turned out to be.
     *
     * @param message null if it is not taken
     * @param fault why it is not; empty if it is
     */
    record Reading(@Nullable AgentMessage message, String fault, boolean tooLarge) {}

    /** Reads a frame, on any thread. */
    static Reading read(ByteBuffer frame) {
        try {
            AgentMessage message = Wire.readAgentFrame(frame);
            String fault = fault(message);
            return fault == null ? new Reading(message, "", false) : new Reading(null, fault, true);
        } catch (WireException e) {
            return new Reading(null, String.valueOf(e.getMessage()), e.tooLarge());
        }
    }

    /** Health has no encoding of its own: what it is carried in adds little. */
    private static int size(InstanceUid uid, Health health) {
        return Wire.body(AgentMessage.heartbeat(uid, 0, 0).withHealth(health)).length;
    }

    private static String tooLarge(String field, int bytes) {
        return field + ": " + bytes + " bytes (expected: <= " + KEPT_LIMIT + ")";
    }

    /** Whether a message from {@code sender} would be one to refuse. */
    boolean isOneUidTooMany(InstanceUid sender) {
        return uids == MOST_UIDS && !sender.equals(uid);
    }

    /** Takes a message without a {@link #fault}; the answer is there once it may be sent. */
    CompletionStage<ServerMessage> received(AgentMessage message) {
        InstanceUid sender = message.uid();
        if (uid != null && !uid.equals(sender)) {
            reception.fleet().detach(uid, link, new Loss(Loss.Why.RENAMED, "it goes by " + sender + " now"));
        }
        if (!sender.equals(uid)) {
            turnedAway = 0;
        }
        uids += sender.equals(uid) ? 0 : 1;
        uid = sender;
        if (message.capabilities() != 0) {
            capabilities = message.capabilities();
        }
        ServerSession.Reply reply = reply(message);
        CompletionStage<ServerMessage> ready = CompletableFuture.completedStage(reply.answer());
        for (ServerSession.Effect effect : reply.effects()) {
            if (effect instanceof ServerSession.Effect.Received received && isOfOutbox(received.message())) {
                ready = answerOutbox(sender, received.message(), ready);
            } else {
                ready = ready.thenCombine(carryOut(sender, effect), (answer, done) -> answer);
            }
        }
        if (reply.answer().reportFullState()) {
            reception.meters().fullStateRequests.increment();
        }
        return ready;
    }

    /** A message of the server's own accord; none if the agent would not know what it is. */
    Optional<ServerMessage> say(CustomMessage message) {
        return session.send(message);
    }

    private static boolean isOfOutbox(CustomMessage message) {
        return message.capability().equals(Capabilities.OUTBOX);
    }

    /** One more message of its outbox has led to what it leads to. */
    void settled() {
        owed--;
    }

    /** Whether what a message of its outbox leads to is still to come. */
    boolean owes() {
        return owed > 0;
    }

    /** What it leads to takes as long as a disk does, and no heartbeat waits for that: it is said when it is there. */
    private CompletionStage<ServerMessage> answerOutbox(
            InstanceUid sender, CustomMessage message, CompletionStage<ServerMessage> answer) {
        if (!session.attached() || !session.agentTakes(Capabilities.OUTBOX)) {
            log.debug("agent {}: message of an outbox not taken: it is not attached, or did not announce it", sender);
            return answer;
        }
        CompletionStage<Optional<CustomMessage>> said;
        try {
            said = OutboxWire.read(message)
                    .map(read -> inlet.received(sender, read).thenApply(reply -> {
                        noteStatus(sender, read, reply);
                        return reply.map(OutboxWire::write);
                    }))
                    .orElse(CompletableFuture.completedStage(Optional.empty()));
        } catch (WireException e) {
            reception.intake().malformed();
            String fault = String.valueOf(e.getMessage());
            reception.lines().write(log::warn, () -> "agent " + sender + ": message of its outbox refused: " + fault);
            ServerMessage refusal = ServerMessage.refusal(
                    sender, new ServerMessage.Failure(ServerMessage.Failure.Kind.BAD_REQUEST, fault, null));
            return answer.thenApply(instead -> refusal);
        }
        owed++;
        // Where it can be said at once, it must not overtake its answer.
        return answer.whenComplete((reply, failure) ->
                said.whenComplete((more, fault) -> pushes.accept(fault == null ? more : Optional.empty())));
    }

    private ServerSession.Reply reply(AgentMessage message) {
        Fleet fleet = reception.fleet();
        InstanceUid sender = message.uid();
        if (!message.disconnect() && turnedAway < MOST_TURNED_AWAY && fleet.turnsAway(sender, link)) {
            turnedAway++;
            ServerSession.Reply reply = session.rename(message);
            if (turnedAway == 1 && reply.answer().newUid() != null) {
                fleet.turnedAway(sender, link, reply.answer().newUid());
            }
            return reply;
        }
        fleet.heard(sender);
        return session.received(
                message, fleet.agent(sender).map(AgentRecord::stateHash).orElse(null));
    }

    /** The link was displaced, and its other end answered the close. */
    void closeAnswered() {
        if (uid != null) {
            reception.fleet().answered(uid, link);
        }
    }

    /** Whether heartbeats are to be expected: the agent is attached and said that it sends them. */
    boolean beats() {
        return session.attached() && (capabilities & Capabilities.REPORTS_HEARTBEAT) != 0;
    }

    /** The interval that the agent was told to send heartbeats at; null if that is left to it. */
    @Nullable
    Duration toldInterval() {
        return (capabilities & Capabilities.ACCEPTS_CONNECTION_SETTINGS) == 0
                ? null
                : reception.offer().heartbeatInterval();
    }

    /** Whether this is to go on: its agent is attached, or was told another uid and may not have heard of it. */
    boolean isUnderWay() {
        return session.attached() || turnedAway > 0;
    }

    /** The link is gone. */
    void ended(Loss loss) {
        inlet.close();
        if (uid != null) {
            reception.fleet().detach(uid, link, loss);
        }
    }

    private CompletionStage<Void> carryOut(InstanceUid sender, ServerSession.Effect effect) {
        switch (effect) {
            case ServerSession.Effect.Registered state -> {
                return reception.fleet().register(sender, link, state);
            }
            case ServerSession.Effect.Rejoined rejoined -> {
                return reception.fleet().rejoin(sender, link);
            }
            case ServerSession.Effect.Reported reported -> reception.fleet().reported(sender, reported.health());
            case ServerSession.Effect.Received custom -> log.debug("agent {}: custom message not taken", sender);
            case ServerSession.Effect.Left left ->
                reception.fleet().detach(sender, link, new Loss(Loss.Why.LEFT, "it took its leave"));
        }
        return CompletableFuture.completedStage(null);
    }

    /** Of a batch of status records that is durable now, the last is what the fleet shows. */
    private void noteStatus(InstanceUid sender, OutboxMessage sent, Optional<OutboxMessage> answer) {
        if (sent instanceof OutboxMessage.Batch batch
                && batch.stream().lane().equals(StatusRecords.LANE)
                && answer.isPresent()
                && answer.get() instanceof OutboxMessage.Mark mark
                && mark.at().equals(batch.reaches())) {
            StatusRecords.last(batch).ifPresent(record -> noteStatus(sender, record));
        }
    }

    private void noteStatus(InstanceUid sender, Item.Data record) {
        ByteBuffer text = StatusRecords.plain(record);
        String fault = StatusRecords.fault(text);
        if (fault == null) {
            reception.meters().statusRecords.increment();
            reception
                    .fleet()
                    .received(
                            sender,
                            new AgentRecord.Status(
                                    StandardCharsets.UTF_8.decode(text).toString(), record.time()));
        } else {
            reception.meters().statusRecordsIgnored.increment();
            reception.lines().write(log::warn, () -> "agent " + sender + ": status record not shown: " + fault);
        }
    }
}
