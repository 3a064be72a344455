// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends on one connection: one at a time, each with a deadline. Runs on the link's loop.
 *
 * <p>The queue needs no bound of its own: a send that does not end in time ends the connection, and the queue with it.
 */
final class Outgoing {

    private static final Duration GRACE = Duration.ofMillis(100);

    private final Time time;
    private final Duration deadline;
    private final Consumer<Failure> onFailure;
    private final Runnable onIdle;
    private final Queue<Supplier<CompletionStage<?>>> waiting = new ArrayDeque<>();
    private Time.@Nullable Scheduled overdue;

    /**
     * Nothing to send yet.
     *
     * @param onFailure told, on the loop, when a send failed or was not done in time
     * @param onIdle told, on the loop, whenever everything is sent
     */
    Outgoing(Time time, Duration deadline, Consumer<Failure> onFailure, Runnable onIdle) {
        this.time = time;
        this.deadline = deadline;
        this.onFailure = onFailure;
        this.onIdle = onIdle;
    }

    void add(Supplier<CompletionStage<?>> send) {
        waiting.add(send);
        if (isIdle()) {
            sendNext();
        }
    }

    /** Whether everything is sent. */
    boolean isIdle() {
        return overdue == null;
    }

    /** Forgets what waits. */
    void clear() {
        waiting.clear();
        if (overdue != null) {
            overdue.cancel();
        }
    }

    private void sendNext() {
        Supplier<CompletionStage<?>> send = waiting.poll();
        if (send == null) {
            onIdle.run();
            return;
        }
        overdue = time.schedule(
                deadline,
                () -> onFailure.accept(
                        Failure.of(Cause.TIMEOUT, "a send was not done within " + Durations.print(deadline))));
        try {
            send.get().whenComplete((done, thrown) -> time.execute(() -> sent(thrown)));
        } catch (RuntimeException | Error e) {
            time.execute(() -> sent(e));
        }
    }

    private void sent(@Nullable Throwable thrown) {
        if (overdue != null) {
            overdue.cancel();
            overdue = null;
        }
        if (thrown == null) {
            sendNext();
        } else {
            // The receiving half mostly knows better why the connection ended, and says so a moment later.
            time.schedule(GRACE, () -> onFailure.accept(Classifier.standard().failure(thrown)));
        }
    }
}
