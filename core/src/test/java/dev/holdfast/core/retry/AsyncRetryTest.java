// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Time;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls that nobody waits for. */
class AsyncRetryTest {

    private static final RetryPolicy POLICY = RetryPolicy.of(
                    Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60)))
            .withMaxAttempts(5);
    private static final Duration LONG = Duration.ofDays(1);

    private final VirtualTime time = new VirtualTime();
    private final Retry retry = new Retry(POLICY, time, () -> 0L);

    /** What was begun, in order; a test ends each as it likes. */
    private final List<CompletableFuture<@Nullable String>> begun = new ArrayList<>();

    @Test
    void aCallIsMadeAgainAfterItsDelaysUntilItGoesWell() {
        CompletableFuture<@Nullable String> result = retry.callAsync(this::begin);
        begun.get(0).completeExceptionally(new IOException("attempt 1"));
        assertThat(begun).hasSize(1);
        time.advance(Duration.ofSeconds(1));
        begun.get(1).completeExceptionally(new CompletionException(new IOException("attempt 2")));
        time.advance(Duration.ofSeconds(2));
        assertThat(result).isNotDone();
        begun.get(2).complete("well");
        assertThat(result).isCompletedWithValue("well");
        assertThat(time.waiting()).isZero();
    }

    @Test
    void aCallMayGiveNullInTheEnd() {
        CompletableFuture<@Nullable String> result = retry.callAsync(this::begin);
        begun.get(0).complete(null);
        assertThat(result).isCompletedWithValue(null);
    }

    @Test
    void theLastFailureComesOutAndCarriesTheOthers() {
        AtomicInteger attempts = new AtomicInteger();
        CompletableFuture<String> result = retry.callAsync(
                () -> CompletableFuture.failedFuture(new IOException("attempt " + attempts.incrementAndGet())));
        time.advance(LONG);
        assertThatThrownBy(result::join)
                .cause()
                .hasMessage("attempt 5")
                .satisfies(thrown -> assertThat(thrown.getSuppressed())
                        .extracting(Throwable::getMessage)
                        .containsExactly("attempt 1", "attempt 2", "attempt 3", "attempt 4"));
    }

    @Test
    void whatTheCallThrowsIsAFailedAttempt() {
        AtomicInteger attempts = new AtomicInteger();
        CompletableFuture<String> result = retry.callAsync(() -> {
            if (attempts.incrementAndGet() == 1) {
                throw new IllegalStateException("at once");
            }
            return CompletableFuture.completedFuture("well");
        });
        time.advance(LONG);
        assertThat(result).isCompletedWithValue("well");
    }

    @Test
    void noStageIsADefectAndEndsIt() {
        AtomicInteger attempts = new AtomicInteger();
        CompletableFuture<String> result = retry.callAsync(() -> {
            attempts.incrementAndGet();
            return null;
        });
        assertThatThrownBy(result::join)
                .cause()
                .isInstanceOf(NullPointerException.class)
                .hasMessage("the call gave null for its stage");
        assertThat(attempts).hasValue(1);
    }

    @Test
    void anErrorIsTheEndWhereverItComesFrom() {
        CompletableFuture<@Nullable String> result = retry.callAsync(this::begin);
        begun.get(0).completeExceptionally(new IOException("attempt 1"));
        time.advance(Duration.ofSeconds(1));
        begun.get(1).completeExceptionally(new AssertionError("attempt 2"));
        assertThatThrownBy(result::join)
                .cause()
                .isInstanceOf(AssertionError.class)
                .hasSuppressedException(new IOException("attempt 1"));
        CompletableFuture<String> thrown = retry.callAsync(() -> {
            throw new AssertionError("at once");
        });
        assertThatThrownBy(thrown::join).cause().hasMessage("at once");
    }

    @Test
    void cancelledInAnAttemptItCancelsThatAndMakesNoOther() {
        CompletableFuture<@Nullable String> result = retry.callAsync(this::begin);
        result.cancel(true);
        time.advance(LONG);
        assertThat(begun)
                .hasSize(1)
                .first()
                .satisfies(attempt -> assertThat(attempt).isCancelled());
    }

    @Test
    void cancelledInAWaitItEndsTheWaitAndMakesNoOther() {
        CompletableFuture<@Nullable String> result = retry.callAsync(this::begin);
        begun.get(0).completeExceptionally(new IOException("attempt 1"));
        assertThat(time.waiting()).isEqualTo(1);
        result.cancel(true);
        assertThat(time.waiting()).isZero();
        time.advance(LONG);
        assertThat(begun).hasSize(1);
    }

    @Test
    void cancelledInALaterAttemptItCancelsThatAndMakesNoOther() {
        CompletableFuture<@Nullable String> result = retry.callAsync(this::begin);
        begun.get(0).completeExceptionally(new IOException("attempt 1"));
        time.advance(Duration.ofSeconds(1));
        result.cancel(true);
        time.advance(LONG);
        assertThat(begun)
                .hasSize(2)
                .last()
                .satisfies(attempt -> assertThat(attempt).isCancelled());
    }

    @Test
    void cancelledByTheCallItselfItStillCancelsWhatIsBegun() {
        List<CompletableFuture<String>> results = new ArrayList<>();
        CompletableFuture<String> attempt = new CompletableFuture<>();
        AtomicInteger attempts = new AtomicInteger();
        results.add(retry.callAsync(() -> {
            if (attempts.incrementAndGet() == 1) {
                return CompletableFuture.failedFuture(new IOException("attempt 1"));
            }
            results.getFirst().cancel(true);
            return attempt;
        }));
        time.advance(LONG);
        assertThat(attempts).hasValue(2);
        assertThat(attempt).isCancelled();
    }

    @Test
    void anAttemptThatWasCalledOffElsewhereIsTheEnd() {
        CompletableFuture<@Nullable String> result = retry.callAsync(this::begin);
        begun.get(0).cancel(true);
        time.advance(LONG);
        assertThat(begun).hasSize(1);
        assertThatThrownBy(result::join).isInstanceOf(CancellationException.class);
    }

    @Test
    void aListenerThatThrowsSpoilsNothing() {
        Retry told = retry.withListener(new RetryListener() {
            @Override
            public void retries(Failure failure, int attempt, RetryState.Again next) {
                throw new IllegalStateException("a listener of a test");
            }
        });
        CompletableFuture<@Nullable String> result = told.callAsync(this::begin);
        begun.get(0).completeExceptionally(new IOException("attempt 1"));
        time.advance(Duration.ofSeconds(1));
        begun.get(1).complete("well");
        assertThat(result).isCompletedWithValue("well");
    }

    @Test
    void anErrorOfAListenerEndsTheCallRatherThanLeaveItOpen() {
        Retry told = retry.withListener(new RetryListener() {
            @Override
            public void retries(Failure failure, int attempt, RetryState.Again next) {
                throw new AssertionError("a listener of a test");
            }
        });
        CompletableFuture<@Nullable String> late = told.callAsync(this::begin);
        begun.get(0).completeExceptionally(new IOException("later"));
        CompletableFuture<String> atOnce =
                told.callAsync(() -> CompletableFuture.failedFuture(new IOException("at once")));
        for (CompletableFuture<?> result : List.of(late, atOnce)) {
            assertThatThrownBy(result::join).cause().hasMessage("a listener of a test");
        }
    }

    @Test
    void attemptsThatEndAtOnceGrowNoStack() {
        int many = 100_000;
        IOException thrown = new IOException("at once");
        for (Time one : List.of(new RetryTest.AtOnce(), time)) {
            AtomicInteger attempts = new AtomicInteger();
            Retry eager = new Retry(RetryPolicy.of(Backoff.constant(Duration.ofNanos(1))), one, () -> 0L);
            CompletableFuture<String> result = eager.callAsync(() -> attempts.incrementAndGet() < many
                    ? CompletableFuture.failedFuture(thrown)
                    : CompletableFuture.completedFuture("well"));
            time.advance(Duration.ofSeconds(1));
            assertThat(result).isCompletedWithValue("well");
            assertThat(attempts).hasValue(many);
        }
    }

    /** A wait that is over on another thread before the one that asked for it goes on. */
    @Test
    void cancellingMeetsTheNewestAttemptHoweverThreadsOverlap() throws Exception {
        CountDownLatch second = new CountDownLatch(1);
        CompletableFuture<String> attempt = new CompletableFuture<>();
        AtomicInteger attempts = new AtomicInteger();
        Time overtaking = new RetryTest.AtOnce() {
            @Override
            public Scheduled schedule(Duration delay, Runnable task) {
                Thread.ofPlatform().start(task);
                awaitOn(second);
                return () -> {};
            }
        };
        CompletableFuture<String> result = new Retry(POLICY, overtaking, () -> 0L).callAsync(() -> {
            if (attempts.incrementAndGet() == 1) {
                return CompletableFuture.failedFuture(new IOException("attempt 1"));
            }
            return new Telling<>(attempt, second);
        });
        result.cancel(true);
        assertThat(attempt).isCancelled();
    }

    /** Passes calls on, and tells once it is listened to, which is after it can be cancelled. */
    private static final class Telling<T> extends CompletableFuture<T> {
        private final CompletableFuture<T> told;
        private final CountDownLatch listened;

        Telling(CompletableFuture<T> told, CountDownLatch listened) {
            this.told = told;
            this.listened = listened;
        }

        @Override
        public boolean cancel(boolean interrupt) {
            return told.cancel(interrupt);
        }

        @Override
        public CompletableFuture<T> whenComplete(java.util.function.BiConsumer<? super T, ? super Throwable> action) {
            listened.countDown();
            return told.whenComplete(action);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 20261122})
    void cancelledAtAnyPointNothingIsBegunAfterwardsAndNothingIsLeft(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        for (int round = 0; round < 500; round++) {
            String run = "seed %s round %s".formatted(seed, round);
            begun.clear();
            CompletableFuture<@Nullable String> result = retry.callAsync(this::begin);
            for (int step = chance.nextInt(8); step > 0; step--) {
                if (chance.nextBoolean()) {
                    begun.getLast().completeExceptionally(new IOException("failed"));
                } else {
                    time.advance(Duration.ofMillis(chance.nextInt(4_000)));
                }
            }
            boolean ended = result.isDone();
            int before = begun.size();
            result.cancel(true);
            assertThat(time.waiting()).as(run).isZero();
            time.advance(LONG);
            assertThat(begun).as(run).hasSize(before).allMatch(CompletableFuture::isDone);
            assertThat(result.isCancelled()).as(run).isEqualTo(!ended);
        }
    }

    private CompletionStage<@Nullable String> begin() {
        CompletableFuture<@Nullable String> attempt = new CompletableFuture<>();
        begun.add(attempt);
        return attempt;
    }

    private static void awaitOn(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
