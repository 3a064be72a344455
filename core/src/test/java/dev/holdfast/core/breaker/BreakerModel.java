// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.breaker.CircuitBreaker.State;
import dev.holdfast.core.policy.Failure;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a breaker is to do, slowly and plainly: it keeps everything that happened and looks through all of it each time.
 * Knows no ramp and no jitter.
 */
final class BreakerModel {

    /** A permit. What belongs to a phase that has passed is known by its number. */
    static final class Token {
        final int phase;
        final State given;
        final long at;
        boolean settled;
        boolean failed;
        boolean succeeded;
        boolean lapsed;

        Token(int phase, State given, long at) {
            this.phase = phase;
            this.given = given;
            this.at = at;
        }
    }

    /** A call that counted while the breaker was closed. */
    private record Call(long at, boolean failed) {}

    private final BreakerPolicy policy;
    private State state = State.CLOSED;
    private int phase;
    private long phaseBegan;
    private final List<Call> calls = new ArrayList<>();
    private final List<Token> trials = new ArrayList<>();
    private final List<Long> askedUntil = new ArrayList<>();
    private int openings;
    private long openFor;
    private long trips;
    private long refused;

    BreakerModel(BreakerPolicy policy) {
        this.policy = policy;
    }

    @Nullable
    Token acquire(long now) {
        if (state == State.OPEN && now - phaseBegan >= openFor) {
            begin(State.HALF_OPEN, now);
        }
        if (state == State.HALF_OPEN) {
            List<Token> lapsing = trials.stream()
                    .filter(trial -> !trial.settled
                            && now - trial.at >= policy.trialTimeout().toNanos())
                    .toList();
            long counted = trials.stream().filter(trial -> !trial.lapsed).count()
                    - lapsing.stream().filter(trial -> !trial.lapsed).count();
            if (counted >= policy.trials()) {
                refused++;
                return null;
            }
            lapsing.forEach(trial -> trial.lapsed = true);
            Token trial = new Token(phase, state, now);
            trials.add(trial);
            return trial;
        }
        if (state == State.OPEN || state == State.FORCED_OPEN) {
            refused++;
            return null;
        }
        return new Token(phase, state, now);
    }

    void success(Token token, long now) {
        boolean slow = policy.slowCall().isPositive()
                && now - token.at >= policy.slowCall().toNanos();
        if (slow) {
            failure(token, now);
        } else {
            settle(token, false, now);
        }
    }

    void failure(Token token, long now) {
        settle(token, true, now);
    }

    void failure(Token token, Failure failure, long now) {
        if (policy.ignored().contains(failure.cause())) {
            ignore(token);
            return;
        }
        if (token.phase == phase && !token.settled && !token.lapsed) {
            askedUntil.add(now + failure.floor().toNanos());
        }
        settle(token, true, now);
    }

    void ignore(Token token) {
        if (token.phase == phase && token.given == State.HALF_OPEN && !token.settled) {
            trials.remove(token);
            token.settled = true;
        }
    }

    private void settle(Token token, boolean failed, long now) {
        if (token.phase != phase) {
            return;
        }
        if (token.given == State.CLOSED) {
            calls.add(new Call(now, failed));
            if (failed && trips(now)) {
                trips++;
                openings = 0;
                open(now);
            }
        } else if (token.given == State.HALF_OPEN && !token.settled && !token.lapsed) {
            token.settled = true;
            token.failed = failed;
            token.succeeded = !failed;
            if (trials.stream().filter(trial -> trial.succeeded).count() == policy.successes()) {
                begin(State.CLOSED, now);
            } else if (trials.stream().filter(trial -> trial.failed).count()
                    == policy.trials() - policy.successes() + 1) {
                open(now);
            }
        }
    }

    private boolean trips(long now) {
        return switch (policy.trip()) {
            case Trip.Consecutive trip -> failures(last(trip.failures())) == trip.failures();
            case Trip.Within trip ->
                calls.stream()
                                .filter(call -> call.failed
                                        && now - call.at <= trip.period().toNanos())
                                .count()
                        >= trip.failures();
            case Trip.ShareOfCalls trip ->
                last(trip.calls()).size() >= trip.minimum()
                        && failures(last(trip.calls()))
                                >= Math.ceil(trip.share() * last(trip.calls()).size() - 1e-9);
            case Trip.ShareWithin trip ->
                within(trip, now).size() >= trip.minimum()
                        && failures(within(trip, now))
                                >= Math.ceil(trip.share() * within(trip, now).size() - 1e-9);
        };
    }

    private List<Call> last(int count) {
        return calls.subList(Math.max(0, calls.size() - count), calls.size());
    }

    /** Those of the tenth under way and of the nine before it. */
    private List<Call> within(Trip.ShareWithin trip, long now) {
        long tenth = trip.period().toNanos() / 10;
        return calls.stream()
                .filter(call -> (call.at - phaseBegan) / tenth > (now - phaseBegan) / tenth - 10)
                .toList();
    }

    private static long failures(List<Call> calls) {
        return calls.stream().filter(Call::failed).count();
    }

    private void open(long now) {
        openings++;
        long asked = askedUntil.stream().mapToLong(until -> until - now).max().orElse(0);
        openFor = Math.max(policy.openTime().envelope(openings).toNanos(), asked);
        begin(State.OPEN, now);
    }

    private void begin(State next, long now) {
        state = next;
        phase++;
        phaseBegan = now;
        calls.clear();
        trials.clear();
        askedUntil.clear();
    }

    void probeSucceeded(long now) {
        if (state == State.OPEN) {
            begin(State.HALF_OPEN, now);
        }
    }

    void changeTo(State next, long now) {
        begin(next, now);
    }

    /** What {@link CircuitBreaker#snapshot} is to say. */
    Snapshot snapshot(long now) {
        long left = state == State.OPEN ? Math.max(0, openFor - (now - phaseBegan)) : 0;
        long underWay =
                trials.stream().filter(trial -> !trial.settled && !trial.lapsed).count();
        List<Call> judged = new ArrayList<>();
        switch (policy.trip()) {
            case Trip.Consecutive trip -> {
                for (int i = calls.size() - 1; i >= 0 && calls.get(i).failed; i--) {
                    judged.add(calls.get(i));
                }
            }
            case Trip.Within trip ->
                calls.stream()
                        .filter(call ->
                                call.failed && now - call.at <= trip.period().toNanos())
                        .forEach(judged::add);
            case Trip.ShareOfCalls trip -> judged.addAll(last(trip.calls()));
            case Trip.ShareWithin trip -> judged.addAll(within(trip, now));
        }
        trials.stream().filter(trial -> trial.settled).forEach(trial -> judged.add(new Call(trial.at, trial.failed)));
        return new Snapshot(
                state,
                failures(judged),
                judged.size(),
                (int) underWay,
                java.time.Duration.ofNanos(left),
                trips,
                refused);
    }
}
