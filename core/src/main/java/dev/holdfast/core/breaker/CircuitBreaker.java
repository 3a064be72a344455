// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.ListenerGuard;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
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
    private final ListenerGuard guard;
    private final Classifier classifier;
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
     * @param listener is told of each change by the thread that made it, so that changes which follow each other
     *     closely on different threads may be heard in another order; what it throws is logged
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
        this.guard = new ListenerGuard("a circuit breaker", clock);
        this.trialNanos = policy.trialTimeout().toNanos();
        this.phase = new Closed(this, policy, clock, null);
    }

    /** Leave to make one call, or null if it is not to be made now. */
    public @Nullable Permit tryAcquire() {
        while (true) {
            Phase now = phase;
            switch (now) {
                case Closed closed -> {
                    Permit permit = closed.permit();
                    return permit != null ? permit : refuse();
                }
                case Phase.Open open -> {
                    if (open.nanosLeft(clock.getAsLong()) > 0) {
                        return refuse();
                    }
                    beginTrials(open, "its open time is over");
                }
                case Phase.HalfOpen halfOpen -> {
                    long instant = clock.getAsLong();
                    Trials live = halfOpen.trials().withoutThoseBegunBefore(instant - trialNanos);
                    if (live.count() >= policy.trials()) {
                        return refuse();
                    }
                    Permit trial = new TrialPermit(this, policy, clock, instant);
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
            Phase now = phase;
            throw new CircuitOpenException(now.state(), left(now));
        }
        return permit;
    }

    /**
     * Makes one call if it may be made, and settles it: what it throws is a failure unless its cause is one of
     * {@link BreakerPolicy#ignored}. An {@link Error}, and a call that was {@linkplain Classifier#isCalledOff called
     * off}, say nothing about the other side and are ignored.
     *
     * @throws CircuitOpenException if it is not to be made now
     * @throws Exception what the call throws
     */
    public <T extends @Nullable Object> T call(Callable<T> call) throws Exception {
        return Calls.call(this, classifier, call);
    }

    /**
     * Makes one call whose result comes later, and settles it as {@link #call} does.
     *
     * @return completes as the call does, or with a {@link CircuitOpenException} if it is not to be made now;
     *     cancelled, it cancels the call if that is a future
     */
    public <T extends @Nullable Object> CompletableFuture<T> callAsync(Supplier<? extends CompletionStage<T>> call) {
        return Calls.callAsync(this, classifier, call);
    }

    /** A probe found the other side well: an open breaker gives out trials at once. Without effect in other states. */
    public void probeSucceeded() {
        if (phase instanceof Phase.Open open) {
            beginTrials(open, "a probe succeeded");
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
        changeTo(new Closed(this, policy, clock, null), "reset");
    }

    /** What it is doing. An open one whose time is over is open until it is asked for a permit. */
    public State state() {
        return phase.state();
    }

    /** How long until an open breaker gives out a trial; zero in other states. */
    public Duration untilTrial() {
        return left(phase);
    }

    private Duration left(Phase now) {
        return now instanceof Phase.Open open
                ? Duration.ofNanos(Math.max(0, open.nanosLeft(clock.getAsLong())))
                : Duration.ZERO;
    }

    /** What it is doing and has counted. */
    public Snapshot snapshot() {
        Phase now = phase;
        Tally.Figures figures = switch (now) {
            case Closed closed -> closed.figures();
            case Phase.HalfOpen trying ->
                new Tally.Figures(
                        trying.trials().failed(),
                        (long) trying.trials().failed() + trying.trials().succeeded());
            default -> new Tally.Figures(0, 0);
        };
        int underWay = now instanceof Phase.HalfOpen trying
                ? trying.trials().underWay().size()
                : 0;
        return new Snapshot(
                now.state(), figures.failures(), figures.calls(), underWay, left(now), trips.get(), refused.get());
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
        if (from instanceof Closed && to instanceof Phase.Open) {
            trips.incrementAndGet();
        }
        if (from.state() != to.state()) {
            guard.tell(() -> listener.accept(new Transition(from.state(), to.state(), why)));
        }
    }

    private void beginTrials(Phase.Open open, String why) {
        change(open, new Phase.HalfOpen(open, Trials.none(clock.getAsLong())), why);
    }

    private Phase.Open opened(int streak, Duration previous, long notBefore) {
        long now = clock.getAsLong();
        Duration asked = Duration.ofNanos(Math.max(0, notBefore - now));
        Duration openTime;
        synchronized (chance) {
            openTime = policy.openTime().delay(streak, previous, asked, chance);
        }
        return new Phase.Open(now, openTime, streak);
    }

    private Phase.Open openedAgain(Phase.Open last, long notBefore) {
        int streak = last.streak() == Integer.MAX_VALUE ? last.streak() : last.streak() + 1;
        return opened(streak, last.length(), notBefore);
    }

    private Closed closed() {
        Duration length = policy.ramp();
        return new Closed(this, policy, clock, length.isZero() ? null : new Ramp(clock.getAsLong(), length.toNanos()));
    }

    /** Carries out that what {@code closed} has counted trips the breaker. */
    void trip(Closed closed) {
        if (phase == closed) {
            change(closed, opened(1, Duration.ZERO, closed.notBefore()), "it tripped: " + policy.trip());
        }
    }

    /** Changes the trials if {@code trial} is one of those under way, and carries out what follows. */
    void settle(Permit trial, UnaryOperator<Trials> how) {
        while (phase instanceof Phase.HalfOpen now && now.trials().includes(trial)) {
            Trials settled = how.apply(now.trials());
            boolean done;
            if (settled.succeeded() >= policy.successes()) {
                done = change(now, closed(), "enough trials went well");
            } else if (settled.failed() > policy.trials() - policy.successes()) {
                done = change(now, openedAgain(now.last(), settled.notBefore()), "too many trials failed");
            } else {
                done = PHASE.compareAndSet(this, now, new Phase.HalfOpen(now.last(), settled));
            }
            if (done) {
                return;
            }
        }
    }
}
