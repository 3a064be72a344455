// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Durations;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a link does, as a state machine: it takes what happened and the monotonic time, and says what to do.
 *
 * <pre>{@code
 *            start            opened                 answered
 *   IDLE ──────────▶ DIALING ────────▶ REJOINING or ────────▶ ATTACHED
 *                     ▲   │            REGISTERING                │
 *                wake │   │ failed          │ failed              │ lost
 *                     │   ▼                 ▼                     ▼
 *                     └── WAITING ◀─────────┴─────────────────────┘      any ── stop ──▶ STOPPED
 * }</pre>
 *
 * <p>There is one connection at most at any time, so nothing can reconnect twice. A failure makes the link wait as the
 * policy for its cause says; how many failures there were in a row is forgotten only after the link has been attached
 * for {@link LinkConfig#stableAfter}.
 *
 * <p>{@link #wakeAt} says when to call {@link #wake}. Not safe for use by several threads; it neither waits nor reads a
 * clock.
 */
public final class LinkMachine {

    /** How late a wake must come to show that the process was stopped, suspended or short of time. */
    private static final Duration HELD_UP = Duration.ofSeconds(1);

    /** The one state; replaced whole. */
    private sealed interface State {

        record Idle() implements State {}

        record Dialing(long deadline) implements State {}

        /** The session tells rejoining, registering and attached apart. */
        record Connected(
                AgentSession session,
                long pingAt,
                boolean pongOwed,
                @Nullable Long attachedAt) implements State {

            Connected alive() {
                return new Connected(session, pingAt, false, attachedAt);
            }

            Connected pinged(long nextPingAt) {
                return new Connected(session, nextPingAt, true, attachedAt);
            }

            Connected attached(long now) {
                return new Connected(session, pingAt, pongOwed, now);
            }
        }

        record Waiting(long until) implements State {}

        record Stopped() implements State {}
    }

    private final LinkConfig config;
    private final String process;
    private final RandomGenerator chance;
    private final List<Action> actions = new ArrayList<>();

    private State state = new State.Idle();
    private AgentState self;
    private long connection;
    private long nextSequence = 1;
    private int server;
    private int failures;
    private Duration previousDelay = Duration.ZERO;

    /** The hash of the state that a server has taken, or null before any has. */
    private @Nullable String takenHash;

    /**
     * A link that is idle.
     *
     * @param self what to tell a server
     * @param process 128 random bits as hexadecimal digits, drawn when this process started
     * @param chance where jitter is drawn from
     */
    public LinkMachine(LinkConfig config, AgentState self, String process, RandomGenerator chance) {
        this.config = config;
        this.self = self;
        this.process = process;
        this.chance = chance;
    }

    /** Where the link stands. */
    public LinkPhase phase() {
        return switch (state) {
            case State.Idle idle -> LinkPhase.IDLE;
            case State.Dialing dialing -> LinkPhase.DIALING;
            case State.Connected connected ->
                switch (connected.session().phase()) {
                    case REJOINING -> LinkPhase.REJOINING;
                    case REGISTERING -> LinkPhase.REGISTERING;
                    case ATTACHED -> LinkPhase.ATTACHED;
                    case CLOSED -> LinkPhase.WAITING;
                };
            case State.Waiting waiting -> LinkPhase.WAITING;
            case State.Stopped stopped -> LinkPhase.STOPPED;
        };
    }

    /** When {@link #wake} is to be called next, in monotonic nanoseconds; empty if it need not be. */
    public OptionalLong wakeAt() {
        return switch (state) {
            case State.Idle idle -> OptionalLong.empty();
            case State.Dialing dialing -> OptionalLong.of(dialing.deadline());
            case State.Connected connected ->
                OptionalLong.of(sooner(connected.session().wakeAt(), connected.pingAt()));
            case State.Waiting waiting -> OptionalLong.of(waiting.until());
            case State.Stopped stopped -> OptionalLong.empty();
        };
    }

    /** Whether the server now attached to takes messages of a custom capability. */
    public boolean serverTakes(String customCapability) {
        return state instanceof State.Connected connected
                && connected.session().phase() == AgentSession.Phase.ATTACHED
                && connected.session().serverTakes(customCapability);
    }

    /** Begins. Without effect on a link that was started before. */
    public List<Action> start(long now) {
        if (state instanceof State.Idle) {
            dial(now);
        }
        return taken();
    }

    /** The dial succeeded: the connection stands. */
    public List<Action> opened(long connection, long now) {
        if (connection == this.connection && state instanceof State.Dialing) {
            boolean known = self.hash().equals(takenHash);
            AgentSession session = new AgentSession(self, known, nextSequence, config.session());
            state = new State.Connected(session, now + config.pingInterval().toNanos(), false, null);
            carryOut(session, session.open(now), now);
        }
        return taken();
    }

    /** The dial failed, or the connection is gone. */
    public List<Action> failed(long connection, Failure failure, long now) {
        if (connection == this.connection) {
            switch (state) {
                case State.Dialing dialing -> await(failure, now);
                case State.Connected connected -> {
                    actions.add(new Action.Abort(connection));
                    lost(connected, failure, now);
                }
                case State.Idle idle -> {}
                case State.Waiting waiting -> {}
                case State.Stopped stopped -> {}
            }
        }
        return taken();
    }

    /** A frame arrived. */
    public List<Action> received(long connection, ByteBuffer frame, long now) {
        if (connection == this.connection && state instanceof State.Connected connected) {
            state = connected.alive();
            AgentSession session = connected.session();
            try {
                ServerMessage message = Wire.readServerFrame(frame);
                carryOut(session, session.received(message, now), now);
            } catch (WireException e) {
                actions.add(new Action.Abort(connection));
                lost(connected, Failure.of(Cause.PROTOCOL, String.valueOf(e.getMessage())), now);
            }
        }
        return taken();
    }

    /** A pong arrived. */
    public List<Action> pong(long connection) {
        if (connection == this.connection && state instanceof State.Connected connected) {
            state = connected.alive();
        }
        return taken();
    }

    /** Does what is due. Early calls do no harm. */
    public List<Action> wake(long now) {
        switch (state) {
            case State.Dialing dialing -> {
                if (now - dialing.deadline() >= 0) {
                    actions.add(new Action.Abort(connection));
                    await(
                            Failure.of(
                                    Cause.TIMEOUT,
                                    "not connected within " + Durations.print(config.handshakeTimeout())),
                            now);
                }
            }
            case State.Connected connected -> wake(connected, now);
            case State.Waiting waiting -> {
                if (now - waiting.until() >= 0) {
                    dial(now);
                }
            }
            case State.Idle idle -> {}
            case State.Stopped stopped -> {}
        }
        return taken();
    }

    /** Tells the server how the agent is doing: now if it is attached, else with the next rejoin or registration. */
    public List<Action> report(Health health, long now) {
        self = self.withHealth(health);
        if (state instanceof State.Connected connected) {
            AgentSession session = connected.session();
            carryOut(session, session.report(health, now), now);
        }
        return taken();
    }

    /**
     * Sends a custom message.
     *
     * @throws IllegalStateException unless the link is attached to a server that {@linkplain #serverTakes takes} it
     */
    public List<Action> send(CustomMessage message, long now) {
        if (!(state instanceof State.Connected connected)) {
            throw new IllegalStateException("cannot send " + message.capability() + " while " + phase());
        }
        AgentSession session = connected.session();
        carryOut(session, session.send(message, now), now);
        return taken();
    }

    /** Ends the link for good, with a last word to the server if it is connected. */
    public List<Action> stop(long now) {
        switch (state) {
            case State.Dialing dialing -> actions.add(new Action.Abort(connection));
            case State.Connected connected -> {
                connected.session().close(now).messages().forEach(this::transmit);
                actions.add(new Action.Close(connection));
            }
            case State.Idle idle -> {}
            case State.Waiting waiting -> {}
            case State.Stopped stopped -> {}
        }
        state = new State.Stopped();
        return taken();
    }

    private void wake(State.Connected connected, long now) {
        if (now - connected.pingAt() >= 0) {
            // Where the process was held up, the pong may lie unread: it is asked for once more.
            if (connected.pongOwed() && now - connected.pingAt() < HELD_UP.toNanos()) {
                actions.add(new Action.Abort(connection));
                lost(
                        connected,
                        Failure.of(Cause.TIMEOUT, "ping unanswered for " + Durations.print(config.pingInterval())),
                        now);
                return;
            }
            actions.add(new Action.Ping(connection));
            state = connected.pinged(now + config.pingInterval().toNanos());
        }
        AgentSession session = connected.session();
        carryOut(session, session.wake(now), now);
    }

    private void carryOut(AgentSession session, AgentSession.Step step, long now) {
        step.messages().forEach(this::transmit);
        nextSequence = session.nextSequence();
        for (AgentSession.Signal signal : step.signals()) {
            switch (signal) {
                case AgentSession.Signal.Attached attached -> attached(session, attached.arrival(), now);
                case AgentSession.Signal.Failed failed -> {
                    actions.add(new Action.Abort(connection));
                    if (state instanceof State.Connected connected) {
                        lost(connected, failed.failure(), now);
                    }
                }
                case AgentSession.Signal.Refused refused -> actions.add(new Action.Refused(refused.failure()));
                case AgentSession.Signal.Renamed renamed -> {
                    actions.add(new Action.Renamed(self.uid(), renamed.uid()));
                    self = session.self();
                }
                case AgentSession.Signal.Received received -> actions.add(new Action.Received(received.message()));
            }
        }
    }

    private void attached(AgentSession session, AgentSession.Arrival arrival, long now) {
        takenHash = session.self().hash();
        if (state instanceof State.Connected connected) {
            state = connected.attached(now);
        }
        actions.add(new Action.Attached(arrival, config.servers().get(server)));
    }

    private void lost(State.Connected connected, Failure failure, long now) {
        if (connected.attachedAt() != null) {
            if (now - connected.attachedAt() >= config.stableAfter().toNanos()) {
                failures = 0;
                previousDelay = Duration.ZERO;
            }
            actions.add(new Action.Lost(failure));
        }
        await(failure, now);
    }

    private void await(Failure failure, long now) {
        if (failures < Integer.MAX_VALUE) {
            failures++;
        }
        Backoff backoff = failure.cause() == Cause.REJECTED ? config.rejected() : config.backoff();
        Duration floor = floor(failure);
        Duration delay = backoff.delay(failures, previousDelay, floor, chance);
        boolean fromServer = floor.compareTo(backoff.envelope(failures)) > 0;
        previousDelay = delay;
        server = (server + 1) % config.servers().size();
        state = new State.Waiting(now + delay.toNanos());
        actions.add(new Action.Waits(new Delay(
                failure,
                failures,
                fromServer ? Delay.Source.SERVER : Delay.Source.BACKOFF,
                delay,
                config.servers().get(server))));
    }

    private Duration floor(Failure failure) {
        Duration most = config.maxRetryAfter();
        return failure.floor().compareTo(most) > 0 ? most : failure.floor();
    }

    private void dial(long now) {
        connection++;
        state = new State.Dialing(now + config.handshakeTimeout().toNanos());
        URI target = config.servers().get(server);
        Map<String, String> headers = Map.of(
                Wire.Header.INSTANCE_UID,
                self.uid().toString(),
                Wire.Header.STATE,
                self.hash(),
                Wire.Header.PROCESS,
                process);
        actions.add(new Action.Dial(connection, target, headers));
    }

    private void transmit(AgentMessage message) {
        actions.add(new Action.Transmit(connection, Wire.frame(message)));
    }

    private List<Action> taken() {
        List<Action> taken = List.copyOf(actions);
        actions.clear();
        return taken;
    }

    private static long sooner(long a, long b) {
        return a - b < 0 ? a : b;
    }
}
