// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.Classifier;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Stops calling what fails, and finds out with a few trials when it is well again.
 *
 * <pre>
 *            trips                 open time over, or a good probe
 *   closed ─────────▶ open ──────────────────────────────────────▶ half-open
 *      ▲                ▲   a trial too many failed                   │  │
 *      │                └─────────────────────────────────────────────┘  │
 *      └────────────────────────── enough trials went well ──────────────┘
 * </pre>
 *
 * <p>Every call needs a {@link Permit}, which is settled once the call is over. While the breaker is closed all calls
 * share one permit, so that neither taking nor settling it locks or allocates (a policy with slow calls allocates one
 * per call). Results that come late, for a state that has passed, are not counted.
 *
 * <p>It does nothing by itself: an open breaker becomes half-open when it is next asked for a permit after its time,
 * or told of a good probe. It works on the clock it was given and no other. Safe for use by any thread.
 */
public final class CircuitBreaker {

    /** What a breaker is doing. */
    public enum State {
        /** Calls go through. */
        CLOSED,
        /** No call goes through until the open time is over. */
        OPEN,
        /** Trials go through. */
        HALF_OPEN,
        /** No call goes through until told otherwise. */
        FORCED_OPEN,
        /** Every call goes through and none is counted, until told otherwise. */
        DISABLED
    }

    private static final VarHandle PHASE;

    static {
        try {
            PHASE = MethodHandles.lookup().findVarHandle(CircuitBreaker.class, "phase", Phase.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final BreakerPolicy policy;
    private final LongSupplier clock;
    private final RandomGenerator chance;
    private final Consumer<Transition> listener;
    private final Classifier classifier;
    private final long slowNanos;
    private final long trialNanos;
    private volatile Phase phase;
    private final AtomicLong trips = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    /**
     * A closed breaker.
     *
     * @param clock monotonic nanoseconds, such as {@code time::nanoTime}
     * @param chance where the jitter of open times comes from; used by one thread at a time
     */
    public CircuitBreaker(BreakerPolicy policy, LongSupplier clock, RandomGenerator chance) {
        this(policy, clock, chance, Classifier.standard(), transition -> {});
    }

    /**
     * A closed breaker that tells what becomes of it.
     *
     * @param clock monotonic nanoseconds, such as {@code time::nanoTime}
     * @param chance where the jitter of open times comes from; used by one thread at a time
     * @param classifier tells {@link #call} why a call failed
     * @param listener is told of each change by the thread that made it; what it throws comes out there
     */
    public CircuitBreaker(
            BreakerPolicy policy,
            LongSupplier clock,
            RandomGenerator chance,
            Classifier classifier,
            Consumer<Transition> listener) {
        this.policy = policy;
        this.clock = clock;
        this.chance = chance;
        this.classifier = classifier;
        this.listener = listener;
        this.slowNanos = policy.slowCall().toNanos();
        this.trialNanos = policy.trialTimeout().toNanos();
        this.phase = new Closed(null);
    }

    /** Leave to make one call, or null if it is not to be made now. */
    public @Nullable Permit tryAcquire() {
        while (true) {
            Phase now = phase;
            switch (now) {
                case Closed closed -> {
                    return closed.permit();
                }
                case Phase.Open open -> {
                    if (open.nanosLeft(clock.getAsLong()) > 0) {
                        return refuse();
                    }
                    change(open, new Phase.HalfOpen(open, Trials.NONE), "its open time is over");
                }
                case Phase.HalfOpen halfOpen -> {
                    long instant = clock.getAsLong();
                    Trials live = halfOpen.trials().withoutThoseBegunBefore(instant - trialNanos);
                    if (live.count() >= policy.trials()) {
                        return refuse();
                    }
                    Permit trial = new TrialPermit(instant);
                    if (PHASE.compareAndSet(
                            this, halfOpen, new Phase.HalfOpen(halfOpen.last(), live.with(trial, instant)))) {
                        return trial;
                    }
                }
                case Phase.ForcedOpen forced -> {
                    return refuse();
                }
                case Phase.Disabled disabled -> {
                    return disabled;
                }
            }
        }
    }

    /**
     * Leave to make one call.
     *
     * @throws CircuitOpenException if it is not to be made now
     */
    public Permit acquire() throws CircuitOpenException {
        Permit permit = tryAcquire();
        if (permit == null) {
            throw new CircuitOpenException(untilTrial());
        }
        return permit;
    }

    /**
     * Makes one call if it may be made, and settles it: what it throws is a failure unless its cause is one of
     * {@link BreakerPolicy#ignored}. An {@link InterruptedException} is ignored.
     *
     * @throws CircuitOpenException if it is not to be made now
     * @throws Exception what the call throws
     */
    public <T extends @Nullable Object> T call(Callable<T> call) throws Exception {
        Permit permit = acquire();
        T result;
        try {
            result = call.call();
        } catch (InterruptedException e) {
            permit.ignore();
            throw e;
        } catch (Throwable e) {
            if (policy.ignored().contains(classifier.failure(e).cause())) {
                permit.ignore();
            } else {
                permit.failure();
            }
            throw e;
        }
        permit.success();
        return result;
    }

    /** A probe found the other side well: an open breaker gives out trials at once. Without effect in other states. */
    public void probeSucceeded() {
        if (phase instanceof Phase.Open open) {
            change(open, new Phase.HalfOpen(open, Trials.NONE), "a probe succeeded");
        }
    }

    /** Lets no call through until {@link #reset} or {@link #disable}. */
    public void forceOpen() {
        changeTo(new Phase.ForcedOpen(), "forced open");
    }

    /** Lets every call through and counts none until {@link #reset} or {@link #forceOpen}. */
    public void disable() {
        changeTo(new Phase.Disabled(), "disabled");
    }

    /** Closes it, whatever it was doing, and forgets what it has counted. */
    public void reset() {
        changeTo(new Closed(null), "reset");
    }

    /** What it is doing. An open one whose time is over is open until it is asked for a permit. */
    public State state() {
        return phase.state();
    }

    /** How long until an open breaker gives out a trial; zero in other states. */
    public Duration untilTrial() {
        return phase instanceof Phase.Open open
                ? Duration.ofNanos(Math.max(0, open.nanosLeft(clock.getAsLong())))
                : Duration.ZERO;
    }

    /** What it is doing and has counted. */
    public Snapshot snapshot() {
        Phase now = phase;
        Tally.Figures figures = switch (now) {
            case Closed closed -> closed.tally.figures(clock);
            case Phase.HalfOpen trying ->
                new Tally.Figures(
                        trying.trials().failed(),
                        (long) trying.trials().failed() + trying.trials().succeeded());
            default -> new Tally.Figures(0, 0);
        };
        int underWay = now instanceof Phase.HalfOpen trying
                ? trying.trials().underWay().size()
                : 0;
        Duration left = now instanceof Phase.Open open
                ? Duration.ofNanos(Math.max(0, open.nanosLeft(clock.getAsLong())))
                : Duration.ZERO;
        return new Snapshot(
                now.state(), figures.failures(), figures.calls(), underWay, left, trips.get(), refused.get());
    }

    private @Nullable Permit refuse() {
        refused.incrementAndGet();
        return null;
    }

    private void changeTo(Phase next, String why) {
        tell((Phase) PHASE.getAndSet(this, next), next, why);
    }

    private boolean change(Phase from, Phase to, String why) {
        boolean changed = PHASE.compareAndSet(this, from, to);
        if (changed) {
            tell(from, to, why);
        }
        return changed;
    }

    private void tell(Phase from, Phase to, String why) {
        if (from.state() != to.state()) {
            listener.accept(new Transition(from.state(), to.state(), why));
        }
    }

    private Phase.Open opened(int streak, Duration previous) {
        Duration openTime;
        synchronized (chance) {
            openTime = policy.openTime().delay(streak, previous, chance);
        }
        return new Phase.Open(clock.getAsLong(), openTime, streak);
    }

    private Phase.Open openedAgain(Phase.Open last) {
        return opened(last.streak() == Integer.MAX_VALUE ? last.streak() : last.streak() + 1, last.length());
    }

    private Closed closed() {
        return new Closed(
                policy.ramp().isZero()
                        ? null
                        : new Ramp(clock.getAsLong(), policy.ramp().toNanos()));
    }

    private void trip(Closed closed) {
        if (phase == closed && change(closed, opened(1, Duration.ZERO), "it tripped: " + policy.trip())) {
            trips.incrementAndGet();
        }
    }

    private void settle(Permit trial, boolean success, boolean failure) {
        while (phase instanceof Phase.HalfOpen now && now.trials().includes(trial)) {
            Trials settled = now.trials().settled(trial, success, failure);
            boolean done;
            if (settled.succeeded() >= policy.successes()) {
                done = change(now, closed(), "enough trials went well");
            } else if (settled.failed() > policy.trials() - policy.successes()) {
                done = change(now, openedAgain(now.last()), "too many trials failed");
            } else {
                done = PHASE.compareAndSet(this, now, new Phase.HalfOpen(now.last(), settled));
            }
            if (done) {
                return;
            }
        }
    }

    private boolean isSlow(long since) {
        return slowNanos > 0 && clock.getAsLong() - since >= slowNanos;
    }

    /** Also the permit of every call that is made meanwhile. */
    final class Closed implements Phase, Permit {

        private final Tally tally = Tally.of(policy.trip(), clock);
        private volatile @Nullable Ramp ramp;

        Closed(@Nullable Ramp ramp) {
            this.ramp = ramp;
        }

        @Override
        public State state() {
            return State.CLOSED;
        }

        @Nullable
        Permit permit() {
            Ramp held = ramp;
            if (held != null) {
                long now = clock.getAsLong();
                if (held.isOver(now)) {
                    ramp = null;
                } else if (!held.letsThrough(now)) {
                    return refuse();
                }
            }
            return slowNanos == 0 ? this : new TimedPermit(this, clock.getAsLong());
        }

        @Override
        public void success() {
            tally.success(clock);
        }

        @Override
        public void failure() {
            if (tally.failure(clock)) {
                trip(this);
            }
        }

        @Override
        public void ignore() {}
    }

    /** A closed breaker's permit that knows when it was given. */
    private final class TimedPermit implements Permit {

        private final Closed closed;
        private final long since;

        TimedPermit(Closed closed, long since) {
            this.closed = closed;
            this.since = since;
        }

        @Override
        public void success() {
            if (isSlow(since)) {
                closed.failure();
            } else {
                closed.success();
            }
        }

        @Override
        public void failure() {
            closed.failure();
        }

        @Override
        public void ignore() {}
    }

    /** The permit of one trial. */
    private final class TrialPermit implements Permit {

        private final long since;

        TrialPermit(long since) {
            this.since = since;
        }

        @Override
        public void success() {
            boolean slow = isSlow(since);
            settle(this, !slow, slow);
        }

        @Override
        public void failure() {
            settle(this, false, true);
        }

        @Override
        public void ignore() {
            settle(this, false, false);
        }
    }
}
