// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PartsTest {

    private static final int LIMIT = 1 << 10;

    private final List<Object> events = new ArrayList<>();
    private final InputBudget budget = new InputBudget(TestReception.in(new VirtualTime()), 1 << 20);
    private final EmbeddedChannel channel = new EmbeddedChannel(
            new HttpRequestDecoder(),
            new Parts(budget.open(), new RequestDeadline(Duration.ofSeconds(10)), LIMIT),
            new HttpObjectAggregator(LIMIT),
            new ChannelInboundHandlerAdapter() {
                @Override
                public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                    events.add(event);
                }
            });

    @Test
    void aRequestForNothingIsThereBeforeItsBodyWhichIsDropped() {
        receive("POST /nothing HTTP/1.1\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n");
        assertThat(received("/nothing")).isEmpty();
        assertThat(channel.outboundMessages()).isEmpty();

        receive("x".repeat(5000) + opamp("taken"));
        assertThat(received("/v1/opamp")).isEqualTo("taken");
    }

    @Test
    void aBodyInChunksOfATypeThatIsNotTakenIsDropped() {
        receive("POST /v1/opamp HTTP/1.1\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n0\r\n\r\n" + opamp("taken"));

        assertThat(received("/v1/opamp")).isEmpty();
        assertThat(received("/v1/opamp")).isEqualTo("taken");
    }

    @Test
    void aBodyInChunksOfAByteIsOneBuffer() {
        receive("POST /v1/opamp HTTP/1.1\r\nContent-Type: " + Wire.MEDIA_TYPE + "\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "1\r\nx\r\n".repeat(LIMIT) + "0\r\n\r\n");
        FullHttpRequest request = channel.readInbound();
        assertThat(request.content().readableBytes()).isEqualTo(LIMIT);
        assertThat(request.content().nioBufferCount()).isEqualTo(1);
        request.release();
    }

    @Test
    void aBodyPastTheLimitIsToldOnceAndDroppedWhetherItWasAnnouncedOrNot() {
        String head = "POST /v1/opamp HTTP/1.1\r\nContent-Type: " + Wire.MEDIA_TYPE + "\r\n";
        receive(head + "Content-Length: " + (LIMIT + 1) + "\r\nExpect: 100-continue\r\n\r\n");
        assertThat(events).containsExactly(Parts.TooLarge.NOW);
        receive("x".repeat(LIMIT + 1));
        receive(opamp("taken"));
        assertThat(received("/v1/opamp")).isEqualTo("taken");
        receive(head + "Transfer-Encoding: chunked\r\n\r\n" + "1\r\nx\r\n".repeat(2 * LIMIT) + "0\r\n\r\n");
        assertThat(events).containsExactly(Parts.TooLarge.NOW, Parts.TooLarge.NOW);
        assertThat(channel.<Object>readInbound()).isNull();
        assertThat(channel.outboundMessages()).isEmpty();
    }

    @Test
    void fragmentsAreOneBufferAndControlFramesPassBetweenThem() {
        channel.writeInbound(new BinaryWebSocketFrame(false, 0, bytes("a")));
        for (int part = 1; part < LIMIT; part++) {
            channel.writeInbound(new ContinuationWebSocketFrame(false, 0, bytes("b")));
        }
        channel.writeInbound(new PingWebSocketFrame());
        assertThat(channel.<Object>readInbound()).isInstanceOf(PingWebSocketFrame.class);
        channel.writeInbound(new ContinuationWebSocketFrame(true, 0, bytes("")));
        BinaryWebSocketFrame whole = channel.readInbound();
        assertThat(whole.content().toString(StandardCharsets.US_ASCII)).isEqualTo("a" + "b".repeat(LIMIT - 1));
        assertThat(whole.content().nioBufferCount()).isEqualTo(1);
        whole.release();
    }

    @Test
    void fragmentsPastTheLimitAreTooLongAndWhatFollowsIsDropped() {
        channel.writeInbound(new BinaryWebSocketFrame(false, 0, bytes("a".repeat(LIMIT))));
        assertThatThrownBy(() -> channel.writeInbound(new ContinuationWebSocketFrame(false, 0, bytes("b"))))
                .isInstanceOf(TooLongFrameException.class);
        channel.writeInbound(new ContinuationWebSocketFrame(true, 0, bytes("c")));
        assertThat(channel.<Object>readInbound()).isNull();
    }

    @Test
    void partsWithNothingInThemAreNotCharged() {
        InputBudget.Account account = budget.open();
        EmbeddedChannel peer = new EmbeddedChannel(
                account,
                new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder()
                        .maxFramePayloadLength(LIMIT)
                        .build()),
                new Parts(account, new RequestDeadline(Duration.ofSeconds(10)), LIMIT));
        peer.writeInbound(Unpooled.wrappedBuffer(new byte[] {2, (byte) 0x80, 0, 0, 0, 0}));
        byte[] empty = {0, (byte) 0x80, 0, 0, 0, 0};
        for (int frames = 0; frames < InputBudget.FREE; frames++) {
            peer.writeInbound(Unpooled.wrappedBuffer(empty));
        }
        assertThat(budget.used()).isZero();
        peer.finishAndReleaseAll();
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    private static String opamp(String body) {
        return "POST /v1/opamp HTTP/1.1\r\nContent-Type: " + Wire.MEDIA_TYPE + "\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body;
    }

    private void receive(String text) {
        channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }

    private String received(String path) {
        FullHttpRequest request = channel.readInbound();
        assertThat(request.uri()).isEqualTo(path);
        String body = request.content().toString(StandardCharsets.US_ASCII);
        request.release();
        return body;
    }
}
