// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.holdfast.core.time.VirtualTime;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * What {@code docs/policies.md} says a waiting key takes, with compressed references. Counted, not measured: in a queue
 * that has room already, all that is allocated for a key is what it takes, but for its share of two tables.
 */
class WaitingKeySizeTest {

    private static final int KEYS = 100_000;

    /**
     * A hash table has at most 8/3 places for a key, since it doubles at three quarters, and the heap 5/4. Four bytes
     * each.
     */
    private static final double TABLES = 4 * (8 / 3.0 + 5 / 4.0);

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void aWaitingKeyIsSmall() {
        assertThat(allocatedEach(Terms.after(Duration.ofHours(1)))).isBetween(40.0, 72 - TABLES);
    }

    @Test
    void oneWithADeadlineIsNotMuchLarger() {
        Terms terms = Terms.after(Duration.ofHours(1)).withDeadline(Duration.ofHours(2));
        assertThat(allocatedEach(terms)).isBetween(40.0, 128 - TABLES);
    }

    private static double allocatedEach(Terms terms) {
        Integer[] keys = new Integer[KEYS];
        WorkQueue<Integer> queue = new WorkQueue<>("keys", WorkPolicy.DEFAULT, new VirtualTime(), () -> 0L);
        for (int n = 0; n < KEYS; n++) {
            keys[n] = n;
            queue.add(keys[n], terms);
        }
        for (int n = 0; n < KEYS / 2; n++) {
            queue.remove(keys[n]);
        }
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int n = 0; n < KEYS / 2; n++) {
            queue.add(keys[n], terms);
        }
        long after = THREADS.getCurrentThreadAllocatedBytes();
        assertThat(queue.figures().waiting()).isEqualTo(KEYS);
        return (after - before) / (KEYS / 2.0);
    }
}
