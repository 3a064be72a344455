// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.storm;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The CPU time of this process's threads in nanoseconds, by what they do. Linux says it; elsewhere there is none. Beans
 * leave out the threads of the JVM itself.
 */
record ThreadTimes(Map<Kind, Long> nanos) {

    private static final Path THREADS = Path.of("/proc/self/task");

    /** What a thread does, told from its name, of which Linux keeps 15 letters. */
    enum Kind {
        COMPILERS("C[12] Compiler.*"),
        COLLECTOR("(VM Thread|GC Thread|G1 ).*"),
        TIMER("storm-queue"),
        WORKERS("ForkJoinPool.*"),
        LOAD("storm-load");

        private final Pattern name;

        Kind(String name) {
            this.name = Pattern.compile(name);
        }
    }

    static ThreadTimes now() {
        Map<Kind, Long> nanos = new EnumMap<>(Kind.class);
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
            for (Path thread : threads) {
                add(nanos, thread);
            }
        } catch (IOException elsewhere) {
            return new ThreadTimes(Map.of());
        }
        return new ThreadTimes(nanos);
    }

    private static void add(Map<Kind, Long> nanos, Path thread) {
        try {
            String name = Files.readString(thread.resolve("comm")).strip();
            String times = Files.readString(thread.resolve("schedstat"));
            long ran = Long.parseLong(times.substring(0, times.indexOf(' ')));
            for (Kind kind : Kind.values()) {
                if (kind.name.matcher(name).matches()) {
                    nanos.merge(kind, ran, Long::sum);
                }
            }
        } catch (IOException ended) {
            // A thread that ends is not there to be asked.
        }
    }

    /** What ran since {@code before}. What has ended since does not count. */
    ThreadTimes since(ThreadTimes before) {
        Map<Kind, Long> ran = new EnumMap<>(Kind.class);
        nanos.forEach((kind, now) -> ran.put(kind, Math.max(0, now - before.nanos.getOrDefault(kind, 0L))));
        return new ThreadTimes(ran);
    }

    /** In percent of one core. */
    Map<String, Double> percentOf(double seconds) {
        Map<String, Double> percent = new LinkedHashMap<>();
        nanos.forEach((kind, ran) -> percent.put(kind.name().toLowerCase(Locale.ROOT), ran / 1e7 / seconds));
        return percent;
    }
}
