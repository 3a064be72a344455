// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class SystemTimeTest {

    @Test
    void tasksRunOnOneThreadAndAFailureDoesNotStopTheNext() {
        CompletableFuture<List<String>> done = new CompletableFuture<>();
        List<String> threads = new CopyOnWriteArrayList<>();
        try (SystemTime time = SystemTime.start("loop-under-test")) {
            time.execute(() -> threads.add(Thread.currentThread().getName()));
            time.execute(() -> {
                throw new IllegalStateException("meant to fail");
            });
            time.schedule(Duration.ofMillis(1), () -> {
                threads.add(Thread.currentThread().getName());
                done.complete(threads);
            });
            assertThat(done.join()).containsExactly("loop-under-test", "loop-under-test");
        }
    }

    @Test
    void aTaskThatIsCalledOffAndOneGivenAfterTheEndDoNotRun() {
        AtomicBoolean ran = new AtomicBoolean();
        SystemTime time = SystemTime.start("loop-under-test");
        time.schedule(Duration.ofSeconds(Long.MAX_VALUE), () -> ran.set(true)).cancel();
        time.schedule(Duration.ofDays(1), () -> ran.set(true));
        time.close();
        time.execute(() -> ran.set(true));
        assertThat(ran).isFalse();
    }
}
