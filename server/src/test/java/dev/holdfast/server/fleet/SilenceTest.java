// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.server.fleet.Silence.Step;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SilenceTest {

    private static final Duration FIVE = Duration.ofSeconds(5);
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private long now = -Duration.ofSeconds(3).toNanos();

    @Test
    void whoWasToldAnIntervalIsGoneAfterTwoOfThemAndAGraceWhateverElseShowsThatItLives() {
        Silence silence = silence(FIVE);
        assertThat(silence.look(now)).isEqualTo(new Step.Wait(Duration.ofSeconds(11)));
        pass(Duration.ofSeconds(6));
        silence.lives(now);
        assertThat(silence.look(now)).isEqualTo(new Step.Wait(FIVE));
        pass(FIVE);
        assertThat(silence.look(now)).isEqualTo(new Step.Gone(Duration.ofSeconds(11)));
    }

    @Test
    void eachMessageBeginsItAnew() {
        Silence silence = silence(FIVE);
        for (int beat = 0; beat < 100; beat++) {
            pass(Duration.ofSeconds(10));
            silence.spoke(now);
            assertThat(silence.look(now)).isEqualTo(new Step.Wait(Duration.ofSeconds(11)));
        }
    }

    @Test
    void ofWhoWasNotToldTheIntervalIsLearntAndItIsAskedOnceItIsOverdue() {
        Silence silence = silence(null);
        assertThat(silence.interval()).isEqualTo(LONGEST);
        beat(silence, Duration.ofSeconds(7), 4);
        assertThat(silence.interval()).isEqualTo(Duration.ofSeconds(7));
        assertThat(silence.look(now)).isEqualTo(new Step.Wait(Duration.ofSeconds(8)));
        pass(Duration.ofSeconds(8));
        assertThat(silence.look(now)).isEqualTo(new Step.Ask(Duration.ofSeconds(7)));
        pass(Duration.ofSeconds(7));
        assertThat(silence.look(now)).isEqualTo(new Step.Gone(Duration.ofSeconds(15)));
    }

    @Test
    void whoAnswersWhenItIsAskedStaysHoweverLittleItHasToSay() {
        Silence silence = silence(null);
        beat(silence, FIVE, 4);
        silence.look(now);
        for (int asked = 0; asked < 100; asked++) {
            pass(Duration.ofSeconds(6));
            assertThat(silence.look(now)).isEqualTo(new Step.Ask(FIVE));
            silence.lives(now);
            assertThat(silence.look(now)).isEqualTo(new Step.Wait(Duration.ofSeconds(6)));
        }
    }

    @Test
    void messagesInABurstDoNotMakeAnAgentLookHasty() {
        Silence silence = silence(null);
        beat(silence, Duration.ofMillis(1), 50);
        assertThat(silence.interval()).isEqualTo(Silence.SHORTEST);
        beat(silence, Duration.ofHours(1), 4);
        assertThat(silence.interval()).isEqualTo(LONGEST);
    }

    @Test
    void whereTheServerWasHeldUpWhatCameMeanwhileIsReadFirst() {
        Silence silence = silence(FIVE);
        silence.look(now);
        pass(Duration.ofSeconds(60));
        assertThat(silence.look(now)).isEqualTo(new Step.Wait(Duration.ofSeconds(1)));
        pass(Duration.ofSeconds(1));
        assertThat(silence.look(now)).isInstanceOf(Step.Gone.class);
    }

    @Test
    void whoWaitsForTheServerIsExcused() {
        Silence silence = silence(FIVE);
        pass(Duration.ofSeconds(20));
        silence.excused(now);
        assertThat(silence.look(now)).isEqualTo(new Step.Wait(Duration.ofSeconds(11)));
    }

    private void beat(Silence silence, Duration interval, int times) {
        for (int beat = 0; beat < times; beat++) {
            pass(interval);
            silence.spoke(now);
        }
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    private Silence silence(@Nullable Duration told) {
        return new Silence(told, LONGEST, now);
    }
}
