// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the keys of a queue, each on a virtual thread, a given number at a time.
 *
 * <p>Whatever a handler throws, an {@link Error} too, is a failure to be retried, and no outcome at all is one: the key
 * comes back with backoff and the worker goes on. Its cause is what a {@link Classifier} makes of it; its stack trace
 * is logged at debug level. A handler may leave its thread interrupted; the next one does not see that. Safe for use by
 * any thread.
 */
public final class Workers<K> implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Workers.class);

    /** Works on one key. */
    @FunctionalInterface
    public interface Handler<K> {

        /**
         * Works on a key and may wait while it does so.
         *
         * @param attempt which attempt this is since the key last went well, from 1
         * @throws Exception if it failed, which is the same as {@link Outcome#retry}
         */
        Outcome run(K key, int attempt) throws Exception;
    }

    private final WorkQueue<K> queue;
    private final Handler<K> handler;
    private final Classifier classifier;
    private final List<Thread> threads = new ArrayList<>();

    private Workers(WorkQueue<K> queue, Handler<K> handler, Classifier classifier) {
        this.queue = queue;
        this.handler = handler;
        this.classifier = classifier;
    }

    /**
     * Begins to work.
     *
     * @param name what its threads are called, with a number
     * @param concurrency how many keys are worked on at a time; at least 1
     * @throws IllegalArgumentException if {@code concurrency} is out of its range
     */
    public static <K> Workers<K> start(
            String name, WorkQueue<K> queue, int concurrency, Classifier classifier, Handler<K> handler) {
        if (concurrency < 1) {
            throw new IllegalArgumentException("concurrency: " + concurrency + " (expected: >= 1)");
        }
        Workers<K> workers = new Workers<>(queue, handler, classifier);
        for (int n = 0; n < concurrency; n++) {
            workers.threads.add(Thread.ofVirtual().name(name + "-" + n).start(workers::work));
        }
        return workers;
    }

    private void work() {
        boolean open = true;
        while (open) {
            try {
                open = workOnce();
            } catch (InterruptedException leftover) {
                // Of a handler, or a closed queue's: the next round tells which.
            } catch (RuntimeException | Error unexpected) {
                log.error("a worker met a fault of its queue; it goes on", unexpected);
            }
        }
    }

    private boolean workOnce() throws InterruptedException {
        Work<K> work = queue.take();
        if (work == null) {
            return false;
        }
        work.settle(run(work));
        return true;
    }

    // A key whose run ended in any way that is not settled would stay with this worker for ever.
    @SuppressWarnings("InterruptedExceptionSwallowed")
    private Outcome run(Work<K> work) {
        try {
            @Nullable Outcome outcome = handler.run(work.key(), work.attempt());
            return outcome == null
                    ? Outcome.retry(Failure.of(Cause.LOCAL, "no outcome (expected: one of Outcome)"))
                    : outcome;
        } catch (Throwable thrown) {
            return Outcome.retry(failure(thrown));
        }
    }

    private Failure failure(Throwable thrown) {
        try {
            log.debug("a handler failed", thrown);
            return classifier.failure(thrown);
        } catch (RuntimeException | Error unable) {
            return Failure.of(
                    Cause.LOCAL,
                    thrown.getClass().getName() + ", which " + unable.getClass().getName()
                            + " kept from being classified");
        }
    }

    /**
     * Drains the queue, and ends.
     *
     * @param deadline how long those that run have; then they are interrupted
     * @return the keys that have not come to an end
     * @throws InterruptedException if interrupted while it waits; it ends all the same
     */
    public List<K> drain(Duration deadline) throws InterruptedException {
        try {
            return queue.drain(deadline);
        } finally {
            close();
        }
    }

    /** Closes the queue and interrupts what runs, without waiting for its end. */
    @Override
    public void close() {
        queue.close();
        threads.forEach(Thread::interrupt);
    }
}
