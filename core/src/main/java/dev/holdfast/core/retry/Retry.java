// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Time;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls, again where they fail and the policy has it.
 *
 * <pre>{@code
 * Retry retry = new Retry(policy, time, chance);
 * String page = retry.call(() -> fetch(url));                  // waits here
 * CompletionStage<String> later = retry.callAsync(() -> fetchAsync(url)); // waits nowhere
 * }</pre>
 *
 * <p>A call that goes well at once costs nothing but the call. Errors ({@link Error}) are not tried again. Immutable;
 * safe for use by any thread.
 */
public final class Retry {

    private final RetryPolicy policy;
    private final Time time;
    private final RandomGenerator chance;
    private final Classifier classifier;
    private final @Nullable RetryBudget budget;
    private final @Nullable RetryListener listener;
    private final boolean limited;

    /**
     * Retries by a policy, with the standard classifier, no budget and no listener.
     *
     * @param time where waits are measured and end; a blocking call must not be made from its own loop
     * @param chance where jitter comes from; used by one thread at a time
     */
    public Retry(RetryPolicy policy, Time time, RandomGenerator chance) {
        this(policy, time, chance, Classifier.standard(), null, null);
    }

    private Retry(
            RetryPolicy policy,
            Time time,
            RandomGenerator chance,
            Classifier classifier,
            @Nullable RetryBudget budget,
            @Nullable RetryListener listener) {
        this.policy = policy;
        this.time = time;
        this.chance = chance;
        this.classifier = classifier;
        this.budget = budget;
        this.listener = listener;
        this.limited = !policy.maxElapsed().equals(Backoff.LONGEST);
    }

    /** The same, with {@code classifier} telling causes. */
    public Retry withClassifier(Classifier classifier) {
        return new Retry(policy, time, chance, classifier, budget, listener);
    }

    /** The same, with its retries taken from {@code budget}, and its successes noted there. */
    public Retry withBudget(RetryBudget budget) {
        return new Retry(policy, time, chance, classifier, budget, listener);
    }

    /** The same, with {@code listener} told of what happens. */
    public Retry withListener(RetryListener listener) {
        return new Retry(policy, time, chance, classifier, budget, listener);
    }

    /**
     * Makes a call on this thread, and waits on it between attempts.
     *
     * @return what the first attempt that went well returned
     * @throws InterruptedException if interrupted in an attempt or between two; there is no other then
     * @throws Exception what the last attempt threw; those before it are its suppressed exceptions
     */
    public <T extends @Nullable Object> T call(Callable<T> call) throws Exception {
        // A clock read costs as much as the rest of this: it is read only where it matters.
        long begun = limited ? time.nanoTime() : 0;
        T result;
        try {
            result = call.call();
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            return callAgain(call, e, begun);
        }
        succeeded(1);
        return result;
    }

    private <T extends @Nullable Object> T callAgain(Callable<T> call, Exception first, long begun) throws Exception {
        Failures failures = new Failures();
        RetryState state = RetryState.begin(limited ? begun : time.nanoTime());
        Exception last = first;
        while (true) {
            failures.add(last);
            if (!(next(state, classifier.failure(last)) instanceof RetryState.Again again)) {
                throw failures.last(last);
            }
            state = again.state();
            sleep(again.delay(), failures);
            T result;
            try {
                result = call.call();
            } catch (InterruptedException e) {
                throw failures.last(e);
            } catch (Exception e) {
                last = e;
                continue;
            }
            succeeded(state.attempt());
            return result;
        }
    }

    private void sleep(Duration delay, Failures failures) throws InterruptedException {
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        Time.Scheduled alarm = time.schedule(delay, () -> over.complete(true));
        try {
            over.get();
        } catch (InterruptedException e) {
            alarm.cancel();
            throw failures.last(e);
        } catch (ExecutionException never) {
            throw new AssertionError(never);
        }
    }

    /**
     * Makes a call whose result comes later; no thread waits between attempts.
     *
     * @param call begins one attempt; what it throws is a failed one
     * @return completes as the last attempt did; cancelled, it calls off the wait or the attempt under way, and there
     *     is no other
     */
    public <T extends @Nullable Object> CompletableFuture<T> callAsync(Supplier<? extends CompletionStage<T>> call) {
        AsyncRetry<T> run = new AsyncRetry<>(this, call, time);
        run.begin();
        return run.result();
    }

    /** What follows a failure; the listener is told. */
    RetryState.Next next(RetryState state, Failure failure) {
        RetryState.Next next;
        synchronized (chance) {
            next = state.failed(policy, failure, time.nanoTime(), chance);
        }
        if (next instanceof RetryState.Again && budget != null && !budget.tryRetry()) {
            next = new RetryState.GiveUp(RetryState.Reason.BUDGET);
        }
        if (listener != null) {
            switch (next) {
                case RetryState.Again again -> listener.retries(failure, state.attempt(), again.delay());
                case RetryState.GiveUp end -> listener.gaveUp(failure, state.attempt(), end.reason());
            }
        }
        return next;
    }

    void succeeded(int attempts) {
        if (budget != null) {
            budget.success();
        }
        if (listener != null) {
            listener.succeeded(attempts);
        }
    }

    Failure classified(Throwable thrown) {
        return classifier.failure(thrown);
    }
}
