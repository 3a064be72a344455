// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static dev.holdfast.opamp.ConversationSteps.DESCRIPTION;
import static dev.holdfast.opamp.ConversationSteps.SELF;
import static dev.holdfast.opamp.ConversationSteps.ill;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.opamp.ServerSession.Effect;
import dev.holdfast.opamp.ServerSession.Offer;
import dev.holdfast.opamp.ServerSession.Reply;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerSessionTest {

    private static final Offer OFFER =
            new Offer(Duration.ofSeconds(9), List.of(Capabilities.OUTBOX), () -> Samples.OTHER_UID);
    private static final CustomMessage RECORD = CustomMessage.ofText(Capabilities.OUTBOX, "record", "x");

    private final ServerSession session = new ServerSession(OFFER, null);

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, Long.MIN_VALUE, -1})
    void theFirstNumberMayBeAnyAndTheNextIsOneMore(long first) {
        Reply registered = session.received(full(first), null);
        assertThat(registered.effects())
                .containsExactly(new Effect.Registered(SELF.describedWithHash(), SELF.hash(), SELF.capabilities()));
        assertThat(registered.answer().reportFullState()).isFalse();
        assertThat(session.attached()).isTrue();
        assertThat(session.received(beat(first + 1), SELF.hash())).isEqualTo(plain());
        assertThat(session.received(beat(first + 2), SELF.hash())).isEqualTo(plain());
    }

    @Test
    void anAgentWhoseHashIsTheOneStoredHasRejoined() {
        ServerSession known = new ServerSession(OFFER, "h");
        Reply reply = known.received(beat(5), "h");
        assertThat(reply.effects()).containsExactly(new Effect.Rejoined());
        assertThat(reply.answer().reportFullState()).isFalse();
        assertThat(known.attached()).isTrue();
        assertThat(known.received(beat(6), "h")).isEqualTo(plain());
    }

    @ParameterizedTest
    @CsvSource({"h, other", "h, ", ", h", ", "})
    void anyOtherIsAskedForItsFullStateUntilItComes(@Nullable String announced, @Nullable String stored) {
        ServerSession fresh = new ServerSession(OFFER, announced);
        for (int sequence = 0; sequence < 4; sequence++) {
            Reply reply = fresh.received(beat(sequence), stored);
            assertThat(reply.effects()).isEmpty();
            assertThat(reply.answer().reportFullState()).isTrue();
            assertThat(fresh.attached()).isFalse();
        }
        Reply reply = fresh.received(full(4), stored);
        assertThat(reply.effects()).singleElement().isInstanceOf(Effect.Registered.class);
        assertThat(reply.answer().reportFullState()).isFalse();
        assertThat(fresh.received(beat(5), SELF.hash())).isEqualTo(plain());
    }

    @ParameterizedTest
    @ValueSource(longs = {10, 9, 12, 0, Long.MIN_VALUE})
    void aGapIsAskedAboutUntilTheFullStateComes(long next) {
        session.received(full(10), null);
        assertThat(session.received(beat(next), SELF.hash()).answer().reportFullState())
                .isTrue();
        assertThat(session.attached()).isTrue();
        assertThat(session.received(beat(next + 1), SELF.hash()).answer().reportFullState())
                .isTrue();
        assertThat(session.received(full(next + 2), SELF.hash()).answer().reportFullState())
                .isFalse();
        assertThat(session.received(beat(next + 3), SELF.hash())).isEqualTo(plain());
    }

    @Test
    void aGapBeforeAFullStateIsOfNoInterest() {
        session.received(full(1), null);
        Reply reply = session.received(full(50), SELF.hash());
        assertThat(reply.answer().reportFullState()).isFalse();
        assertThat(reply.effects()).hasSize(1);
        assertThat(session.received(beat(51), SELF.hash())).isEqualTo(plain());
    }

    @Test
    void anAgentThatSaysNothingOfHeartbeatsIsAnsweredLikeAnyOther() {
        session.received(full(0), null);
        AgentMessage silentOnIt = AgentMessage.heartbeat(SELF.uid(), 1, Capabilities.REPORTS_STATUS);
        assertThat(session.received(silentOnIt, SELF.hash())).isEqualTo(plain());
    }

    @Test
    void aForeignAgentsFullStateHasNoHash() {
        AgentMessage foreign = beat(0).withDescription(DESCRIPTION);
        assertThat(session.received(foreign, null).effects())
                .containsExactly(new Effect.Registered(DESCRIPTION, null, SELF.capabilities()));
    }

    @Test
    void theFirstAnswerHasTheServersCapabilitiesAndLaterOnesHaveNot() {
        assertThat(session.received(beat(0), null).answer().capabilities())
                .isEqualTo(Capabilities.ACCEPTS_STATUS | Capabilities.OFFERS_CONNECTION_SETTINGS);
        assertThat(session.received(full(1), null).answer().capabilities()).isZero();
        ServerSession plain = new ServerSession(new Offer(null, List.of(), () -> Samples.OTHER_UID), null);
        ServerMessage first = plain.received(full(0), null).answer();
        assertThat(first.capabilities()).isEqualTo(Capabilities.ACCEPTS_STATUS);
        assertThat(first.heartbeatInterval()).isNull();
    }

    @Test
    void aHeartbeatIntervalIsOfferedOnceAndOnlyToThoseWhoTakeSettings() {
        AgentMessage deaf = AgentMessage.heartbeat(
                SELF.uid(), 0, Capabilities.OF_AGENT & ~Capabilities.ACCEPTS_CONNECTION_SETTINGS);
        assertThat(new ServerSession(OFFER, null).received(deaf, null).answer().heartbeatInterval())
                .isNull();
        assertThat(session.received(full(0), null).answer().heartbeatInterval()).isEqualTo(Duration.ofSeconds(9));
        assertThat(session.received(beat(1), null).answer().heartbeatInterval()).isNull();
    }

    @Test
    void customCapabilitiesAreAnnouncedToEveryMessageThatAnnouncesSomeAndToNoOther() {
        assertThat(session.received(beat(0), null).answer().customCapabilities())
                .isNull();
        List<String> ours = List.of(Capabilities.OUTBOX);
        assertThat(session.received(full(1), null).answer().customCapabilities())
                .isEqualTo(ours);
        assertThat(session.received(beat(2), null).answer().customCapabilities())
                .isNull();
        AgentMessage later = beat(3).withCustomCapabilities(List.of());
        assertThat(session.received(later, null).answer().customCapabilities()).isEqualTo(ours);
    }

    @Test
    void anAgentThatAsksForAUidIsGivenOne() {
        AgentMessage asking = new AgentMessage(SELF.uid(), 0, 1, DESCRIPTION, null, false, true, null, null);
        ServerMessage answer = session.received(asking, null).answer();
        assertThat(answer.uid()).isEqualTo(SELF.uid());
        assertThat(answer.newUid()).isEqualTo(Samples.OTHER_UID);
        assertThat(session.received(beat(1), null).answer().newUid()).isNull();
    }

    @Test
    void nothingIsTakenUnderAUidThatIsToBeAnother() {
        AgentMessage asking = new AgentMessage(
                SELF.uid(), 0, SELF.capabilities(), DESCRIPTION, ill("x"), false, true, List.of(), RECORD);
        Reply reply = session.received(asking, null);
        assertThat(reply.effects()).isEmpty();
        assertThat(reply.answer().reportFullState()).isTrue();
        assertThat(reply.answer().heartbeatInterval()).isEqualTo(Duration.ofSeconds(9));
        assertThat(session.attached()).isFalse();

        AgentMessage renamed = AgentMessage.heartbeat(Samples.OTHER_UID, 1, 1).withDescription(DESCRIPTION);
        assertThat(session.received(renamed, null).effects())
                .containsExactly(new Effect.Registered(DESCRIPTION, null, 1));
    }

    @Test
    void anAgentWhoseUidIsAnothersIsToldTheSameNewOneUntilItUsesIt() {
        Iterator<InstanceUid> uids = List.of(
                        Samples.OTHER_UID, InstanceUid.parse("01996b8a-7c1f-7000-8000-0000000000ff"))
                .iterator();
        ServerSession clone = new ServerSession(new Offer(null, List.of(), uids::next), SELF.hash());
        for (int sequence = 0; sequence < 3; sequence++) {
            Reply reply = clone.rename(sequence == 1 ? full(sequence) : beat(sequence));
            assertThat(reply.effects()).isEmpty();
            assertThat(reply.answer().newUid()).isEqualTo(Samples.OTHER_UID);
        }
        assertThat(clone.received(beat(3), SELF.hash()).answer().reportFullState())
                .as("an agent that does not change its uid, and is let in after all")
                .isTrue();
        assertThat(clone.received(full(4), SELF.hash()).effects())
                .singleElement()
                .isInstanceOf(Effect.Registered.class);
    }

    @Test
    void aLeaveIsNotGivenAnotherUid() {
        AgentMessage leaving = new AgentMessage(SELF.uid(), 0, 1, null, null, true, true, null, null);
        Reply reply = session.received(leaving, null);
        assertThat(reply.answer().newUid()).isNull();
        assertThat(reply.effects()).containsExactly(new Effect.Left());
    }

    @Test
    void anAgentThatGoesOnUnderAnotherUidIsAskedWhoItIs() {
        session.received(full(0), null);
        AgentMessage renamed = AgentMessage.heartbeat(Samples.OTHER_UID, 1, 1);
        Reply reply = session.received(renamed, null);
        assertThat(reply.answer().uid()).isEqualTo(Samples.OTHER_UID);
        assertThat(reply.answer().reportFullState()).isTrue();
        assertThat(session.attached()).isFalse();
    }

    @Test
    void healthAndCustomMessagesAreHandedOnInOrderAttachedOrNot() {
        AgentMessage message = full(0).withHealth(ill("x")).withCustom(RECORD);
        assertThat(session.received(message, null).effects())
                .containsExactly(
                        new Effect.Registered(SELF.describedWithHash(), SELF.hash(), SELF.capabilities()),
                        new Effect.Reported(ill("x")),
                        new Effect.Received(RECORD));
        Reply asked = new ServerSession(OFFER, null).received(beat(0).withHealth(ill("y")), null);
        assertThat(asked.effects()).containsExactly(new Effect.Reported(ill("y")));
        assertThat(asked.answer().reportFullState()).isTrue();
    }

    @Test
    void anAgentThatTakesItsLeaveIsAnsweredAndWhatItSaidLastIsKept() {
        session.received(full(0), null);
        AgentMessage last = beat(1).withHealth(ill("x")).withCustom(RECORD).withDisconnect();
        Reply reply = session.received(last, SELF.hash());
        assertThat(reply.effects())
                .containsExactly(new Effect.Reported(ill("x")), new Effect.Received(RECORD), new Effect.Left());
        assertThat(reply.answer()).isEqualTo(ServerMessage.answer(SELF.uid()));
        assertThat(session.attached()).isFalse();
        Reply described = session.received(full(0).withDisconnect(), null);
        assertThat(described.effects()).hasSize(2).last().isEqualTo(new Effect.Left());
        assertThat(described.effects()).first().isInstanceOf(Effect.Registered.class);
    }

    @Test
    void aLeaveIsNeverAskedForMore() {
        assertThat(session.received(beat(0).withDisconnect(), null).answer().reportFullState())
                .isFalse();
        session.received(full(1), null);
        assertThat(session.received(beat(77).withDisconnect(), null).answer().reportFullState())
                .isFalse();
    }

    @Test
    void aMessageAfterTheLeaveStartsAfresh() {
        ServerSession known = new ServerSession(OFFER, "h");
        known.received(beat(0), "h");
        known.received(beat(1).withDisconnect(), "h");
        Reply back = known.received(beat(40), "h");
        assertThat(back.effects()).containsExactly(new Effect.Rejoined());
        assertThat(back.answer().capabilities()).isNotZero();
        known.received(beat(41).withDisconnect(), "h");
        assertThat(known.received(beat(3), "other").answer().reportFullState()).isTrue();
    }

    private static AgentMessage beat(long sequence) {
        return AgentMessage.heartbeat(SELF.uid(), sequence, SELF.capabilities());
    }

    private static AgentMessage full(long sequence) {
        return beat(sequence)
                .withDescription(SELF.describedWithHash())
                .withCustomCapabilities(SELF.customCapabilities());
    }

    private static Reply plain() {
        return new Reply(List.of(), ServerMessage.answer(SELF.uid()));
    }
}
