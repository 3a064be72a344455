// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.time.Time;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One call that is made without a thread that waits. Attempts follow each other, so only calling off is contended.
 *
 * <p>Attempts may end, and waits be over, before the call that began them returns. Then that thread goes on in a loop
 * of its own, and no stack grows.
 */
final class AsyncRetry<T extends @Nullable Object> {

    private final Retry retry;
    private final Supplier<? extends CompletionStage<T>> call;
    private final Time time;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final Failures failures = new Failures();
    private RetryState state;

    /** What is under way, attempts and waits counted together; guarded by this. */
    private long step;

    private Runnable callingOff = () -> {};

    AsyncRetry(Retry retry, Supplier<? extends CompletionStage<T>> call, Time time) {
        this.retry = retry;
        this.call = call;
        this.time = time;
        this.state = RetryState.begin(time.nanoTime());
        var unused = result.whenComplete((value, thrown) -> callOff());
    }

    CompletableFuture<T> result() {
        return result;
    }

    /** Makes attempts as long as each is to begin here and now. */
    void go() {
        boolean another = true;
        while (another && !result.isDone()) {
            try {
                another = attempt();
            } catch (RuntimeException | Error e) {
                result.completeExceptionally(failures.last(e));
            }
        }
    }

    /** Makes one attempt. Whether another is to begin here and now. */
    private boolean attempt() {
        long here = 2L * state.attempt();
        Attempt attempt = new Attempt();
        CompletionStage<T> made;
        try {
            made = Objects.requireNonNull(call.get(), "the call gave null for its stage");
        } catch (RuntimeException e) {
            return failed(e);
        }
        if (made instanceof Future<?> future) {
            canBeCalledOff(here, () -> future.cancel(true));
        }
        var unused = made.whenComplete(attempt::ended);
        return attempt.endedMeanwhile();
    }

    /** Whether another is to begin here and now. */
    private boolean ended(T value, @Nullable Throwable thrown) {
        if (result.isDone()) {
            return false;
        }
        if (thrown != null) {
            return failed(thrown instanceof CompletionException e && e.getCause() != null ? e.getCause() : thrown);
        }
        retry.succeeded(state.attempt());
        result.complete(value);
        return false;
    }

    private boolean failed(Throwable thrown) {
        if (thrown instanceof Error || !(retry.afterwards(state, thrown) instanceof RetryState.Again again)) {
            result.completeExceptionally(failures.last(thrown));
            return false;
        }
        failures.add(thrown);
        long here = 2L * state.attempt() + 1;
        state = again.state();
        Wait wait = new Wait();
        Time.Scheduled alarm = time.schedule(again.delay(), wait::isOver);
        canBeCalledOff(here, alarm::cancel);
        return wait.wasOverMeanwhile();
    }

    /** What is under way now, unless what comes after it already is. */
    private void canBeCalledOff(long step, Runnable how) {
        synchronized (this) {
            if (step > this.step) {
                this.step = step;
                callingOff = how;
            }
        }
        if (result.isDone()) {
            how.run();
        }
    }

    private void callOff() {
        Runnable how;
        synchronized (this) {
            how = callingOff;
        }
        how.run();
    }

    /** Tells an end within the call that asks for it from one that comes later. Only its own thread looks at it. */
    private abstract static class Asked {

        private final Thread thread = Thread.currentThread();
        private boolean asking = true;

        final boolean isMeanwhile() {
            return Thread.currentThread().equals(thread) && asking;
        }

        final void noLonger() {
            asking = false;
        }
    }

    private final class Attempt extends Asked {

        private @Nullable Runnable meanwhile;
        private boolean another;

        void ended(T value, @Nullable Throwable thrown) {
            if (isMeanwhile()) {
                meanwhile = () -> another = AsyncRetry.this.ended(value, thrown);
            } else if (guarded(value, thrown)) {
                go();
            }
        }

        private boolean guarded(T value, @Nullable Throwable thrown) {
            try {
                return AsyncRetry.this.ended(value, thrown);
            } catch (RuntimeException | Error e) {
                result.completeExceptionally(failures.last(e));
                return false;
            }
        }

        boolean endedMeanwhile() {
            noLonger();
            if (meanwhile != null) {
                meanwhile.run();
            }
            return another;
        }
    }

    private final class Wait extends Asked {

        private boolean over;

        void isOver() {
            if (isMeanwhile()) {
                over = true;
            } else {
                go();
            }
        }

        boolean wasOverMeanwhile() {
            noLonger();
            return over;
        }
    }
}
