// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The server's end of one conversation: a WebSocket connection, or the polls of one agent.
 *
 * <p>Every message is answered. An agent whose announced state hash equals the one that is stored has rejoined; one
 * that sends its description has registered; any other is asked for its full state. After that, a message whose number
 * is not one more than the one before shows that something was lost, and the agent is asked again. Every answer asks
 * until the full state comes, since an answer may be lost as well. The first number of a conversation may be any.
 *
 * <p>An agent that is to go by another uid, because it asks for one or because its own is another's, is told the new
 * one until it uses it. Nothing that it says before is taken, so that nothing is kept under a name not its own.
 *
 * <p>The first answer carries the server's capabilities and settings; any answer to an agent that announces custom
 * capabilities carries the server's.
 *
 * <p>Not safe for use by several threads; it neither waits nor reads a clock.
 */
public final class ServerSession {

    /** Something that the fleet should know. To be carried out before the answer is sent. */
    public sealed interface Effect {

        /** The agent sent its full state: it is attached, and this is to be stored. */
        record Registered(
                AgentDescription description, @Nullable String stateHash, long capabilities) implements Effect {}

        /** The agent is attached, and what is stored of it still holds. */
        record Rejoined() implements Effect {}

        /** The agent said how it is doing. */
        record Reported(Health health) implements Effect {}

        /** The agent sent a custom message. */
        record Received(CustomMessage message) implements Effect {}

        /** The agent takes its leave; always the last effect. */
        record Left() implements Effect {}
    }

    /**
     * What a message led to.
     *
     * @param effects what happened, in order
     * @param answer what to send once the effects are carried out
     */
    public record Reply(List<Effect> effects, ServerMessage answer) {}

    /**
     * What a server offers every agent.
     *
     * @param heartbeatInterval how often agents that take settings are to send heartbeats, or null to leave it to them
     * @param customCapabilities the custom capabilities it takes
     * @param newUid where a uid comes from for an agent that is to have another
     */
    public record Offer(
            @Nullable Duration heartbeatInterval, List<String> customCapabilities, Supplier<InstanceUid> newUid) {

        /** Copies the list. */
        public Offer {
            customCapabilities = List.copyOf(customCapabilities);
        }

        private long capabilities() {
            return Capabilities.ACCEPTS_STATUS
                    | (heartbeatInterval == null ? 0 : Capabilities.OFFERS_CONNECTION_SETTINGS);
        }
    }

    /** Where the conversation stands. */
    private sealed interface State {

        /** Nothing was received. */
        record New() implements State {}

        /** The agent is not attached yet: it was asked for its full state. */
        record Asked() implements State {}

        /** The agent is attached; whether it was asked for its full state since, and has not sent it. */
        record Attached(long lastSequence, boolean asked) implements State {}
    }

    private final Offer offer;
    private @Nullable String announcedHash;
    private State state = new State.New();

    /** Whom the last message was from. */
    private @Nullable InstanceUid uid;

    /** The custom capabilities that agent announced. */
    private Set<String> agentCapabilities = Set.of();

    /** What that agent was told to go by instead; the same each time, since an answer may be lost. */
    private @Nullable InstanceUid given;

    /**
     * A conversation that has not begun.
     *
     * @param announcedHash what the agent sent as {@link Wire.Header#STATE}, or null
     */
    public ServerSession(Offer offer, @Nullable String announcedHash) {
        this.offer = offer;
        this.announcedHash = announcedHash;
    }

    /** Whether the agent is attached. */
    public boolean attached() {
        return state instanceof State.Attached;
    }

    /** Whether the agent announced that it takes messages of this custom capability. */
    public boolean agentTakes(String customCapability) {
        return agentCapabilities.contains(customCapability);
    }

    /** A message of the server's own accord, unless the agent is not attached or did not announce the capability. */
    public Optional<ServerMessage> send(CustomMessage message) {
        return uid == null || !attached() || !agentTakes(message.capability())
                ? Optional.empty()
                : Optional.of(ServerMessage.answer(uid).withCustom(message));
    }

    /**
     * Takes a message. One from another uid than the last, as an agent sends once it was given a new one, begins anew.
     *
     * @param storedHash the hash that is stored for this agent, or null if none is or the agent is not known
     */
    public Reply received(AgentMessage message, @Nullable String storedHash) {
        if (message.requestsUid() && !message.disconnect()) {
            return rename(message);
        }
        turnTo(message.uid());
        if (message.customCapabilities() != null) {
            agentCapabilities = Set.copyOf(message.customCapabilities());
        }
        boolean first = state instanceof State.New;
        List<Effect> effects = new ArrayList<>();
        boolean lastWord = message.disconnect() && message.description() == null;
        boolean wanting = !lastWord && settle(message, storedHash, effects);
        if (message.health() != null) {
            effects.add(new Effect.Reported(message.health()));
        }
        if (message.custom() != null) {
            effects.add(new Effect.Received(message.custom()));
        }
        if (message.disconnect()) {
            effects.add(new Effect.Left());
            state = new State.New();
        }
        return new Reply(List.copyOf(effects), answer(message, first, wanting, null));
    }

    /** Takes nothing of a message, and answers it with another uid, under which the full state is wanted. */
    public Reply rename(AgentMessage message) {
        turnTo(message.uid());
        boolean first = state instanceof State.New;
        state = state instanceof State.Attached ? new State.Attached(message.sequence(), true) : new State.Asked();
        if (given == null) {
            given = offer.newUid().get();
        }
        return new Reply(List.of(), answer(message, first, true, given));
    }

    private void turnTo(InstanceUid sender) {
        if (sender.equals(uid)) {
            return;
        }
        if (uid != null) {
            // What was announced was the state of the other one.
            announcedHash = null;
        }
        uid = sender;
        agentCapabilities = Set.of();
        given = null;
        state = new State.New();
    }

    /** Moves on to the next state; the result is whether the full state is wanting. */
    private boolean settle(AgentMessage message, @Nullable String storedHash, List<Effect> effects) {
        long sequence = message.sequence();
        if (message.description() != null) {
            String hash = message.description().text(AgentState.HASH_ATTRIBUTE).orElse(null);
            effects.add(new Effect.Registered(message.description(), hash, message.capabilities()));
            state = new State.Attached(sequence, false);
            return false;
        }
        return switch (state) {
            case State.New fresh -> {
                if (announcedHash != null && announcedHash.equals(storedHash)) {
                    effects.add(new Effect.Rejoined());
                    state = new State.Attached(sequence, false);
                    yield false;
                }
                state = new State.Asked();
                yield true;
            }
            case State.Asked asked -> true;
            case State.Attached attached -> {
                boolean gap = sequence != attached.lastSequence() + 1;
                state = new State.Attached(sequence, attached.asked() || gap);
                yield attached.asked() || gap;
            }
        };
    }

    private ServerMessage answer(AgentMessage message, boolean first, boolean wanting, @Nullable InstanceUid newUid) {
        boolean takesSettings = (message.capabilities() & Capabilities.ACCEPTS_CONNECTION_SETTINGS) != 0;
        boolean announces = message.customCapabilities() != null;
        return new ServerMessage(
                message.uid(),
                null,
                wanting,
                first ? offer.capabilities() : 0,
                newUid,
                first && takesSettings ? offer.heartbeatInterval() : null,
                announces ? offer.customCapabilities() : null,
                null);
    }
}
