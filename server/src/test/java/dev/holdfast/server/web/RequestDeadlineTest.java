// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RequestDeadlineTest {

    private static final Duration REQUEST = Duration.ofSeconds(10);

    private final RequestDeadline deadline = new RequestDeadline(REQUEST);
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final ChannelHandlerContext context;

    RequestDeadlineTest() {
        channel.freezeTime();
        channel.pipeline().addLast(deadline);
        channel.pipeline().fireChannelActive();
        context = Objects.requireNonNull(channel.pipeline().context(deadline));
    }

    @Test
    void aRequestThatTricklesInIsCutOffAtItsDeadline() {
        for (int second = 1; second < REQUEST.toSeconds(); second++) {
            pass(Duration.ofSeconds(1));
            aByte();
        }
        assertThat(channel.isOpen()).isTrue();
        pass(Duration.ofSeconds(1));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void anAnswerMayTakeItsTime() {
        aByte();
        deadline.requestWhole();
        pass(Duration.ofHours(1));
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void betweenRequestsThereIsMoreTimeAndForTheNextTheDeadlineAgain() {
        deadline.requestWhole();
        deadline.answered(context);
        pass(RequestDeadline.IDLE.minusSeconds(1));
        aByte();
        pass(REQUEST.minusSeconds(1));
        assertThat(channel.isOpen()).isTrue();
        pass(Duration.ofSeconds(1));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aConnectionWithoutRequestsIsClosed() {
        deadline.requestWhole();
        deadline.answered(context);
        pass(RequestDeadline.IDLE);
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aWebSocketWithoutAFirstMessageIsClosedAlsoIfItPings() {
        deadline.requestWhole();
        deadline.upgraded(context);
        pass(REQUEST.minusSeconds(1));
        aByte();
        deadline.controlWhole();
        assertThat(channel.isOpen()).isTrue();
        pass(Duration.ofSeconds(1));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aWebSocketWithoutAFirstMessageIsAskedWhetherItLivesAndStaysIfItDoes() {
        deadline.upgraded(context);
        pass(REQUEST.dividedBy(2).minusNanos(1));
        assertThat(channel.outboundMessages()).isEmpty();
        pass(Duration.ofNanos(1));
        assertThat(channel.outboundMessages()).hasSize(1).hasOnlyElementsOfType(PingWebSocketFrame.class);
        aByte();
        deadline.pongWhole();
        pass(Duration.ofHours(1));
        assertThat(channel.isOpen()).isTrue();

        aByte();
        pass(REQUEST);
        assertThat(channel.isOpen()).as("its first message does not come whole").isFalse();
    }

    @Test
    void aPongPutsOffNoMessageThatHasBegunAndWhoeverSpokeIsNotAsked() {
        deadline.upgraded(context);
        deadline.messageWhole();
        pass(REQUEST);
        assertThat(channel.outboundMessages()).isEmpty();
        aByte();
        deadline.messageBegun();
        pass(REQUEST.minusSeconds(1));
        deadline.pongWhole();
        pass(Duration.ofSeconds(1));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void pollsAtTheUsualIntervalDoNotRaceTheEndOfTheirConnection() {
        for (int poll = 0; poll < 100; poll++) {
            deadline.requestWhole();
            deadline.answered(context);
            pass(Duration.ofSeconds(60));
            assertThat(channel.isOpen())
                    .as("twice the usual 30 s after poll " + poll)
                    .isTrue();
            aByte();
        }
    }

    @Test
    void aMessageThatTricklesInIsCutOffAlsoIfItsPeerPings() {
        deadline.upgraded(context);
        deadline.messageWhole();
        pass(Duration.ofHours(1));
        for (int second = 1; second <= REQUEST.toSeconds(); second++) {
            assertThat(channel.isOpen()).isTrue();
            aByte();
            deadline.messageBegun();
            deadline.controlWhole();
            pass(Duration.ofSeconds(1));
        }
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void betweenItsMessagesAWebSocketMayBeSilentOrPing() {
        deadline.upgraded(context);
        deadline.messageWhole();
        for (int minute = 0; minute < 60; minute++) {
            aByte();
            deadline.controlWhole();
            pass(Duration.ofMinutes(1));
        }
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void aPeerThatIsNotReadFromMayTakeItsTime() {
        channel.config().setAutoRead(false);
        pass(Duration.ofMinutes(1));
        assertThat(channel.isOpen()).isTrue();
        channel.config().setAutoRead(true);
        pass(REQUEST);
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aPeerThatIsNotReadFromForItDoesNotReadItselfIsCutOff() {
        deadline.requestWhole();
        deadline.answered(context);
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        channel.config().setAutoRead(false);
        pass(RequestDeadline.IDLE);
        assertThat(channel.isOpen()).isFalse();
    }

    private void aByte() {
        channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {'G'}));
    }

    private void pass(Duration time) {
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
    }
}
