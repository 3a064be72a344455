// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.Wire;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PartsTest {

    private static final int LIMIT = 1 << 10;

    private final InputBudget budget = new InputBudget(TestReception.in(new VirtualTime()), 1 << 20);
    private final EmbeddedChannel channel = new EmbeddedChannel(
            new HttpRequestDecoder(),
            new Parts(budget.open(), new RequestDeadline(Duration.ofSeconds(10)), LIMIT),
            new HttpObjectAggregator(LIMIT));

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
