// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.LineLimit;
import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to the control plane that comes back by itself: carries out what a {@link LinkMachine} decides.
 *
 * <p>Everything happens in tasks of the {@link Time} it was given, so a link on a {@code SystemTime} has a thread of
 * its own that no other work can hold up, and a link on a {@code VirtualTime} runs a year in a moment. All methods may
 * be called from any thread.
 */
public final class Link {

    private static final Logger log = LoggerFactory.getLogger(Link.class);

    /** How many delays are explained in a row at the start of an outage. */
    private static final int LINES = 20;

    /** How often one more is explained after those. */
    private static final Duration LINE_INTERVAL = Duration.ofMinutes(1);

    /** How long a stop waits for the server to close its end. */
    private static final Duration GOODBYE = Duration.ofSeconds(2);

    private final LinkMachine machine;
    private final LinkConfig config;
    private final Transport transport;
    private final Time time;
    private final LinkListener listener;
    private final CompletableFuture<Void> stopped = new CompletableFuture<>();

    private final ClockWatch clocks;

    private LineLimit lines;
    private @Nullable Open open;

    /** A look at another server, beside the connection. */
    private @Nullable Open look;

    private InstanceUid uid;

    /** Custom messages that wait until nothing else is to be sent. */
    private final Deque<Waiting> waiting = new ArrayDeque<>();

    private Time.@Nullable Scheduled alarm;

    private volatile LinkPhase phase = LinkPhase.IDLE;

    /**
     * A link that is idle.
     *
     * @param self what to tell a server
     * @param process 128 random bits as hexadecimal digits, drawn when this process started
     * @param time whose tasks the link runs in; it must not be shared with work that takes long
     * @param chance where jitter is drawn from
     * @param transport what connections are made of; it is closed with the link
     */
    public Link(
            LinkConfig config,
            AgentState self,
            String process,
            LinkListener listener,
            Time time,
            RandomGenerator chance,
            Transport transport) {
        this.config = config;
        this.uid = self.uid();
        this.clocks = new ClockWatch(time);
        this.machine = new LinkMachine(config, self, process, chance);
        this.listener = listener;
        this.time = time;
        this.transport = transport;
        this.lines = freshLines();
    }

    /** Where the link stands. */
    public LinkPhase phase() {
        return phase;
    }

    /** Begins to connect, and returns at once. */
    public void start() {
        time.execute(() -> {
            carryOut(machine.start(time.nanoTime()));
            watchClocks();
        });
    }

    private void watchClocks() {
        Duration slept = clocks.slept();
        if (slept.isPositive()) {
            log.info("this machine slept for {}: the link is looked after at once", Durations.print(slept));
            carryOut(machine.suspended(slept, time.nanoTime()));
        }
        if (phase != LinkPhase.STOPPED) {
            time.schedule(ClockWatch.INTERVAL, this::watchClocks);
        }
    }

    /** Tells the server how the agent is doing: now if it is attached, else when it next is. */
    public void report(Health health) {
        time.execute(() -> carryOut(machine.report(health, time.nanoTime())));
    }

    /**
     * Whether the server now attached to takes messages of a custom capability. To be asked on the link's own thread,
     * as by a listener.
     */
    public boolean serverTakes(String customCapability) {
        return machine.serverTakes(customCapability);
    }

    /**
     * Sends a custom message if the link is attached to a server that takes it. Those of one caller go in order. What
     * the link itself has to say never waits for more than the one of them that is being sent.
     *
     * @return whether it was handed over to be sent; that it arrived is not said
     */
    public CompletionStage<Boolean> send(CustomMessage message) {
        Waiting one = new Waiting(message, new CompletableFuture<>());
        time.execute(() -> {
            if (open == null || !machine.serverTakes(message.capability())) {
                one.sent().complete(false);
            } else {
                waiting.add(one);
                sendWaiting();
            }
        });
        return one.sent();
    }

    /** Its number in the conversation is drawn only when nothing can be said before it any more. */
    private void sendWaiting() {
        while (open != null && open.outgoing().isIdle() && !waiting.isEmpty()) {
            Waiting next = waiting.remove();
            boolean takes = machine.serverTakes(next.message().capability());
            if (takes) {
                carryOut(machine.send(next.message(), time.nanoTime()));
            }
            next.sent().complete(takes);
        }
    }

    private void forgetWaiting() {
        List<Waiting> gone = List.copyOf(waiting);
        waiting.clear();
        gone.forEach(each -> each.sent().complete(false));
    }

    /**
     * Ends the link for good. If it is connected the server is told first.
     *
     * @return complete once the server has closed the connection, or after 2 s at the latest
     */
    public CompletionStage<Void> stop() {
        time.execute(() -> {
            carryOut(machine.stop(time.nanoTime()));
            if (open == null) {
                stopped.complete(null);
            } else {
                time.schedule(GOODBYE, () -> stopped.complete(null));
            }
        });
        return stopped.whenComplete((done, thrown) -> transport.close());
    }

    /**
     * Carries out what the machine decided. The machine has moved on already, so the phase is told and the alarm set
     * before anything else, and an action that throws keeps none of the others from being carried out: whatever a
     * listener or a transport does, the link goes on.
     */
    private void carryOut(List<Action> actions) {
        phase = machine.phase();
        setAlarm();
        Throwable first = null;
        for (Action action : actions) {
            try {
                carryOut(action);
            } catch (RuntimeException | Error e) {
                first = first == null ? e : first;
            }
        }
        switch (first) {
            case null -> {}
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
            default -> throw new IllegalStateException("only these two are caught", first);
        }
    }

    private void setAlarm() {
        if (alarm != null) {
            alarm.cancel();
            alarm = null;
        }
        OptionalLong wakeAt = machine.wakeAt();
        if (wakeAt.isPresent()) {
            Duration delay = Duration.ofNanos(wakeAt.getAsLong() - time.nanoTime());
            // Behind what the transport has handed over by then, so that an answer is heard before silence is judged.
            alarm = time.schedule(delay, () -> time.execute(() -> carryOut(machine.wake(time.nanoTime()))));
        }
    }

    private void carryOut(Action action) {
        switch (action) {
            case Action.Dial dial -> open = dial(dial.connection(), dial.leg(), dial.headers());
            case Action.Look at ->
                look = dial(at.connection(), new Route.Leg(at.server(), Way.WEBSOCKET, true), Map.of());
            case Action.Proceed proceed -> {
                if (open != null && open.number() == proceed.connection()) {
                    open.connection().proceed();
                }
            }
            case Action.Transmit transmit -> send(transmit.connection(), to -> to.transmit(transmit.frame()));
            case Action.Ping ping -> send(ping.connection(), Transport.Connection::ping);
            case Action.Close close -> send(close.connection(), Transport.Connection::close);
            case Action.Abort abort -> abort(abort.connection());
            case Action.Attached attached -> attached(attached.arrival(), attached.recovery());
            case Action.Lost lost -> {
                forgetWaiting();
                listener.lost(lost.failure());
            }
            case Action.Waits waits -> waits(waits.delay());
            case Action.Refused refused ->
                log.warn("the server refused a message: {}", refused.failure().detail());
            case Action.Renamed renamed -> {
                log.warn(
                        "the server gave this agent the uid {}, since another process goes by {}, which was its own"
                                + " until now: most likely a data directory was copied with the instance_uid in it",
                        renamed.uid(),
                        uid);
                uid = renamed.uid();
                listener.renamed(renamed.uid());
            }
            case Action.Received received -> listener.received(received.message());
        }
    }

    private @Nullable Open dial(long number, Route.Leg leg, Map<String, String> headers) {
        Transport.Connection connection;
        try {
            connection = transport.dial(leg, headers, new Told(number));
        } catch (RuntimeException | Error e) {
            // Out of threads, say: an attempt that failed like any other.
            Failure failure = Classifier.standard().failure(e);
            time.execute(() -> ended(number, failure));
            return null;
        }
        Outgoing outgoing =
                new Outgoing(time, sendTimeout(leg.way()), failure -> ended(number, failure), this::sendWaiting);
        return new Open(number, connection, outgoing);
    }

    /** Where each message is a request, sending one takes until it is answered: that is the session's to judge. */
    private Duration sendTimeout(Way way) {
        Duration send = config.timeouts().send();
        Duration answer = config.session().register();
        return way == Way.POLLING && answer.compareTo(send) > 0 ? answer : send;
    }

    private void send(long number, Function<Transport.Connection, CompletionStage<?>> send) {
        Open to = open;
        if (to != null && to.number() == number) {
            to.outgoing().add(() -> send.apply(to.connection()));
        }
    }

    private void ended(long number, Failure failure) {
        carryOut(machine.failed(number, failure, time.nanoTime()));
        abort(number);
        if (machine.phase() == LinkPhase.STOPPED) {
            stopped.complete(null);
        }
    }

    private void abort(long number) {
        Open gone = open;
        if (gone != null && gone.number() == number) {
            open = null;
            gone.outgoing().clear();
            gone.connection().abort();
            forgetWaiting();
        }
        Open looked = look;
        if (looked != null && looked.number() == number) {
            look = null;
            looked.connection().abort();
        }
    }

    private void attached(AgentSession.Arrival arrival, Recovery recovery) {
        log.info("link attached: {} at {}", arrival, recovery);
        listener.recovered(recovery);
        listener.attached(recovery.server());
        switch (arrival) {
            case REJOINED -> listener.rejoined();
            case REGISTERED -> listener.registered();
        }
    }

    private void waits(Delay delay) {
        if (delay.attempt() == 1) {
            if (lines.leftOut() > 0) {
                log.warn("{} lines on delays of the outage before were left out", lines.leftOut());
            }
            lines = freshLines();
        }
        OptionalLong leftOut = lines.admit(time.nanoTime());
        if (leftOut.isPresent()) {
            String more = leftOut.getAsLong() == 0 ? "" : " (" + leftOut.getAsLong() + " lines like this left out)";
            log.warn("link down: {}{}", delay, more);
        }
        listener.waits(delay);
    }

    private LineLimit freshLines() {
        return new LineLimit(LINES, LINE_INTERVAL, time.nanoTime());
    }

    /** A custom message, and who asked for it to be sent. */
    private record Waiting(CustomMessage message, CompletableFuture<Boolean> sent) {}

    /** The connection at hand, whether dialing or open. */
    private record Open(long number, Transport.Connection connection, Outgoing outgoing) {}

    /** Passes on what becomes of a connection, from whatever thread, to the loop. */
    private final class Told implements Transport.Events {

        private final long number;

        Told(long number) {
            this.number = number;
        }

        @Override
        public void probed(ProbeResult found) {
            time.execute(() -> carryOut(machine.probed(number, found, time.nanoTime())));
        }

        @Override
        public void blocked(Failure failure) {
            time.execute(() -> {
                carryOut(machine.blocked(number, failure, time.nanoTime()));
                abort(number);
            });
        }

        @Override
        public void opened() {
            time.execute(() -> carryOut(machine.opened(number, time.nanoTime())));
        }

        @Override
        public void failed(Failure failure) {
            time.execute(() -> ended(number, failure));
        }

        @Override
        public void received(ByteBuffer frame) {
            time.execute(() -> carryOut(machine.received(number, frame, time.nanoTime())));
        }

        @Override
        public void pong() {
            time.execute(() -> carryOut(machine.pong(number)));
        }
    }
}
