// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.time.Time;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One call that is made without a thread that waits. Attempts follow each other, so nothing here is contended. */
final class AsyncRetry<T extends @Nullable Object> {

    private final Retry retry;
    private final Supplier<? extends CompletionStage<T>> call;
    private final Time time;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final Failures failures = new Failures();
    private volatile Runnable callingOff = () -> {};
    private RetryState state;

    AsyncRetry(Retry retry, Supplier<? extends CompletionStage<T>> call, Time time) {
        this.retry = retry;
        this.call = call;
        this.time = time;
        this.state = RetryState.begin(time.nanoTime());
        var unused = result.whenComplete((value, thrown) -> callingOff.run());
    }

    CompletableFuture<T> result() {
        return result;
    }

    void begin() {
        if (result.isDone()) {
            return;
        }
        CompletionStage<T> attempt;
        try {
            attempt = call.get();
        } catch (RuntimeException e) {
            failed(e);
            return;
        } catch (Error e) {
            result.completeExceptionally(e);
            return;
        }
        canBeCalledOff(() -> {
            if (attempt instanceof CompletableFuture<?> future) {
                future.cancel(true);
            }
        });
        var unused = attempt.whenComplete((value, thrown) -> {
            if (thrown == null) {
                succeeded(value);
            } else {
                failed(thrown instanceof CompletionException e && e.getCause() != null ? e.getCause() : thrown);
            }
        });
    }

    private void succeeded(T value) {
        if (!result.isDone()) {
            tellOrFail(() -> retry.succeeded(state.attempt()));
            result.complete(value);
        }
    }

    private void failed(Throwable thrown) {
        if (result.isDone()) {
            return;
        }
        if (thrown instanceof Error) {
            result.completeExceptionally(failures.last(thrown));
            return;
        }
        tellOrFail(() -> {
            RetryState.Next next = retry.next(state, retry.classified(thrown));
            if (next instanceof RetryState.Again again) {
                failures.add(thrown);
                state = again.state();
                canBeCalledOff(time.schedule(again.delay(), this::begin)::cancel);
            } else {
                result.completeExceptionally(failures.last(thrown));
            }
        });
    }

    /** A listener that throws must not leave the caller waiting for ever. */
    private void tellOrFail(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            result.completeExceptionally(e);
        }
    }

    private void canBeCalledOff(Runnable how) {
        callingOff = how;
        if (result.isDone()) {
            how.run();
        }
    }
}
