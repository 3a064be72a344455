// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import java.time.Duration;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.util.LoggingLevel;
import org.junit.jupiter.api.Test;

/** Whatever several threads take from a budget, it is as if they had taken it one after the other. */
class RetryBudgetLincheckTest {

    @Test
    void everyScheduleIsAsIfOneAfterTheOther() {
        new ModelCheckingOptions()
                .logLevel(LoggingLevel.ERROR)
                .threads(2)
                .actorsPerThread(3)
                .iterations(5)
                .invocationsPerIteration(100)
                .check(Budget.class);
    }

    @Test
    void underStressItIsAsIfOneAfterTheOther() {
        new StressOptions()
                .logLevel(LoggingLevel.ERROR)
                .threads(3)
                .actorsPerThread(3)
                .iterations(5)
                .invocationsPerIteration(100)
                .check(Budget.class);
    }

    /** One retry for two successes, and one besides. Time stands still. */
    public static class Budget {

        private final RetryBudget budget = new RetryBudget(0.5, 1, Duration.ofSeconds(1), () -> 0L);

        @Operation
        public void success() {
            budget.success();
        }

        @Operation
        public boolean tryRetry() {
            return budget.tryRetry();
        }
    }
}
