// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import java.util.Arrays;
import java.util.List;

/** How long each of many things took. For use by one thread. */
final class Samples {

    private long[] nanos = new long[1024];
    private int count;

    void add(long took) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, count * 2);
        }
        nanos[count++] = took;
    }

    int count() {
        return count;
    }

    /** All of several, the shortest first. */
    static long[] sorted(List<Samples> all) {
        return all.stream()
                .flatMapToLong(samples -> Arrays.stream(samples.nanos, 0, samples.count))
                .sorted()
                .toArray();
    }

    /** What so large a share of them does not exceed. */
    static long quantile(long[] sorted, double share) {
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }

    /** The one in the middle. */
    static double median(List<Double> scores) {
        return scores.stream().sorted().toList().get(scores.size() / 2);
    }
}
