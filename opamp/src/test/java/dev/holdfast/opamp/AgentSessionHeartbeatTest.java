// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static dev.holdfast.opamp.ConversationSteps.SELF;
import static dev.holdfast.opamp.ConversationSteps.answer;
import static dev.holdfast.opamp.ConversationSteps.asking;
import static dev.holdfast.opamp.ConversationSteps.beatingEvery;
import static dev.holdfast.opamp.ConversationSteps.ill;
import static dev.holdfast.opamp.ConversationSteps.refusing;
import static dev.holdfast.opamp.ConversationSteps.seconds;
import static dev.holdfast.opamp.ConversationSteps.taking;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.opamp.AgentSession.Phase;
import dev.holdfast.opamp.AgentSession.Signal;
import dev.holdfast.opamp.AgentSession.Step;
import dev.holdfast.opamp.AgentSession.Timing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How an attached agent keeps a conversation alive. It is attached at {@link #START}, which soon overflows a long. */
class AgentSessionHeartbeatTest {

    private static final long START = Long.MAX_VALUE - seconds(7);
    private static final CustomMessage RECORD = CustomMessage.ofText(Capabilities.OUTBOX, "record", "x");

    private final AgentSession session = new AgentSession(SELF, true, 0, Timing.DEFAULT);

    @BeforeEach
    void attach() {
        session.open(START);
        session.received(taking(Capabilities.OUTBOX), START);
    }

    @Test
    void aHeartbeatFollowsEveryIntervalOfSilence() {
        for (long beat = 1; beat <= 10; beat++) {
            assertThat(session.wakeAt()).isEqualTo(at(5 * beat));
            assertThat(session.wake(at(5 * beat) - 1)).isEqualTo(nothing());
            assertThat(session.wake(at(5 * beat)).messages())
                    .containsExactly(AgentMessage.heartbeat(SELF.uid(), beat, SELF.capabilities()));
            assertThat(session.wake(at(5 * beat))).isEqualTo(nothing());
            session.received(answer(), at(5 * beat) + 1);
        }
    }

    @Test
    void aReportOrACustomMessagePushesItBack() {
        session.report(Health.good(), at(3));
        assertThat(session.wakeAt()).isEqualTo(at(8));
        session.received(answer(), at(4));
        session.send(RECORD, at(7));
        assertThat(session.wakeAt()).isEqualTo(at(12));
        session.received(answer(), at(11));
        assertThat(session.wakeAt()).isEqualTo(at(12));
    }

    @Test
    void twoIntervalsWithoutAnAnswerAreTheEndAtThatVeryInstant() {
        assertThat(session.wake(at(5)).messages()).hasSize(1);
        assertThat(session.wakeAt()).isEqualTo(at(10));
        assertThat(session.wake(at(10)).messages()).hasSize(1);
        assertThat(session.wakeAt()).isEqualTo(at(15));
        assertThat(session.wake(at(15) - 1)).isEqualTo(nothing());
        assertThat(session.wake(at(15)))
                .isEqualTo(new Step(
                        List.of(),
                        List.of(new Signal.Failed(
                                Failure.of(Cause.TIMEOUT, "2 heartbeats unanswered, silent for 10s")))));
        assertThat(session.phase()).isEqualTo(Phase.CLOSED);
    }

    @Test
    void messagesThatPushTheHeartbeatBackDoNotPutOffTheEnd() {
        for (int second = 1; second <= 10; second++) {
            session.report(ill("x" + second), at(second));
        }
        assertThat(session.wakeAt()).isEqualTo(at(11));
        assertThat(session.wake(at(11)).signals()).singleElement().isInstanceOf(Signal.Failed.class);
    }

    @Test
    void oneAnswerShowsThatTheServerLivesHoweverManyMessagesAreOutstanding() {
        for (int second = 1; second <= 4; second++) {
            session.report(ill("x" + second), at(second));
        }
        session.received(answer(), at(5));
        assertThat(session.wakeAt()).isEqualTo(at(9));
        session.wake(at(9));
        session.wake(at(14));
        assertThat(session.wakeAt()).isEqualTo(at(19));
        assertThat(session.wake(at(19)).signals()).singleElement().isInstanceOf(Signal.Failed.class);
    }

    @Test
    void aRefusalOfOneMessageIsAnAnswerToo() {
        session.wake(at(5));
        session.received(refusing(ServerMessage.Failure.Kind.BAD_REQUEST, "no", null), at(6));
        session.wake(at(10));
        assertThat(session.wakeAt()).isEqualTo(at(15));
        assertThat(session.wake(at(15)).messages()).hasSize(1);
    }

    @Test
    void theServersIntervalIsKeptFromThenOn() {
        session.received(beatingEvery(Duration.ofSeconds(2)), at(1));
        assertThat(session.wakeAt()).isEqualTo(at(2));
        session.wake(at(2));
        session.wake(at(4));
        assertThat(session.wakeAt()).isEqualTo(at(6));
        assertThat(session.wake(at(6)).signals()).singleElement().isInstanceOf(Signal.Failed.class);
    }

    @Test
    void aShorterIntervalThatIsOverAlreadyIsDueAtOnceAndOnce() {
        session.received(beatingEvery(Duration.ofSeconds(1)), at(4));
        assertThat(session.wakeAt()).isEqualTo(at(1));
        assertThat(session.wake(at(4)).messages()).hasSize(1);
        assertThat(session.wakeAt()).isEqualTo(at(5));
    }

    @Test
    void anAbsurdIntervalCountsAsAnHourWhateverTheTiming() {
        AgentSession patient = new AgentSession(
                SELF, true, 0, new Timing(Duration.ofDays(1), Duration.ofDays(1), Duration.ofDays(1), 100));
        patient.open(START);
        patient.received(beatingEvery(Duration.ofSeconds(Integer.MAX_VALUE)), START);
        assertThat(patient.wakeAt()).isEqualTo(at(3_600));
        assertThat(patient.wake(at(3_600)).messages()).hasSize(1);
        assertThat(patient.wake(at(7_200)).messages()).hasSize(1);
    }

    @Test
    void theFullStateGoesWithTheNextMessageAndOnlyOnceHoweverOftenItWasAsked() {
        assertThat(session.received(asking(), at(1))).isEqualTo(nothing());
        assertThat(session.received(asking(), at(2))).isEqualTo(nothing());
        assertThat(session.wakeAt()).isEqualTo(at(5));
        AgentMessage full = session.wake(at(5)).messages().getFirst();
        assertThat(full.description()).isEqualTo(SELF.describedWithHash());
        assertThat(full.health()).isEqualTo(SELF.health());
        assertThat(full.customCapabilities()).isEqualTo(SELF.customCapabilities());
        session.received(answer(), at(6));
        assertThat(session.wake(at(10)).messages().getFirst().description()).isNull();
    }

    @Test
    void anAgentThatIsNeverSilentStillSendsTheFullStateItOwes() {
        session.received(asking(), at(1));
        AgentMessage record = session.send(RECORD, at(2)).messages().getFirst();
        assertThat(record.custom()).isEqualTo(RECORD);
        assertThat(record.description()).isEqualTo(SELF.describedWithHash());
        session.received(asking(), at(3));
        AgentMessage report = session.report(ill("x"), at(4)).messages().getFirst();
        assertThat(report.health()).isEqualTo(ill("x"));
        assertThat(report.description()).isEqualTo(SELF.describedWithHash());
        assertThat(session.report(ill("y"), at(5)).messages().getFirst().description())
                .isNull();
    }

    @Test
    void aServerThatNeverHasEnoughGetsThreeFullStatesAndThenAMinuteWithout() {
        List<Integer> full = new ArrayList<>();
        int sent = 0;
        for (int second = 1; second <= 100; second++) {
            sent += session.received(asking(), at(second)).messages().size();
            for (AgentMessage message : session.wake(at(second)).messages()) {
                sent++;
                if (message.description() != null) {
                    full.add(second);
                }
            }
        }
        assertThat(sent).isEqualTo(20);
        assertThat(full).containsExactly(5, 10, 15, 75, 80, 85);
        assertThat(session.phase()).isEqualTo(Phase.ATTACHED);
    }

    @Test
    void aReportBeforeTheOpeningGoesWithTheFirstMessage() {
        AgentSession fresh = new AgentSession(SELF, true, 0, Timing.DEFAULT);
        assertThat(fresh.report(ill("x"), at(0))).isEqualTo(nothing());
        assertThat(fresh.open(at(1)).messages().getFirst().health()).isEqualTo(ill("x"));
        fresh.received(answer(), at(2));
        assertThat(fresh.wake(at(6)).messages().getFirst().health()).isNull();
    }

    @Test
    void aReportBetweenTheOpeningAndTheAnswerGoesWithTheFirstHeartbeat() {
        AgentSession fresh = new AgentSession(SELF, true, 0, Timing.DEFAULT);
        fresh.open(at(0));
        assertThat(fresh.report(ill("x"), at(1))).isEqualTo(nothing());
        fresh.received(answer(), at(2));
        assertThat(fresh.wake(at(5)).messages().getFirst().health()).isEqualTo(ill("x"));
        assertThat(fresh.wake(at(10)).messages().getFirst().health()).isNull();
    }

    @Test
    void aCustomMessageIsSentOnlyByAnAttachedAgentToAServerThatTakesIt() {
        assertThat(session.send(RECORD, at(1)).messages().getFirst().custom()).isEqualTo(RECORD);
        CustomMessage other = CustomMessage.ofText("other", "t", "x");
        assertThatIllegalStateException()
                .isThrownBy(() -> session.send(other, at(1)))
                .withMessageContaining("cannot send other while ATTACHED");
        AgentSession joining = new AgentSession(SELF, true, 0, Timing.DEFAULT);
        joining.open(at(0));
        assertThatIllegalStateException().isThrownBy(() -> joining.send(RECORD, at(1)));
        assertThat(joining.nextSequence()).isEqualTo(1);
        session.received(taking(), at(2));
        assertThatIllegalStateException().isThrownBy(() -> session.send(RECORD, at(2)));
    }

    @Test
    void aCustomMessageOfTheServerIsHandedOn() {
        ServerMessage message = answer().withCustom(RECORD);
        assertThat(session.received(message, at(1)))
                .isEqualTo(new Step(List.of(), List.of(new Signal.Received(RECORD))));
    }

    /** Whatever happened, a call at the instant that was named does something, and none before it does. */
    @Test
    void theInstantNamedIsTheRightOne() {
        Seeds.upTo(500).forEach(seed -> {
            SplittableRandom chance = new SplittableRandom(seed);
            AgentSession any = new AgentSession(SELF, chance.nextBoolean(), 0, Timing.DEFAULT);
            long now = START - seconds(chance.nextInt(20));
            any.open(now);
            for (int step = 0; step < 60 && any.phase() != Phase.CLOSED; step++) {
                long left = Math.max(0, any.wakeAt() - now);
                if (chance.nextInt(3) == 0) {
                    now += left;
                    Step due = any.wake(now);
                    assertThat(due).as(Seeds.replay(seed)).isNotEqualTo(nothing());
                    assertThat(any.wake(now)).as(Seeds.replay(seed)).isEqualTo(nothing());
                } else if (left > 0) {
                    now += chance.nextLong(left);
                    assertThat(any.wake(now)).as(Seeds.replay(seed)).isEqualTo(nothing());
                    happen(any, now, chance);
                }
                boolean later = any.phase() == Phase.CLOSED || any.wakeAt() - now > -seconds(60);
                assertThat(later).as(Seeds.replay(seed)).isTrue();
            }
        });
    }

    private static void happen(AgentSession any, long now, SplittableRandom chance) {
        switch (chance.nextInt(6)) {
            case 0 -> any.received(asking(), now);
            case 1 -> any.received(beatingEvery(Duration.ofSeconds(chance.nextInt(1, 20))), now);
            case 2 -> any.report(Health.good(), now);
            case 3 -> any.received(taking(Capabilities.OUTBOX), now);
            case 4 -> {
                if (any.phase() == Phase.ATTACHED && any.serverTakes(Capabilities.OUTBOX)) {
                    any.send(RECORD, now);
                }
            }
            default -> any.received(answer(), now);
        }
    }

    private static long at(long seconds) {
        return START + seconds(seconds);
    }

    private static Step nothing() {
        return new Step(List.of(), List.of());
    }
}
