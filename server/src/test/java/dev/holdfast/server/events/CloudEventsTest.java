// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.StreamId;
import dev.holdfast.server.ingest.EventStore.Event;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CloudEventsTest {

    private static final int BOUND = 10_000;

    private static final InstanceUid AGENT = new InstanceUid(new UUID(0x0199_6b8a_7c1e_7000L, 0x8000_0000_0000_0001L));

    @Test
    void isACloudEventToTheLetter() {
        String json = json(
                "application/json",
                Map.of("k", "v"),
                "",
                "{\"pi\": 3.14000000000000000000001}".getBytes(StandardCharsets.UTF_8));

        assertThat(json)
                .isEqualTo("[{\"specversion\":\"1.0\","
                        + "\"id\":\"00000000000000010000000000000002/status/00000000000000ff/7\","
                        + "\"source\":\"/api/agents/" + AGENT + "\","
                        + "\"type\":\"dev.holdfast.record\","
                        + "\"time\":\"2026-01-02T03:04:05.000000006Z\","
                        + "\"datacontenttype\":\"application/json\","
                        + "\"outbox\":\"00000000000000010000000000000002\","
                        + "\"lane\":\"status\","
                        + "\"epoch\":\"00000000000000ff\","
                        + "\"sequence\":\"7\","
                        + "\"storedat\":\"2026-01-02T03:04:06Z\","
                        + "\"replayof\":\"3\","
                        + "\"headers\":\"{\\\"k\\\":\\\"v\\\"}\","
                        + "\"data\":{\"pi\": 3.14000000000000000000001}}]");
    }

    @Test
    void namesAreWhatTheSpecificationAllows() {
        parsed("text/plain", "", new byte[0])
                .propertyNames()
                .forEach(name -> assertThat(name).matches("[a-z0-9]{1,20}|data_base64"));
    }

    @Test
    void dataIsJsonOrTextOrBase64AsItsTypeAndBytesSay() {
        byte[] text = "grüße".getBytes(StandardCharsets.UTF_8);
        byte[] bytes = {0, -1, 5};

        assertThat(parsed("text/plain; charset=utf-8", "", text).get("data").asString())
                .isEqualTo("grüße");
        assertThat(parsed("application/x+json", "", "[1]".getBytes(StandardCharsets.UTF_8))
                        .get("data")
                        .isArray())
                .isTrue();
        for (String type : List.of("application/json", "text/plain", "application/octet-stream", "")) {
            JsonNode event = parsed(type, "", bytes);
            assertThat(event.has("data")).isFalse();
            assertThat(Base64.getDecoder().decode(event.get("data_base64").asString()))
                    .isEqualTo(bytes);
            assertThat(event.has("datacontenttype")).isEqualTo(!type.isEmpty());
        }
        assertThat(parsed("application/json", "", "{} {}".getBytes(StandardCharsets.UTF_8))
                        .has("data_base64"))
                .isTrue();
        assertThat(parsed("application/json", "", new byte[0]).has("data_base64"))
                .isTrue();
    }

    @Test
    void whatIsCompressedIsHandedOnAsItWasGiven() {
        JsonNode event = parsed("text/plain", "deflate", deflated("hello".getBytes(StandardCharsets.UTF_8)));

        assertThat(event.get("data").asString()).isEqualTo("hello");
        assertThat(event.has("dataencoding")).isFalse();
    }

    @Test
    void whatIsNotCompressedAsItSaysOrGrowsPastTheBoundIsLeftAsItIs() {
        byte[] bomb = deflated(new byte[BOUND + 1]);
        byte[] largest = deflated(new byte[BOUND - 10]);
        for (byte[] data : List.of(bomb, new byte[] {1, 2, 3})) {
            JsonNode event = parsed("text/plain", "deflate", data);
            assertThat(event.get("dataencoding").asString()).isEqualTo("deflate");
            assertThat(Base64.getDecoder().decode(event.get("data_base64").asString()))
                    .isEqualTo(data);
        }
        Event large = event("", Map.of(), "deflate", largest);
        JsonNode page = JsonMapper.builder().build().readTree(CloudEvents.write(List.of(large, large), BOUND));
        assertThat(page.get(0).has("dataencoding")).isFalse();
        assertThat(page.get(1).has("dataencoding"))
                .as("the bound is that of the page")
                .isTrue();
    }

    private static JsonNode parsed(String type, String encoding, byte[] data) {
        return JsonMapper.builder()
                .build()
                .readTree(json(type, Map.of(), encoding, data))
                .get(0);
    }

    private static String json(String type, Map<String, String> headers, String encoding, byte[] data) {
        return new String(
                CloudEvents.write(List.of(event(type, headers, encoding, data)), BOUND), StandardCharsets.UTF_8);
    }

    private static Event event(String type, Map<String, String> headers, String encoding, byte[] data) {
        return new Event(
                99,
                new StreamId(new OutboxId(1, 2), "status", 255),
                AGENT,
                Instant.parse("2026-01-02T03:04:06Z"),
                new Item.Data(
                        new Point(7, 1),
                        Instant.parse("2026-01-02T03:04:05.000000006Z"),
                        type,
                        headers,
                        encoding,
                        ByteBuffer.wrap(data),
                        false,
                        3));
    }

    private static byte[] deflated(byte[] plain) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(bytes)) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
