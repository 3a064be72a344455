// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlidingCountsTest {

    private static final Duration PERIOD = Duration.ofSeconds(10);

    private record Call(long at, boolean marked) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 20261122})
    void whatIsCountedWasWithinThePeriodAndNothingIsMissingOfItsLastNineTenths(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        for (int round = 0; round < 50; round++) {
            // Near the end of what a long holds, as a monotonic clock may be.
            long begun = chance.nextBoolean() ? 0 : Long.MAX_VALUE - chance.nextLong(PERIOD.toNanos() * 20);
            SlidingCounts counts = new SlidingCounts(PERIOD, begun);
            List<Call> calls = new ArrayList<>();
            long now = begun;
            for (int step = 0; step < 300; step++) {
                now += chance.nextLong(chance.nextInt(20) == 0 ? PERIOD.toNanos() * 2 : PERIOD.toNanos() / 10);
                boolean marked = chance.nextBoolean();
                calls.add(new Call(now, marked));
                if (marked) {
                    counts.markedCall(now);
                } else {
                    counts.call(now);
                }
                now += chance.nextLong(PERIOD.toNanos() / 10);
                String run = "seed %s round %s step %s".formatted(seed, round, step);
                SlidingCounts.Counts at = counts.at(now);
                assertThat(at.calls()).as(run).isBetween(within(calls, now, 9, false), within(calls, now, 10, false));
                assertThat(at.marked()).as(run).isBetween(within(calls, now, 9, true), within(calls, now, 10, true));
            }
        }
    }

    @Test
    void aCallMayBeMarkedLater() {
        SlidingCounts counts = new SlidingCounts(PERIOD, 0);
        counts.call(0);
        counts.mark(1);
        assertThat(counts.at(1)).isEqualTo(new SlidingCounts.Counts(1, 1));
    }

    @Test
    void aClockReadBeforeItBeganDoesNoHarm() {
        SlidingCounts counts = new SlidingCounts(PERIOD, 1_000);
        counts.call(999);
        assertThat(counts.at(998)).isEqualTo(new SlidingCounts.Counts(1, 0));
    }

    @Test
    void threadsThatCountAtOnceLoseNothing() throws InterruptedException {
        SlidingCounts counts = new SlidingCounts(PERIOD, 0);
        int each = 20_000;
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            threads.add(Thread.ofPlatform().start(() -> {
                await(go);
                for (int i = 0; i < each; i++) {
                    // All through the tenths of one period, so that buckets are made by several threads at once.
                    long now = i * (PERIOD.toNanos() - 1) / each;
                    counts.call(now);
                    counts.mark(now);
                }
            }));
        }
        go.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(counts.at(PERIOD.toNanos() - 1)).isEqualTo(new SlidingCounts.Counts(4L * each, 4L * each));
    }

    @Test
    void aPeriodOutOfRangeIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SlidingCounts(Duration.ofNanos(1), 0))
                .withMessageStartingWith("period: PT0.000000001S (expected: PT0.001S to ");
    }

    private static long within(List<Call> calls, long now, int tenths, boolean marked) {
        long span = PERIOD.toNanos() / 10 * tenths;
        return calls.stream()
                .filter(call -> now - call.at < span && (call.marked || !marked))
                .count();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
