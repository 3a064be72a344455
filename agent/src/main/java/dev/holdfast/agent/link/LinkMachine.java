// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.link.LinkState.Connected;
import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.Route.Reach;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Durations;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.Wire;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a link does, as a state machine: it takes what happened and the monotonic time, and says what to do.
 *
 * <pre>{@code
 *            start               well              opened               answered
 *   IDLE ───────────▶ PROBING ─────────▶ DIALING ────────▶ REJOINING or ────────▶ ATTACHED
 *                      ▲   │              ▲   │            REGISTERING                │
 *                 wake │   │ failed  wake │   │ failed          │ failed              │ lost
 *                      │   ▼              │   ▼                 ▼                     ▼
 *                      └── WAITING ◀──────┴───┴─────────────────┴─────────────────────┘    any ── stop ──▶ STOPPED
 * }</pre>
 *
 * <p>There is one connection at most at any time, so nothing can reconnect twice; a look at another server, which asks
 * for its health and no more, is not one of them. A failure makes the link wait as the {@link Route} says; how many
 * failures there were in a row is forgotten only after the link has been attached for a while.
 *
 * <p>{@link #wakeAt} says when to call {@link #wake}. Not safe for use by several threads; it neither waits nor reads a
 * clock.
 */
public final class LinkMachine {

    private final LinkConfig config;
    private final Route route;
    private final String process;
    private final List<Action> actions = new ArrayList<>();
    private final Outage outage = new Outage();

    private LinkState state = new LinkState.Idle();
    private AgentState self;

    /** The number given last, and those of the connection and of the look at hand; 0 stands for none. */
    private long numbers;

    private long connection;
    private long look;
    private long nextSequence = 1;

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
        this.route = new Route(config.route(), chance);
        this.self = self;
        this.process = process;
    }

    /** Where the link stands. */
    public LinkPhase phase() {
        return state.phase();
    }

    /** When {@link #wake} is to be called next, in monotonic nanoseconds; empty if it need not be. */
    public OptionalLong wakeAt() {
        OptionalLong at = state.wakeAt();
        return state instanceof Connected connected && connected.contact().isStable()
                ? OptionalLong.of(sooner(sooner(at.getAsLong(), route.websocketAt()), route.lookAt()))
                : at;
    }

    /** Whether the server now attached to takes messages of a custom capability. */
    public boolean serverTakes(String customCapability) {
        return state instanceof Connected connected && connected.contact().serverTakes(customCapability);
    }

    /** Begins. Without effect on a link that was started before. */
    public List<Action> start(long now) {
        if (state instanceof LinkState.Idle) {
            outage.begin(now);
            begin(now);
        }
        return taken();
    }

    /** The server was asked for its health, and answered. */
    public List<Action> probed(long connection, ProbeResult found, long now) {
        if (connection == look) {
            looked(true, now);
        } else if (connection == this.connection && state instanceof LinkState.Probing) {
            if (route.probed(found, now)) {
                state = new LinkState.Dialing(handshakeDeadline(now), true);
                actions.add(new Action.Proceed(connection));
            } else {
                actions.add(new Action.Abort(connection));
                state = new LinkState.Waiting(route.resumeAt());
            }
        }
        return taken();
    }

    /** The dial succeeded: the connection stands. */
    public List<Action> opened(long connection, long now) {
        if (connection == this.connection && state instanceof LinkState.Dialing) {
            boolean known = self.hash().equals(takenHash);
            AgentSession session = new AgentSession(self, known, nextSequence, config.session());
            Contact contact = new Contact(config, route.way(), session, connection, actions);
            state = new Connected(contact);
            follow(contact, contact.open(now), now);
        }
        return taken();
    }

    /** The dial failed: the upgrade was answered with something else. */
    public List<Action> blocked(long connection, Failure failure, long now) {
        if (connection == this.connection && state instanceof LinkState.Dialing) {
            await(failure, Reach.ANSWER, now);
        }
        return taken();
    }

    /** The dial failed, or the connection is gone. */
    public List<Action> failed(long connection, Failure failure, long now) {
        if (connection == look) {
            looked(false, now);
        } else if (connection == this.connection) {
            switch (state) {
                case LinkState.Probing probing -> await(failure, Reach.PROBE, now);
                case LinkState.Dialing dialing -> await(failure, dialing.there() ? Reach.PORT : Reach.NOTHING, now);
                case Connected connected -> end(connected.contact(), failure, now);
                case LinkState.Idle idle -> {}
                case LinkState.Waiting waiting -> {}
                case LinkState.Stopped stopped -> {}
            }
        }
        return taken();
    }

    /** A frame arrived. */
    public List<Action> received(long connection, ByteBuffer frame, long now) {
        if (connection == this.connection && state instanceof Connected connected) {
            follow(connected.contact(), connected.contact().received(frame, now), now);
        }
        return taken();
    }

    /** A pong arrived. */
    public List<Action> pong(long connection) {
        if (connection == this.connection && state instanceof Connected connected) {
            connected.contact().pong();
        }
        return taken();
    }

    /** Does what is due. Early calls do no harm. */
    public List<Action> wake(long now) {
        switch (state) {
            case LinkState.Probing probing -> {
                if (now - probing.deadline() >= 0) {
                    late("a probe not answered", config.route().probing().timeout(), Reach.PROBE, now);
                }
            }
            case LinkState.Dialing dialing -> {
                if (now - dialing.deadline() >= 0) {
                    Reach reach = dialing.there() ? Reach.PORT : Reach.NOTHING;
                    late("not connected", config.timeouts().handshake(), reach, now);
                }
            }
            case Connected connected -> {
                follow(connected.contact(), connected.contact().wake(now), now);
                seekBetter(now);
            }
            case LinkState.Waiting waiting -> {
                if (now - waiting.until() >= 0) {
                    begin(now);
                }
            }
            case LinkState.Idle idle -> {}
            case LinkState.Stopped stopped -> {}
        }
        return taken();
    }

    /** Tells the server how the agent is doing: now if it is attached, else with the next rejoin or registration. */
    public List<Action> report(Health health, long now) {
        self = self.withHealth(health);
        if (state instanceof Connected connected) {
            follow(connected.contact(), connected.contact().report(health, now), now);
        }
        return taken();
    }

    /**
     * Sends a custom message.
     *
     * @throws IllegalStateException unless the link is attached to a server that {@linkplain #serverTakes takes} it
     */
    public List<Action> send(CustomMessage message, long now) {
        if (!(state instanceof Connected connected)) {
            throw new IllegalStateException("cannot send " + message.capability() + " while " + phase());
        }
        follow(connected.contact(), connected.contact().send(message, now), now);
        return taken();
    }

    /**
     * The machine slept for a while, which the monotonic clock has not counted: an attached link says that it is there,
     * and one that waits dials soon.
     */
    public List<Action> suspended(Duration gap, long now) {
        route.suspended(gap, now);
        if (state instanceof LinkState.Waiting) {
            state = new LinkState.Waiting(route.resumeAt());
        }
        return report(self.health(), now);
    }

    /** Ends the link for good, with a last word to the server if it is connected. */
    public List<Action> stop(long now) {
        switch (state) {
            case LinkState.Probing probing -> actions.add(new Action.Abort(connection));
            case LinkState.Dialing dialing -> actions.add(new Action.Abort(connection));
            case Connected connected -> connected.contact().close(now);
            case LinkState.Idle idle -> {}
            case LinkState.Waiting waiting -> {}
            case LinkState.Stopped stopped -> {}
        }
        endLook();
        state = new LinkState.Stopped();
        return taken();
    }

    /** Draws the consequences of what a connection did. */
    private void follow(Contact contact, @Nullable Failure failure, long now) {
        nextSequence = contact.nextSequence();
        self = contact.self();
        AgentSession.Arrival arrival = contact.takeArrival();
        if (arrival != null) {
            takenHash = self.hash();
            actions.add(new Action.Attached(arrival, outage.end(route, now)));
        }
        if (failure != null) {
            end(contact, failure, now);
        } else if (contact.provesStable(now)) {
            route.stable(now);
        }
    }

    /** The preferred server is looked for, or a WebSocket where the link has to poll. */
    private void seekBetter(long now) {
        if (!(state instanceof Connected connected) || !connected.contact().isStable()) {
            return;
        }
        if (route.isWebsocketDue(now)) {
            leave("tries a WebSocket again", now);
        } else if (route.isLookDue(now)) {
            endLook();
            look = ++numbers;
            actions.add(new Action.Look(look, route.preferred()));
        }
    }

    private void looked(boolean well, long now) {
        endLook();
        if (state instanceof Connected connected && connected.contact().isStable() && route.looked(well, now)) {
            leave("returns to " + route.preferred(), now);
        }
    }

    private void endLook() {
        if (look != 0) {
            actions.add(new Action.Abort(look));
            look = 0;
        }
    }

    /** Gives up a connection that is good and dials at once: the server takes the newest for the one that counts. */
    private void leave(String why, long now) {
        route.leave();
        actions.add(new Action.Abort(connection));
        lost(Failure.of(Cause.LOCAL, why), now);
        begin(now);
    }

    private void end(Contact contact, Failure failure, long now) {
        actions.add(new Action.Abort(connection));
        if (contact.provesStable(now)) {
            route.stable(now);
        }
        if (contact.wasAttached()) {
            lost(failure, now);
        }
        await(failure, contact.heard() ? Reach.WORD : Reach.PORT, now);
    }

    private void lost(Failure failure, long now) {
        endLook();
        outage.begin(now);
        actions.add(new Action.Lost(failure));
    }

    private void late(String what, Duration limit, Reach reach, long now) {
        actions.add(new Action.Abort(connection));
        await(Failure.of(Cause.TIMEOUT, what + " within " + Durations.print(limit)), reach, now);
    }

    private void await(Failure failure, Reach reach, long now) {
        outage.failed();
        actions.add(new Action.Waits(route.failed(failure, reach, now)));
        state = new LinkState.Waiting(route.resumeAt());
    }

    private void begin(long now) {
        Optional<Route.Leg> leg = route.begin(now);
        if (leg.isEmpty()) {
            state = new LinkState.Waiting(route.resumeAt());
            return;
        }
        connection = ++numbers;
        state = leg.get().probe()
                ? new LinkState.Probing(now + config.route().probing().timeout().toNanos())
                : new LinkState.Dialing(handshakeDeadline(now), false);
        Map<String, String> headers = Map.of(
                Wire.Header.INSTANCE_UID,
                self.uid().toString(),
                Wire.Header.STATE,
                self.hash(),
                Wire.Header.PROCESS,
                process);
        actions.add(new Action.Dial(connection, leg.get(), headers));
    }

    private long handshakeDeadline(long now) {
        return now + config.timeouts().handshake().toNanos();
    }

    private List<Action> taken() {
        List<Action> taken = List.copyOf(actions);
        actions.clear();
        return taken;
    }

    private static long sooner(long a, @Nullable Long b) {
        return b == null || a - b < 0 ? a : b;
    }
}
