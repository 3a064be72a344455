// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.breaker.CircuitBreaker.State;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The breaker beside {@link BreakerModel}, over anything that may be done to it in any order. */
class BreakerModelTest {

    private static final int ROUNDS = 400;
    private static final int STEPS = 150;

    private record Held(Permit permit, BreakerModel.Token token) {}

    private final Set<State> reached = EnumSet.noneOf(State.class);
    private long trips;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20261122, -7})
    void itDoesWhatTheModelDoes(long seed) {
        SplittableRandom seeds = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            play("seed %s round %s".formatted(seed, round), seeds.split());
        }
        assertThat(reached).as("a test that reaches nothing shows nothing").containsExactly(State.values());
        assertThat(trips).isGreaterThan(ROUNDS);
    }

    @Test
    void theCountIsRightAfterItsWindowWentAroundManyTimes() {
        // Random rounds are too short for it.
        BreakerPolicy policy = BreakerPolicy.of(Trip.shareOfCalls(0.5, 10, 10), Duration.ofSeconds(1))
                .withOpenTime(Backoff.constant(Duration.ofSeconds(1)));
        VirtualTime time = new VirtualTime();
        CircuitBreaker breaker = new CircuitBreaker(policy, time::nanoTime, () -> 0L);
        BreakerModel model = new BreakerModel(policy);
        SplittableRandom chance = new SplittableRandom(9);
        for (int n = 0; n < 2_000; n++) {
            Held held =
                    new Held(Objects.requireNonNull(breaker.tryAcquire()), Objects.requireNonNull(model.acquire(0)));
            boolean failed = chance.nextInt(100) < 20 && breaker.snapshot().failures() < 4;
            settle(held, failed ? 1 : 0, model, time, chance);
            assertThat(breaker.snapshot()).as("call %s", n).isEqualTo(model.snapshot(0));
        }
    }

    private void play(String run, SplittableRandom chance) {
        BreakerPolicy policy = anyPolicy(chance);
        VirtualTime time = new VirtualTime();
        CircuitBreaker breaker = new CircuitBreaker(policy, time::nanoTime, () -> 0L);
        BreakerModel model = new BreakerModel(policy);
        List<Held> held = new ArrayList<>();
        StringBuilder story = new StringBuilder(run).append(": ").append(policy);
        // Most calls of a round fail, or most go well.
        int failing = chance.nextInt(101);
        for (int step = 0; step < STEPS; step++) {
            story.append('\n').append(time.elapsed()).append(' ');
            step(breaker, model, time, held, failing, chance, story);
            assertThat(breaker.snapshot()).as("%s", story).isEqualTo(model.snapshot(time.nanoTime()));
            assertThat(breaker.untilTrial())
                    .as("%s", story)
                    .isEqualTo(model.snapshot(time.nanoTime()).untilTrial());
            reached.add(breaker.state());
        }
        trips += breaker.snapshot().trips();
    }

    private static void step(
            CircuitBreaker breaker,
            BreakerModel model,
            VirtualTime time,
            List<Held> held,
            int failing,
            SplittableRandom chance,
            StringBuilder story) {
        int dice = chance.nextInt(100);
        if (dice < 40) {
            Permit permit = breaker.tryAcquire();
            BreakerModel.Token token = model.acquire(time.nanoTime());
            story.append("acquire ").append(permit != null);
            assertThat(permit != null).as("%s", story).isEqualTo(token != null);
            if (permit != null && token != null) {
                held.add(new Held(permit, token));
            }
        } else if (dice < 80 && !held.isEmpty()) {
            // One of the last in most cases, or one from long ago; a trial may be told twice.
            int newest = held.size() - 1;
            int which = chance.nextBoolean() ? newest : chance.nextInt(held.size());
            Held one = held.get(which);
            boolean again = one.token().given == State.HALF_OPEN && chance.nextInt(4) == 0;
            if (!again) {
                held.remove(which);
            }
            int how = chance.nextInt(100) < failing ? 1 + chance.nextInt(2) : chance.nextInt(6) == 0 ? 3 : 0;
            story.append("settle ").append(which).append(" how ").append(how);
            settle(one, how, model, time, chance);
        } else if (dice < 83 && !held.isEmpty()) {
            story.append("abandon");
            held.remove(chance.nextInt(held.size()));
        } else if (dice < 96) {
            Duration by = Duration.ofMillis(chance.nextInt(3) == 0 ? 1_000 : chance.nextInt(1_200));
            story.append("wait ").append(by);
            time.advance(by);
        } else {
            decree(breaker, model, time, chance.nextInt(8), story);
        }
    }

    private static void decree(
            CircuitBreaker breaker, BreakerModel model, VirtualTime time, int which, StringBuilder story) {
        switch (which) {
            case 0 -> {
                story.append("force open");
                breaker.forceOpen();
                model.changeTo(State.FORCED_OPEN, time.nanoTime());
            }
            case 1 -> {
                story.append("disable");
                breaker.disable();
                model.changeTo(State.DISABLED, time.nanoTime());
            }
            case 2, 3, 4 -> {
                story.append("reset");
                breaker.reset();
                model.changeTo(State.CLOSED, time.nanoTime());
            }
            default -> {
                story.append("probe");
                breaker.probeSucceeded();
                model.probeSucceeded(time.nanoTime());
            }
        }
    }

    private static void settle(Held held, int how, BreakerModel model, VirtualTime time, SplittableRandom chance) {
        switch (how) {
            case 0 -> {
                held.permit().success();
                model.success(held.token(), time.nanoTime());
            }
            case 1 -> {
                held.permit().failure();
                model.failure(held.token(), time.nanoTime());
            }
            case 2 -> {
                Cause[] causes = {Cause.SERVER, Cause.OVERLOAD, Cause.REJECTED};
                Failure failure = new Failure(
                        causes[chance.nextInt(3)],
                        chance.nextBoolean() ? null : Duration.ofMillis(chance.nextInt(5_000)),
                        "drawn");
                held.permit().failure(failure);
                model.failure(held.token(), failure, time.nanoTime());
            }
            default -> {
                held.permit().ignore();
                model.ignore(held.token());
            }
        }
    }

    private static BreakerPolicy anyPolicy(SplittableRandom chance) {
        double share = (1 + chance.nextInt(10)) / 10.0;
        Duration period = Duration.ofMillis(500 + 500L * chance.nextInt(6));
        Trip trip = switch (chance.nextInt(4)) {
            case 0 -> Trip.consecutive(1 + chance.nextInt(4));
            case 1 -> Trip.within(1 + chance.nextInt(5), period);
            case 2 -> {
                int calls = 1 + chance.nextInt(12);
                yield Trip.shareOfCalls(share, calls, 1 + chance.nextInt(calls));
            }
            default -> Trip.shareWithin(share, period, 1 + chance.nextInt(5));
        };
        int trials = 1 + chance.nextInt(4);
        return BreakerPolicy.of(trip, Duration.ofSeconds(1))
                .withOpenTime(Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(3)))
                .withTrials(trials, 1 + chance.nextInt(trials), Duration.ofMillis(1_500))
                .withSlowCall(chance.nextInt(3) == 0 ? Duration.ofMillis(800) : Duration.ZERO);
    }
}
