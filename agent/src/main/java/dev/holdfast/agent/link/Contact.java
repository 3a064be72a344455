// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.Way;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Durations;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One connection that stands: its session, its pings, and how often it polls where that is the way. What is to be done
 * goes into the list of actions that it was given; what a call returns is why the connection is of no more use, or null
 * while it is. Belongs to one {@link LinkMachine}; not safe for use by several threads.
 */
final class Contact {

    /** How late a wake must come to show that the process was stopped, suspended or short of time. */
    private static final Duration HELD_UP = Duration.ofSeconds(1);

    /** Where there are no pings: never. */
    private static final long NEVER = Long.MAX_VALUE / 4;

    private final LinkConfig config;
    private final Way way;
    private final AgentSession session;
    private final long connection;
    private final List<Action> actions;

    private PollPace pace;
    private long pingAt;
    private boolean pongOwed;
    private boolean heard;
    private boolean stable;

    /** Since when the agent is attached, or null. */
    private @Nullable Long attachedAt;

    /** How the agent has just been attached, until somebody asks. */
    private AgentSession.@Nullable Arrival arrival;

    Contact(LinkConfig config, Way way, AgentSession session, long connection, List<Action> actions) {
        this.config = config;
        this.way = way;
        this.session = session;
        this.connection = connection;
        this.actions = actions;
        this.pace = PollPace.fast(config.route().polling().fastInterval());
    }

    LinkPhase phase() {
        return switch (session.phase()) {
            case REJOINING -> LinkPhase.REJOINING;
            case REGISTERING -> LinkPhase.REGISTERING;
            case ATTACHED -> LinkPhase.ATTACHED;
            case CLOSED -> LinkPhase.WAITING;
        };
    }

    long wakeAt() {
        long at = sooner(session.wakeAt(), pingAt);
        return attachedAt == null || stable ? at : sooner(at, stableAt(attachedAt));
    }

    /** Whether the server has sent anything. */
    boolean heard() {
        return heard;
    }

    boolean isAttached() {
        return session.phase() == AgentSession.Phase.ATTACHED;
    }

    boolean wasAttached() {
        return attachedAt != null;
    }

    boolean isStable() {
        return stable;
    }

    boolean serverTakes(String customCapability) {
        return isAttached() && session.serverTakes(customCapability);
    }

    AgentState self() {
        return session.self();
    }

    long nextSequence() {
        return session.nextSequence();
    }

    /** How the agent has been attached since this was last asked, or null. */
    AgentSession.@Nullable Arrival takeArrival() {
        AgentSession.Arrival taken = arrival;
        arrival = null;
        return taken;
    }

    @Nullable
    Failure open(long now) {
        if (way == Way.POLLING) {
            session.beatEvery(pace.now());
        }
        pingAt = now + (way == Way.POLLING ? NEVER : config.timeouts().ping().toNanos());
        return carryOut(session.open(now), now);
    }

    @Nullable
    Failure received(ByteBuffer frame, long now) {
        pongOwed = false;
        heard = true;
        try {
            ServerMessage message = Wire.readServerFrame(frame);
            AgentSession.Step step = session.received(message, now);
            if (way == Way.POLLING) {
                pace(message);
            }
            return carryOut(step, now);
        } catch (WireException e) {
            return Failure.of(Cause.PROTOCOL, String.valueOf(e.getMessage()));
        }
    }

    private void pace(ServerMessage answer) {
        Duration offered = answer.heartbeatInterval();
        Duration most = offered == null ? config.route().polling().interval() : offered;
        pace = answer.custom() != null || answer.reportFullState() ? pace.busy() : pace.idle(most);
        session.beatEvery(pace.now());
    }

    void pong() {
        pongOwed = false;
    }

    @Nullable
    Failure wake(long now) {
        if (now - pingAt >= 0) {
            Duration interval = config.timeouts().ping();
            // Where the process was held up, the pong may lie unread: it is asked for once more.
            if (pongOwed && now - pingAt < HELD_UP.toNanos()) {
                return Failure.of(Cause.TIMEOUT, "ping unanswered for " + Durations.print(interval));
            }
            actions.add(new Action.Ping(connection));
            pongOwed = true;
            pingAt = now + interval.toNanos();
        }
        return carryOut(session.wake(now), now);
    }

    @Nullable
    Failure report(Health health, long now) {
        return carryOut(session.report(health, now), now);
    }

    @Nullable
    Failure send(CustomMessage message, long now) {
        pace = pace.busy();
        if (way == Way.POLLING) {
            session.beatEvery(pace.now());
        }
        return carryOut(session.send(message, now), now);
    }

    void close(long now) {
        carryOut(session.close(now), now);
        actions.add(new Action.Close(connection));
    }

    /** Whether it has just become clear that the connection is stable. */
    boolean provesStable(long now) {
        if (attachedAt == null || stable || now - stableAt(attachedAt) < 0) {
            return false;
        }
        stable = true;
        return true;
    }

    private @Nullable Failure carryOut(AgentSession.Step step, long now) {
        step.messages().forEach(message -> actions.add(new Action.Transmit(connection, Wire.frame(message))));
        Failure over = null;
        for (AgentSession.Signal signal : step.signals()) {
            switch (signal) {
                case AgentSession.Signal.Attached attached -> {
                    arrival = attached.arrival();
                    attachedAt = attachedAt == null ? Long.valueOf(now) : attachedAt;
                }
                case AgentSession.Signal.Failed failed -> over = failed.failure();
                case AgentSession.Signal.Refused refused -> actions.add(new Action.Refused(refused.failure()));
                case AgentSession.Signal.Renamed renamed -> actions.add(new Action.Renamed(renamed.uid()));
                case AgentSession.Signal.Received received -> actions.add(new Action.Received(received.message()));
            }
        }
        return over;
    }

    private long stableAt(long since) {
        return since + config.route().schedule().stableAfter().toNanos();
    }

    private static long sooner(long a, long b) {
        return a - b < 0 ? a : b;
    }
}
