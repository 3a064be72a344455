// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxWire;
import dev.holdfast.server.fleet.AgentLink;
import dev.holdfast.server.fleet.AgentProcess;
import dev.holdfast.server.fleet.AgentRecord;
import dev.holdfast.server.ingest.Lanes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class PollsTest {

    private final VirtualTime time = new VirtualTime();
    private final Reception reception = TestReception.in(time);
    private final Polls polls = new Polls(reception, time);

    @Test
    void anAgentIsAttachedUntilItHasNotPolledForThreeIntervals() {
        polls.received(TestReception.registration(0), Announced.NOTHING);
        for (int i = 1; i <= 10; i++) {
            time.advance(Polls.SILENCE.minusSeconds(1));
            polls.received(TestReception.heartbeat(i), Announced.NOTHING);
        }
        time.advance(Polls.SILENCE.minusSeconds(1));
        assertThat(TestReception.attached(reception)).isTrue();

        time.advance(Duration.ofSeconds(6));
        assertThat(TestReception.attached(reception)).isFalse();
    }

    @Test
    void anAgentThatComesBackLaterIsInANewConversation() throws Exception {
        polls.received(TestReception.registration(0), Announced.NOTHING);
        time.advance(Polls.SILENCE.multipliedBy(2));

        var answer = polls.received(TestReception.heartbeat(77), new Announced(null, "hash", null))
                .toCompletableFuture();
        assertThat(answer.get().reportFullState()).isFalse();
        assertThat(TestReception.attached(reception)).isTrue();
        assertThat(reception.fleet().agent(TestReception.UID).orElseThrow().rejoins())
                .isEqualTo(1);
    }

    @Test
    void twoProcessesThatPollUnderOneUidAreToldApart() throws Exception {
        Announced one = new Announced(null, "hash", new AgentProcess(1, 1));
        Announced other = new Announced(null, "hash", new AgentProcess(2, 2));
        answer(TestReception.registration(0), one);
        assertThat(answer(TestReception.heartbeat(7), other).newUid()).isNull();
        assertThat(answer(TestReception.heartbeat(1), one).newUid()).isNull();
        ServerMessage turnedAway = answer(TestReception.heartbeat(8), other);
        assertThat(turnedAway.newUid()).isEqualTo(TestReception.GIVEN);
        assertThat(turnedAway.reportFullState()).isTrue();

        AgentMessage renamed = AgentMessage.heartbeat(TestReception.GIVEN, 9, 1)
                .withDescription(new AgentDescription(Map.of(), Map.of()));
        assertThat(answer(renamed, other).newUid()).isNull();
        for (int sequence = 2; sequence < 50; sequence++) {
            time.advance(Duration.ofSeconds(30));
            assertThat(answer(TestReception.heartbeat(sequence), one)).isEqualTo(plain(TestReception.UID));
            assertThat(answer(AgentMessage.heartbeat(TestReception.GIVEN, sequence + 8, 1), other))
                    .isEqualTo(plain(TestReception.GIVEN));
        }
        assertThat(reception.fleet().agents()).hasSize(2).allMatch(AgentRecord::attached);
    }

    @Test
    void anAgentThatKnowsOfNoNewUidsIsTakenAsItIsInTheEnd() throws Exception {
        Announced one = new Announced(null, "hash", new AgentProcess(1, 1));
        Announced other = new Announced(null, "hash", new AgentProcess(2, 2));
        answer(TestReception.registration(0), one);
        answer(TestReception.heartbeat(0), other);
        answer(TestReception.heartbeat(1), one);
        for (int sequence = 1; sequence <= 3; sequence++) {
            assertThat(answer(TestReception.heartbeat(sequence), other).newUid())
                    .isEqualTo(TestReception.GIVEN);
        }
        answer(TestReception.registration(4), other);
        assertThat(reception.fleet().agent(TestReception.UID).orElseThrow().registrations())
                .isEqualTo(2);
        assertThat(reception.fleet().agents()).hasSize(1);
    }

    private ServerMessage answer(AgentMessage message, Announced announced) throws Exception {
        CompletableFuture<ServerMessage> answer =
                polls.received(message, announced).toCompletableFuture();
        time.advance(Duration.ZERO);
        return answer.join();
    }

    private static ServerMessage plain(InstanceUid uid) {
        return ServerMessage.answer(uid);
    }

    @Test
    void nothingIsKeptOfUidsThatAreNotAttached() {
        for (int number = 0; number < 1000; number++) {
            InstanceUid made = new InstanceUid(new UUID(number, number));
            AgentMessage message = AgentMessage.heartbeat(made, number, Capabilities.OF_AGENT);
            assertThat(polls.received(message, new Announced(null, "guess", null))
                            .toCompletableFuture()
                            .join()
                            .reportFullState())
                    .isTrue();
        }
        assertThat(polls.size()).isZero();

        polls.received(TestReception.registration(0), Announced.NOTHING);
        assertThat(polls.size()).isEqualTo(1);
    }

    @Test
    void nobodyIsAttachedOnceTheyAreClosed() {
        polls.received(TestReception.registration(0), Announced.NOTHING);
        polls.close();

        assertThat(TestReception.attached(reception)).isFalse();
    }

    @Test
    void whoWasToldAnIntervalIsLostAfterTwoOfThem() {
        Reception telling = TestReception.in(time, Duration.ofSeconds(4));
        Polls told = new Polls(telling, time);
        told.received(TestReception.registration(0), Announced.NOTHING);
        for (int i = 1; i <= 10; i++) {
            time.advance(Duration.ofSeconds(8));
            told.received(TestReception.heartbeat(i), Announced.NOTHING);
        }
        time.advance(Duration.ofSeconds(8));
        assertThat(TestReception.attached(telling)).isTrue();

        time.advance(Duration.ofSeconds(4));
        assertThat(TestReception.attached(telling)).isFalse();
    }

    @Test
    void whoPollsIsAttachedOverThatUntilItTakesItsLeave() {
        polls.received(TestReception.registration(0), Announced.NOTHING);
        assertThat(reception.fleet().transport(TestReception.UID)).contains(AgentLink.Transport.POLLING);

        polls.received(TestReception.heartbeat(1).withDisconnect(), Announced.NOTHING);
        assertThat(reception.fleet().transport(TestReception.UID)).isEmpty();
        assertThat(TestReception.attached(reception)).isFalse();
        assertThat(polls.size()).isZero();
    }

    @Test
    void whileItsRegistrationWaitsForTheStoreAnAgentIsNotSilent() {
        VirtualTime slow = new VirtualTime();
        Reception waiting = TestReception.in(time, slow, time);
        Polls patient = new Polls(waiting, time);
        CompletableFuture<ServerMessage> answer = patient.received(TestReception.registration(0), Announced.NOTHING)
                .toCompletableFuture();
        time.advance(Polls.SILENCE.multipliedBy(2));
        assertThat(answer).isNotDone();
        assertThat(TestReception.attached(waiting)).isTrue();

        slow.advance(Duration.ZERO);
        assertThat(answer).isDone();
        time.advance(Polls.SILENCE.minusSeconds(1));
        assertThat(TestReception.attached(waiting)).isTrue();
    }

    @Test
    void anAcknowledgementThatIsSoonThereComesWithTheAnswer() throws Exception {
        Lanes lane = Lanes.of(1, "numbers").append(3);
        answer(announcing(TestReception.registration(0)), Announced.NOTHING);
        CompletableFuture<ServerMessage> answer =
                polls.received(sending(1, lane.batch(0, 2)), Announced.NOTHING).toCompletableFuture();
        assertThat(answer).isNotDone();
        time.advance(Duration.ZERO);
        assertThat(mark(answer.join()).at()).isEqualTo(lane.at(2));
        assertThat(answer(TestReception.heartbeat(2), Announced.NOTHING).custom())
                .isNull();
    }

    @Test
    void anAcknowledgementThatTakesLongerThanASecondComesWithTheNextAnswer() throws Exception {
        VirtualTime slow = new VirtualTime();
        Polls patient = new Polls(TestReception.in(time, time, slow), time);
        Lanes lane = Lanes.of(1, "numbers").append(3);
        patient.received(announcing(TestReception.registration(0)), Announced.NOTHING);
        time.advance(Duration.ZERO);
        CompletableFuture<ServerMessage> answer = patient.received(sending(1, lane.batch(0, 2)), Announced.NOTHING)
                .toCompletableFuture();
        time.advance(Polls.HELD.minusMillis(1));
        assertThat(answer).isNotDone();
        time.advance(Duration.ofMillis(1));
        assertThat(answer.join().custom()).isNull();

        slow.advance(Duration.ZERO);
        CompletableFuture<ServerMessage> next =
                patient.received(TestReception.heartbeat(2), Announced.NOTHING).toCompletableFuture();
        assertThat(mark(next.join()).at()).isEqualTo(lane.at(2));
        assertThat(patient.received(TestReception.heartbeat(3), Announced.NOTHING)
                        .toCompletableFuture()
                        .join()
                        .custom())
                .isNull();
    }

    private static AgentMessage announcing(AgentMessage message) {
        return message.withCustomCapabilities(List.of(Capabilities.OUTBOX));
    }

    private static AgentMessage sending(long sequence, OutboxMessage message) {
        return TestReception.heartbeat(sequence).withCustom(OutboxWire.write(message));
    }

    private static OutboxMessage.Mark mark(ServerMessage message) throws Exception {
        return (OutboxMessage.Mark)
                OutboxWire.read(Objects.requireNonNull(message.custom())).orElseThrow();
    }
}
