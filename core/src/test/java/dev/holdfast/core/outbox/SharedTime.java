// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.time.Time;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.time.Instant;

/** Virtual time for a test and the thread that writes: tasks are given to it by both. */
final class SharedTime implements Time {

    private final VirtualTime time = new VirtualTime();

    @Override
    public long nanoTime() {
        return time.nanoTime();
    }

    @Override
    public Instant instant() {
        return time.instant();
    }

    @Override
    public synchronized Scheduled schedule(Duration delay, Runnable task) {
        Scheduled scheduled = time.schedule(delay, task);
        notifyAll();
        return () -> {
            synchronized (this) {
                scheduled.cancel();
            }
        };
    }

    synchronized void advance(Duration by) {
        time.advance(by);
    }

    /** Waits until there is a task. */
    synchronized void awaitTask() throws InterruptedException {
        while (time.waiting() == 0) {
            wait();
        }
    }
}
