// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.opamp.Wire;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class AgentHttpHandlerTest {

    private final VirtualTime time = new VirtualTime();
    private final Reception whole = TestReception.in(time);
    private final Reception reception = new Reception(
            whole.fleet(),
            whole.intake(),
            whole.entrance(),
            failingOffer(),
            whole.meters(),
            whole.lines(),
            Runnable::run);
    private final RequestDeadline deadline = new RequestDeadline(Duration.ofSeconds(10));
    private final EmbeddedChannel channel = new EmbeddedChannel(
            deadline,
            new AgentHttpHandler(
                    reception,
                    new AgentRequests(reception, new Polls(reception, time), 1 << 20),
                    new InputBudget(reception, 1 << 20).open(),
                    deadline,
                    Duration.ofSeconds(30),
                    1 << 20));

    @Test
    void aRequestThatTheServerFailsAtIsAnsweredSoAndCounted() {
        AgentMessage asksForUid = new AgentMessage(TestReception.UID, 0, 0, null, null, false, true, null, null);
        channel.writeInbound(post(Wire.body(asksForUid)));

        FullHttpResponse response = channel.readOutbound();
        assertThat(response.status().code()).isEqualTo(500);
        assertThat(response.headers().get(HttpHeaderNames.CONNECTION)).isEqualTo("close");
        response.release();
        assertThat(channel.isOpen()).isFalse();
        assertThat(reception.meters().failures.count()).isEqualTo(1);
    }

    @Test
    void aFaultBetweenRequestsIsCountedAndEndsTheConnection() {
        channel.pipeline().fireExceptionCaught(new IllegalStateException("a fault of the server's own"));

        assertThat(channel.outboundMessages()).isEmpty();
        assertThat(channel.isOpen()).isFalse();
        assertThat(reception.meters().failures.count()).isEqualTo(1);
    }

    @Test
    void aConnectionThatBreaksIsNoFaultOfTheServers() {
        channel.pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));

        assertThat(channel.isOpen()).isFalse();
        assertThat(reception.meters().failures.count()).isZero();
    }

    @Test
    void aPeerThatGoesInTheMiddleOfItsRequestIsNoFaultOfTheServers() {
        channel.pipeline().fireExceptionCaught(new PrematureChannelClosureException("gone"));

        assertThat(channel.isOpen()).isFalse();
        assertThat(reception.meters().failures.count()).isZero();
    }

    private static DefaultFullHttpRequest post(byte[] body) {
        DefaultFullHttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1, HttpMethod.POST, AgentRequests.OPAMP, Unpooled.wrappedBuffer(body));
        request.headers().set(HttpHeaderNames.CONTENT_TYPE, Wire.MEDIA_TYPE);
        return request;
    }

    private static ServerSession.Offer failingOffer() {
        return new ServerSession.Offer(null, List.of(), AgentHttpHandlerTest::noUid);
    }

    private static InstanceUid noUid() {
        throw new IllegalStateException("a fault of the server's own");
    }
}
