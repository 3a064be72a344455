// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.ListenerGuard;
import dev.holdfast.core.time.Time;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
 * <p>A call that goes well at once costs nothing but the call. What an attempt throws is a failure with the cause that
 * the {@link Classifier} finds in it, and is tried again if the policy has a ladder for that cause. Never tried again
 * are errors ({@link Error}) and what was {@linkplain Classifier#isCalledOff called off}. Immutable; safe for use by
 * any thread.
 */
public final class Retry {

    private final RetryPolicy policy;
    private final Time time;
    private final RandomGenerator chance;
    private final Classifier classifier;
    private final @Nullable RetryBudget budget;
    private final @Nullable RetryListener listener;
    private final ListenerGuard guard;
    private final boolean limited;

    /**
     * Retries by a policy, with the standard classifier, no budget and no listener.
     *
     * @param time where waits are measured and end; a blocking call must not be made in one of its tasks
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
        this.guard = new ListenerGuard("a retry", time::nanoTime);
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
     * @throws Exception what the last attempt threw; those before it, the newest ten of them, are suppressed in it
     */
    public <T extends @Nullable Object> T call(Callable<T> call) throws Exception {
        // A clock read costs as much as the rest of this: it is read only where it matters.
        long begun = limited ? time.nanoTime() : 0;
        T result;
        try {
            result = call.call();
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
            if (!(afterwards(state, last) instanceof RetryState.Again again)) {
                throw failures.last(last);
            }
            failures.add(last);
            state = again.state();
            T result;
            try {
                time.pause(again.delay());
            } catch (InterruptedException e) {
                throw failures.last(e);
            }
            try {
                result = call.call();
            } catch (Exception e) {
                last = e;
                continue;
            } catch (Error e) {
                throw failures.last(e);
            }
            succeeded(state.attempt());
            return result;
        }
    }

    /**
     * Makes a call whose result comes later; no thread waits between attempts.
     *
     * @param call begins one attempt and does not wait: the first one here, others in a task of time; what it throws
     *     is a failed one
     * @return completes as the last attempt did; cancelled, it calls off the wait or the attempt under way, and there
     *     is no other
     */
    public <T extends @Nullable Object> CompletableFuture<T> callAsync(Supplier<? extends CompletionStage<T>> call) {
        AsyncRetry<T> run = new AsyncRetry<>(this, call, time);
        run.go();
        return run.result();
    }

    /** What follows when an attempt threw something; the listener is told. Null if it was called off. */
    RetryState.@Nullable Next afterwards(RetryState state, Throwable thrown) {
        if (Classifier.isCalledOff(thrown)) {
            return null;
        }
        Failure failure;
        try {
            failure = classifier.failure(thrown);
        } catch (RuntimeException e) {
            // What went wrong first is what the caller has to see.
            thrown.addSuppressed(e);
            return null;
        }
        RetryState.Next next;
        synchronized (chance) {
            next = state.failed(policy, failure, time.nanoTime(), chance);
        }
        if (next instanceof RetryState.Again && budget != null && !budget.tryRetry()) {
            next = new RetryState.GiveUp(RetryState.Reason.BUDGET);
        }
        tell(state, failure, next);
        return next;
    }

    private void tell(RetryState state, Failure failure, RetryState.Next next) {
        if (listener != null) {
            guard.tell(() -> {
                switch (next) {
                    case RetryState.Again again -> listener.retries(failure, state.attempt(), again);
                    case RetryState.GiveUp end -> listener.gaveUp(failure, state.attempt(), end.reason());
                }
            });
        }
    }

    void succeeded(int attempts) {
        if (budget != null) {
            budget.success();
        }
        if (listener != null) {
            guard.tell(() -> listener.succeeded(attempts));
        }
    }
}
