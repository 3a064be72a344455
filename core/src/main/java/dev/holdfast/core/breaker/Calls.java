// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.Classifier;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes calls through a breaker, here or elsewhere, and settles them. */
final class Calls {

    private Calls() {}

    static <T extends @Nullable Object> T call(CircuitBreaker breaker, Classifier classifier, Callable<T> call)
            throws Exception {
        Permit permit = breaker.acquire();
        T result;
        try {
            result = call.call();
        } catch (Throwable thrown) {
            failed(permit, classifier, thrown);
            throw thrown;
        }
        permit.success();
        return result;
    }

    static <T extends @Nullable Object> CompletableFuture<T> callAsync(
            CircuitBreaker breaker, Classifier classifier, Supplier<? extends CompletionStage<T>> call) {
        Permit permit;
        try {
            permit = breaker.acquire();
        } catch (CircuitOpenException refused) {
            return CompletableFuture.failedFuture(refused);
        }
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            CompletionStage<T> made = Objects.requireNonNull(call.get(), "the call gave null for its stage");
            var unused = made.whenComplete((value, thrown) -> {
                if (thrown == null) {
                    permit.success();
                    result.complete(value);
                } else {
                    Throwable inner =
                            thrown instanceof CompletionException e && e.getCause() != null ? e.getCause() : thrown;
                    failed(permit, classifier, inner);
                    result.completeExceptionally(inner);
                }
            });
            var unusedOnCancel = result.whenComplete((value, thrown) -> {
                if (result.isCancelled() && made instanceof Future<?> future) {
                    future.cancel(true);
                }
            });
        } catch (RuntimeException | Error thrown) {
            failed(permit, classifier, thrown);
            result.completeExceptionally(thrown);
        }
        return result;
    }

    private static void failed(Permit permit, Classifier classifier, Throwable thrown) {
        if (thrown instanceof Error || Classifier.isCalledOff(thrown)) {
            permit.ignore();
            return;
        }
        try {
            permit.failure(classifier.failure(thrown));
        } catch (RuntimeException unclassified) {
            permit.failure();
            thrown.addSuppressed(unclassified);
        }
    }
}
