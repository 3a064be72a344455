// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.InstanceUid;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PollsTest {

    private final VirtualTime time = new VirtualTime();
    private final Reception reception = TestReception.in(time);
    private final Polls polls = new Polls(reception, time);

    @Test
    void anAgentIsAttachedUntilItHasNotPolledForThreeIntervals() {
        polls.received(TestReception.registration(0), null);
        for (int i = 1; i <= 10; i++) {
            time.advance(Polls.SILENCE.minusSeconds(1));
            polls.received(TestReception.heartbeat(i), null);
        }
        time.advance(Polls.SILENCE.minusSeconds(1));
        assertThat(TestReception.attached(reception)).isTrue();

        time.advance(Duration.ofSeconds(6));
        assertThat(TestReception.attached(reception)).isFalse();
    }

    @Test
    void anAgentThatComesBackLaterIsInANewConversation() throws Exception {
        polls.received(TestReception.registration(0), null);
        time.advance(Polls.SILENCE.multipliedBy(2));

        var answer = polls.received(TestReception.heartbeat(77), "hash").toCompletableFuture();
        assertThat(answer.get().reportFullState()).isFalse();
        assertThat(TestReception.attached(reception)).isTrue();
        assertThat(reception.fleet().agent(TestReception.UID).orElseThrow().rejoins())
                .isEqualTo(1);
    }

    @Test
    void nothingIsKeptOfUidsThatAreNotAttached() {
        for (int number = 0; number < 1000; number++) {
            InstanceUid made = new InstanceUid(new UUID(number, number));
            AgentMessage message = AgentMessage.heartbeat(made, number, Capabilities.OF_AGENT);
            assertThat(polls.received(message, "guess")
                            .toCompletableFuture()
                            .join()
                            .reportFullState())
                    .isTrue();
        }
        assertThat(polls.size()).isZero();

        polls.received(TestReception.registration(0), null);
        assertThat(polls.size()).isEqualTo(1);
    }

    @Test
    void nobodyIsAttachedOnceTheyAreClosed() {
        polls.received(TestReception.registration(0), null);
        polls.close();

        assertThat(TestReception.attached(reception)).isFalse();
    }
}
