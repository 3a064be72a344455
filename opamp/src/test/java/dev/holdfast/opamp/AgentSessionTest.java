// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static dev.holdfast.opamp.ConversationSteps.SELF;
import static dev.holdfast.opamp.ConversationSteps.answer;
import static dev.holdfast.opamp.ConversationSteps.asking;
import static dev.holdfast.opamp.ConversationSteps.refusing;
import static dev.holdfast.opamp.ConversationSteps.renaming;
import static dev.holdfast.opamp.ConversationSteps.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.opamp.AgentSession.Arrival;
import dev.holdfast.opamp.AgentSession.Phase;
import dev.holdfast.opamp.AgentSession.Signal;
import dev.holdfast.opamp.AgentSession.Step;
import dev.holdfast.opamp.AgentSession.Timing;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How an agent joins, and all that may go wrong on the way. Where a method takes no time, it is second 0. */
class AgentSessionTest {

    /** Three seconds before a long overflows. */
    private static final long NEXT_TO_OVERFLOW = Long.MAX_VALUE - 3_000_000_000L;

    private final AgentSession known = new AgentSession(SELF, true, 7, Timing.DEFAULT);
    private final AgentSession unknown = new AgentSession(SELF, false, 7, Timing.DEFAULT);

    @Test
    void aKnownAgentRejoinsWithoutItsDescriptionAndTheAnswerAttachesIt() {
        Step opened = known.open(0);
        AgentMessage rejoin = AgentMessage.heartbeat(SELF.uid(), 7, SELF.capabilities())
                .withHealth(SELF.health())
                .withCustomCapabilities(SELF.customCapabilities());
        assertThat(opened).isEqualTo(new Step(List.of(rejoin), List.of()));
        assertThat(known.phase()).isEqualTo(Phase.REJOINING);
        assertThat(known.received(answer(), seconds(1))).isEqualTo(attached(Arrival.REJOINED));
        assertThat(known.phase()).isEqualTo(Phase.ATTACHED);
    }

    @Test
    void anUnknownAgentRegistersWithItsFullStateAndTheAnswerAttachesIt() {
        assertThat(unknown.open(0)).isEqualTo(new Step(List.of(fullState(SELF, 7)), List.of()));
        assertThat(unknown.phase()).isEqualTo(Phase.REGISTERING);
        assertThat(unknown.received(answer(), seconds(29))).isEqualTo(attached(Arrival.REGISTERED));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5_000_000_000L, NEXT_TO_OVERFLOW, Long.MIN_VALUE})
    void aRejoinThatIsNotAnsweredBecomesARegistrationAndThatInTurnATimeOut(long start) {
        known.open(start);
        assertThat(known.wakeAt()).isEqualTo(start + seconds(5));
        assertThat(known.wake(start + seconds(5) - 1)).isEqualTo(nothing());
        assertThat(known.wake(start + seconds(5))).isEqualTo(new Step(List.of(fullState(SELF, 8)), List.of()));
        assertThat(known.phase()).isEqualTo(Phase.REGISTERING);
        assertThat(known.wakeAt()).isEqualTo(start + seconds(35));
        assertThat(known.wake(start + seconds(35) - 1)).isEqualTo(nothing());
        assertFailed(known.wake(start + seconds(35)), Cause.TIMEOUT, null, "registration not answered within 30s");
        assertThat(known.phase()).isEqualTo(Phase.CLOSED);
    }

    @Test
    void aServerThatAsksForTheFullStateGetsItAndThenTheAgentIsRegistered() {
        known.open(0);
        assertThat(known.received(asking(), seconds(4))).isEqualTo(new Step(List.of(fullState(SELF, 8)), List.of()));
        assertThat(known.wakeAt()).isEqualTo(seconds(34));
        assertThat(known.received(answer(), seconds(5))).isEqualTo(attached(Arrival.REGISTERED));
    }

    @Test
    void aLateAnswerToTheRejoinAttachesAndTheOneToTheRegistrationChangesNothing() {
        known.open(0);
        known.wake(seconds(5));
        assertThat(known.received(answer(), seconds(6))).isEqualTo(attached(Arrival.REJOINED));
        assertThat(known.received(answer(), seconds(7))).isEqualTo(nothing());
    }

    @Test
    void aLateRequestForTheFullStateThatIsOnItsWayIsNotFollowedAgain() {
        known.open(0);
        known.wake(seconds(5));
        assertThat(known.received(asking(), seconds(6))).isEqualTo(nothing());
        assertThat(known.phase()).isEqualTo(Phase.REGISTERING);
        assertThat(known.received(asking(), seconds(7)).messages()).containsExactly(fullState(SELF, 9));
        assertThat(known.received(answer(), seconds(8))).isEqualTo(attached(Arrival.REGISTERED));
    }

    @Test
    void silenceIsNotJudgedWhileAnswersMayLieUnreadButOnlyOnce() {
        known.open(0);
        known.received(answer(), 1);
        assertThat(known.wake(seconds(6)).messages()).hasSize(1);
        // Stopped for a minute: the answer to that heartbeat may have come long ago.
        assertThat(known.wake(seconds(66)).messages()).hasSize(1);
        assertThat(known.phase()).isEqualTo(Phase.ATTACHED);
        assertFailed(known.wake(seconds(126)), Cause.TIMEOUT, null, "unanswered");
    }

    @Test
    void aRejoinGetsMoreTimeWhereTheProcessWasHeldUp() {
        known.open(0);
        assertThat(known.wake(seconds(60))).isEqualTo(nothing());
        assertThat(known.wakeAt()).isEqualTo(seconds(65));
        assertThat(known.received(answer(), seconds(61))).isEqualTo(attached(Arrival.REJOINED));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aServerThatAsksForEverIsLeft(boolean rejoining) {
        AgentSession session = rejoining ? known : unknown;
        session.open(0);
        for (int asked = 1; asked <= 3; asked++) {
            assertThat(session.received(asking(), asked).messages()).hasSize(1);
        }
        assertFailed(session.received(asking(), 9), Cause.PROTOCOL, null, "wanted the full state 4 times in a row");
        assertThat(session.received(asking(), 10)).isEqualTo(nothing());
    }

    @Test
    void aMessageForAnotherAgentEndsTheConversation() {
        unknown.open(0);
        assertFailed(
                unknown.received(ServerMessage.answer(Samples.OTHER_UID), 1),
                Cause.PROTOCOL,
                null,
                "for another agent, " + Samples.OTHER_UID);
        assertThat(unknown.received(answer(), 2)).isEqualTo(nothing());
    }

    @Test
    void aServerMayUseTheNewNameAtOnceAndTheOldOneStill() {
        unknown.open(0);
        ServerMessage renaming =
                new ServerMessage(Samples.OTHER_UID, null, false, 0, Samples.OTHER_UID, null, null, null);
        assertThat(unknown.received(renaming, 1).signals()).containsExactly(new Signal.Renamed(Samples.OTHER_UID));
        assertThat(unknown.received(answer(), 2)).isEqualTo(attached(Arrival.REGISTERED));
        unknown.received(ServerMessage.answer(Samples.OTHER_UID), 3);
        assertThat(unknown.phase()).isEqualTo(Phase.ATTACHED);
    }

    @Test
    void aServerThatGivesNewNamesForEverIsLeftWithTheLastNameThatWasTold() {
        unknown.open(0);
        for (int given = 1; given <= 3; given++) {
            InstanceUid uid = new InstanceUid(new UUID(0, given));
            assertThat(unknown.received(renaming(uid), given))
                    .isEqualTo(new Step(
                            List.of(fullState(SELF.withUid(uid), 7 + given)), List.of(new Signal.Renamed(uid))));
        }
        Step last = unknown.received(renaming(Samples.OTHER_UID), 9);
        assertFailed(last, Cause.PROTOCOL, null, "4 times in a row");
        assertThat(unknown.self().uid()).isEqualTo(new InstanceUid(new UUID(0, 3)));
    }

    @Test
    void anAttachedAgentThatIsGivenANewNameRegistersUnderIt() {
        known.open(0);
        known.received(answer(), 0);
        AgentState renamed = SELF.withUid(Samples.OTHER_UID);
        assertThat(known.received(renaming(Samples.OTHER_UID), seconds(1)))
                .isEqualTo(new Step(List.of(fullState(renamed, 8)), List.of(new Signal.Renamed(Samples.OTHER_UID))));
        assertThat(known.phase()).isEqualTo(Phase.REGISTERING);
        assertThat(known.wakeAt()).isEqualTo(seconds(31));
        assertThat(known.self()).isEqualTo(renamed);
        assertThat(renamed.hash()).isNotEqualTo(SELF.hash());
        assertThat(known.received(answer(), seconds(2))).isEqualTo(attached(Arrival.REGISTERED));
    }

    @Test
    void theNameThatTheAgentHasAlreadyIsNoNewOne() {
        known.open(0);
        assertThat(known.received(renaming(SELF.uid()), 0)).isEqualTo(attached(Arrival.REJOINED));
    }

    @ParameterizedTest
    @CsvSource({"UNAVAILABLE, 12, OVERLOAD", "UNAVAILABLE, , OVERLOAD", "UNKNOWN, 3, SERVER", "UNKNOWN, , SERVER"})
    void aServerThatCannotServeEndsTheConnectionAtAnyPhase(
            ServerMessage.Failure.Kind kind, @Nullable Long delay, Cause cause) {
        Duration retryAfter = delay == null ? null : Duration.ofSeconds(delay);
        for (AgentSession session : joiningAndAttached()) {
            Step step = session.received(refusing(kind, "because", retryAfter), 1);
            assertFailed(step, cause, retryAfter, kind + ": because");
            assertThat(session.phase()).isEqualTo(Phase.CLOSED);
        }
    }

    @Test
    void aBadRequestEndsTheConnectionOfAnAgentThatIsNotAttachedYetOnly() {
        ServerMessage refusal = refusing(ServerMessage.Failure.Kind.BAD_REQUEST, "no", Duration.ofSeconds(9));
        List<AgentSession> sessions = joiningAndAttached();
        assertFailed(sessions.get(0).received(refusal, 1), Cause.REJECTED, null, "BAD_REQUEST: no");
        assertFailed(sessions.get(1).received(refusal, 1), Cause.REJECTED, null, "BAD_REQUEST: no");
        AgentSession attached = sessions.get(2);
        assertThat(attached.received(refusal, 1))
                .isEqualTo(new Step(
                        List.of(), List.of(new Signal.Refused(Failure.of(Cause.REJECTED, "BAD_REQUEST: no")))));
        assertThat(attached.phase()).isEqualTo(Phase.ATTACHED);
    }

    @Test
    void anErrorExcludesAllElseThatIsInTheMessage() {
        known.open(0);
        ServerMessage all =
                Samples.serverMessage(new ServerMessage.Failure(ServerMessage.Failure.Kind.UNAVAILABLE, "full", null));
        assertFailed(known.received(all, 1), Cause.OVERLOAD, null, "full");
        assertThat(known.self()).isEqualTo(SELF);
        assertThat(known.serverTakes("dev.holdfast.outbox")).isFalse();
    }

    @Test
    void everyMessageIsNumberedOneMoreThanTheOneBeforeAndANewConnectionGoesOn() {
        known.open(0);
        known.wake(seconds(5));
        known.received(asking(), seconds(6));
        known.received(asking(), seconds(6));
        known.received(ConversationSteps.taking(Capabilities.OUTBOX), seconds(7));
        Step reported = known.report(Health.good(), seconds(8));
        Step sent = known.send(CustomMessage.ofText(Capabilities.OUTBOX, "t", "x"), seconds(8));
        Step beat = known.wake(seconds(13));
        Step closed = known.close(seconds(13));
        assertThat(List.of(reported, sent, beat, closed))
                .extracting(step -> step.messages().getFirst().sequence())
                .containsExactly(10L, 11L, 12L, 13L);
        assertThat(known.nextSequence()).isEqualTo(14);
        AgentSession next = new AgentSession(known.self(), true, known.nextSequence(), Timing.DEFAULT);
        assertThat(next.open(0).messages().getFirst().sequence()).isEqualTo(14);
    }

    @Test
    void numbersGoOnPastTheRangeOfASignedLong() {
        AgentSession session = new AgentSession(SELF, true, Long.MAX_VALUE, Timing.DEFAULT);
        session.open(0);
        assertThat(session.nextSequence()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void closingSaysALastWordOnceAndNothingHappensAfterIt() {
        for (AgentSession session : joiningAndAttached()) {
            AgentMessage last = session.close(1).messages().getFirst();
            assertThat(last.disconnect()).isTrue();
            assertThat(session.phase()).isEqualTo(Phase.CLOSED);
            assertSilent(session);
        }
    }

    @Test
    void nothingHappensAfterAFailureOrAnOpeningThatCameTooLate() {
        known.open(0);
        known.received(refusing(ServerMessage.Failure.Kind.UNAVAILABLE, "", null), 1);
        assertSilent(known);
        unknown.close(0);
        assertSilent(unknown);
        assertThat(unknown.open(1)).isEqualTo(nothing());
        assertThat(unknown.phase()).isEqualTo(Phase.CLOSED);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 30, 5, 2, 'rejoin: PT0S (expected: a duration > 0s'",
        "5, -1, 5, 2, 'register: PT-1S (expected: a duration > 0s'",
        "5, 30, 86401, 2, 'heartbeat: PT24H1S (expected: <= PT24H'",
        "5, 30, 5, 0, 'deadAfter: 0 (expected: 1 to 100'",
        "5, 30, 5, 101, 'deadAfter: 101 (expected: 1 to 100'"
    })
    void aTimingOutOfItsRangeIsRefused(long rejoin, long register, long heartbeat, int deadAfter, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Timing(
                        Duration.ofSeconds(rejoin),
                        Duration.ofSeconds(register),
                        Duration.ofSeconds(heartbeat),
                        deadAfter))
                .withMessageStartingWith(message);
    }

    private static void assertSilent(AgentSession session) {
        long sequence = session.nextSequence();
        assertThat(session.wake(seconds(1_000))).isEqualTo(nothing());
        assertThat(session.received(asking(), seconds(1_000))).isEqualTo(nothing());
        assertThat(session.received(Samples.serverMessage(null), seconds(1_000)))
                .isEqualTo(nothing());
        assertThat(session.report(Health.good(), seconds(1_000))).isEqualTo(nothing());
        assertThat(session.close(seconds(1_000))).isEqualTo(nothing());
        assertThat(session.nextSequence()).isEqualTo(sequence);
    }

    private static List<AgentSession> joiningAndAttached() {
        AgentSession rejoining = new AgentSession(SELF, true, 0, Timing.DEFAULT);
        AgentSession registering = new AgentSession(SELF, false, 0, Timing.DEFAULT);
        AgentSession attached = new AgentSession(SELF, true, 0, Timing.DEFAULT);
        rejoining.open(0);
        registering.open(0);
        attached.open(0);
        attached.received(answer(), 0);
        return List.of(rejoining, registering, attached);
    }

    private static AgentMessage fullState(AgentState state, long sequence) {
        return AgentMessage.heartbeat(state.uid(), sequence, state.capabilities())
                .withDescription(state.description().with(AgentState.HASH_ATTRIBUTE, Value.of(state.hash())))
                .withHealth(state.health())
                .withCustomCapabilities(state.customCapabilities());
    }

    private static Step attached(Arrival arrival) {
        return new Step(List.of(), List.of(new Signal.Attached(arrival)));
    }

    private static Step nothing() {
        return new Step(List.of(), List.of());
    }

    private static void assertFailed(Step step, Cause cause, @Nullable Duration retryAfter, String detail) {
        assertThat(step.messages()).isEmpty();
        assertThat(step.signals()).singleElement().isInstanceOfSatisfying(Signal.Failed.class, failed -> {
            assertThat(failed.failure().cause()).isEqualTo(cause);
            assertThat(failed.failure().retryAfter()).isEqualTo(retryAfter);
            assertThat(failed.failure().detail()).contains(detail);
        });
    }
}
