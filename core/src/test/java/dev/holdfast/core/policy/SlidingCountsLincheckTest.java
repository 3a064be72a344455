// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.time.Duration;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.util.LoggingLevel;
import org.junit.jupiter.api.Test;

/** However threads overlap while a bucket is made or made anew, no call is lost. */
class SlidingCountsLincheckTest {

    @Test
    void everyScheduleIsAsIfOneAfterTheOther() {
        new ModelCheckingOptions()
                .logLevel(LoggingLevel.ERROR)
                .threads(2)
                .actorsBefore(0)
                .actorsPerThread(2)
                .actorsAfter(1)
                .iterations(10)
                .invocationsPerIteration(100)
                .check(Counts.class);
    }

    /** At one instant, whose bucket holds what was counted a period ago. */
    public static class Counts {

        private static final long NOW = Duration.ofSeconds(1).toNanos();

        private final SlidingCounts counts = new SlidingCounts(Duration.ofSeconds(1), 0);

        public Counts() {
            counts.call(0);
        }

        @Operation
        public void call() {
            counts.call(NOW);
        }

        @Operation
        public void mark() {
            counts.mark(NOW);
        }

        @Operation
        public String within() {
            return counts.at(NOW).toString();
        }
    }
}
