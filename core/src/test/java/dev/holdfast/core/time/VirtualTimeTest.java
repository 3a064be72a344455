// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualTimeTest {

    private final VirtualTime time = new VirtualTime();
    private final List<String> ran = new ArrayList<>();

    @Test
    void tasksRunWhenDueInTheOrderGiven() {
        time.schedule(Duration.ofSeconds(2), () -> note("c"));
        time.schedule(Duration.ofSeconds(1), () -> note("a"));
        time.schedule(Duration.ofSeconds(1), () -> note("b"));
        time.advance(Duration.ofSeconds(1));
        assertThat(ran).containsExactly("a@PT1S", "b@PT1S");
        time.advance(Duration.ofSeconds(5));
        assertThat(ran).containsExactly("a@PT1S", "b@PT1S", "c@PT2S");
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(6));
    }

    @Test
    void whatATaskAddsRunsInTheSameAdvance() {
        time.schedule(Duration.ofSeconds(1), () -> time.schedule(Duration.ofSeconds(1), () -> note("second")));
        time.advance(Duration.ofSeconds(2));
        assertThat(ran).containsExactly("second@PT2S");
    }

    @Test
    void aCancelledTaskDoesNotRun() {
        Time.Scheduled scheduled = time.schedule(Duration.ofSeconds(1), () -> note("never"));
        scheduled.cancel();
        assertThat(time.waiting()).isZero();
        assertThat(time.step()).isFalse();
        assertThat(ran).isEmpty();
    }

    @Test
    void theWallClockJumpsWithoutDisturbingMonotonicTime() {
        time.advance(Duration.ofSeconds(3));
        time.shiftWallClock(Duration.ofHours(-1));
        assertThat(time.nanoTime()).isEqualTo(Duration.ofSeconds(3).toNanos());
        assertThat(time.instant())
                .isEqualTo(VirtualTime.BEGINNING.plusSeconds(3).minus(Duration.ofHours(1)));
    }

    @Test
    void timeDoesNotRunBackwards() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> time.advance(Duration.ofNanos(-1)))
                .withMessageContaining("by: PT-0.000000001S (expected: >= 0s");
    }

    private void note(String what) {
        ran.add(what + "@" + time.elapsed());
    }

    @Test
    void aPauseMovesTimeOnAndRunsWhatFallsDue() throws InterruptedException {
        VirtualTime time = new VirtualTime();
        boolean[] ran = new boolean[1];
        time.schedule(Duration.ofSeconds(3), () -> ran[0] = true);
        time.pause(Duration.ofSeconds(-1));
        assertThat(time.elapsed()).isZero();
        time.pause(Duration.ofSeconds(5));
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(5));
        assertThat(ran[0]).isTrue();
    }

    @Test
    void aTaskThatMovesTimeOnDoesNotMakeItRunBackwards() {
        VirtualTime time = new VirtualTime();
        time.schedule(Duration.ofSeconds(1), () -> time.advance(Duration.ofMinutes(1)));
        time.advance(Duration.ofSeconds(2));
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(61));
    }
}
