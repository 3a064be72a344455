// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Classifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the keys of a queue, each on a virtual thread, a given number at a time.
 *
 * <p>What a handler throws is a failure to be retried; its cause is what a {@link Classifier} makes of it. Safe for
 * use by any thread.
 */
public final class Workers<K> implements AutoCloseable {

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
        try {
            for (Work<K> work = queue.take(); work != null; work = queue.take()) {
                work.settle(run(work));
            }
        } catch (InterruptedException closed) {
            // Nobody looks at a virtual thread's interrupt once it has ended.
        }
    }

    @SuppressWarnings("InterruptedExceptionSwallowed")
    private Outcome run(Work<K> work) {
        try {
            return handler.run(work.key(), work.attempt());
        } catch (Exception | LinkageError | StackOverflowError | AssertionError thrown) {
            return Outcome.retry(classifier.failure(thrown));
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

    /** Closes the queue and interrupts what runs. */
    @Override
    public void close() {
        queue.close();
        threads.forEach(Thread::interrupt);
    }
}
