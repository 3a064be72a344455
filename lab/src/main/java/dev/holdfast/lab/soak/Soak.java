// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.soak;

import dev.holdfast.core.time.Time;
import dev.holdfast.lab.chaos.ChaosException;
import dev.holdfast.lab.chaos.Role;
import dev.holdfast.lab.chaos.Scene;
import dev.holdfast.lab.chaos.Vitals;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/** One agent, and a server that is killed and started again at a steady pace. For use by one thread. */
final class Soak {

    /** What counts as flat: 16 MiB, 4 threads, 8 descriptors more at the most. */
    private static final double MOST_MIB = 16;

    private static final long MOST_THREADS = 4;
    private static final long MOST_DESCRIPTORS = 8;

    private static final int TENTHS = 10;
    private static final double KIB = 1024;
    private static final double P50 = 0.5;
    private static final double P99 = 0.99;

    private final Scene scene;
    private final Time time;
    private final Duration length;
    private final Duration interval;
    private final List<Vitals> samples = new ArrayList<>();

    /**
     * One that has not begun.
     *
     * @param length how long it lasts
     * @param interval how long the server listens before it is killed
     */
    Soak(Scene scene, Time time, Duration length, Duration interval) {
        this.scene = scene;
        this.time = time;
        this.length = length;
        this.interval = interval;
    }

    /** @throws ChaosException if the agent does not come back, or a process ends that nobody has asked to */
    SoakRow run() throws IOException, InterruptedException, ChaosException {
        scene.begin();
        long begun = time.nanoTime();
        while (time.nanoTime() - begun < length.toNanos()) {
            scene.awaitListening();
            scene.watch(interval);
            samples.add(scene.agentVitals());
            scene.kill(List.of(Role.SERVER));
            scene.start(Role.SERVER);
        }
        scene.awaitAttached();
        double elapsed = seconds(Duration.ofNanos(time.nanoTime() - begun));
        scene.stop(Role.AGENT);
        scene.stop(Role.SERVER);
        return row(elapsed);
    }

    private SoakRow row(double elapsed) throws IOException {
        List<Vitals> early = tenth(1);
        List<Vitals> late = tenth(TENTHS - 1);
        List<Duration> reattached = scene.reattached().stream().sorted().toList();
        double rssEarly = median(early, Vitals::residentKib) / KIB;
        double rssLate = median(late, Vitals::residentKib) / KIB;
        long threadsEarly = median(early, Vitals::threads);
        long threadsLate = median(late, Vitals::threads);
        long descriptorsEarly = median(early, Vitals::descriptors);
        long descriptorsLate = median(late, Vitals::descriptors);
        boolean isFlat = rssLate - rssEarly <= MOST_MIB
                && threadsLate - threadsEarly <= MOST_THREADS
                && descriptorsLate - descriptorsEarly <= MOST_DESCRIPTORS;
        return new SoakRow(
                isFlat,
                elapsed,
                samples.size(),
                reattached.size(),
                quantile(reattached, P50),
                quantile(reattached, P99),
                rssEarly,
                rssLate,
                threadsEarly,
                threadsLate,
                descriptorsEarly,
                descriptorsLate,
                lines());
    }

    private List<Vitals> tenth(int number) {
        return samples.subList(samples.size() * number / TENTHS, samples.size() * (number + 1) / TENTHS);
    }

    private static long median(List<Vitals> of, ToLongFunction<Vitals> figure) {
        long[] sorted = of.stream().mapToLong(figure).sorted().toArray();
        return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    private static double quantile(List<Duration> sorted, double share) {
        return sorted.isEmpty() ? 0 : seconds(sorted.get((int) Math.ceil(share * sorted.size()) - 1));
    }

    private long lines() throws IOException {
        try (Stream<String> lines = Files.lines(scene.agentLog())) {
            return lines.count();
        }
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
