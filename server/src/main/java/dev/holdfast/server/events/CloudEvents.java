// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.events;

import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.server.ingest.EventStore.Event;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.RawValue;

/**
 * Events as CloudEvents 1.0 in JSON.
 *
 * <p>The id is {@code OUTBOX/LANE/EPOCH/SEQUENCE}, the source {@code /api/agents/UID}, the time that of the record.
 * Names beside the specification's: {@code outbox}, {@code lane}, {@code epoch} and {@code sequence}, all of them text,
 * since 64 bits are more than the specification's numbers have; {@code storedat}; {@code replayof}; {@code headers},
 * the record's headers as JSON in a text; and {@code dataencoding} where the data is left compressed, because it is not
 * what it says it is or grows past the bound.
 *
 * <p>Not safe for use by several threads: the bound is that of one page.
 */
final class CloudEvents {

    /** The media type of a list of them. */
    static final String BATCH = "application/cloudevents-batch+json";

    static final String TYPE = "dev.holdfast.record";

    /** What all that is decompressed for one page may come to, in bytes. */
    static final int INFLATED = 32 << 20;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static final ObjectReader STRICT =
            JSON.readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private int left;

    private CloudEvents(int inflated) {
        this.left = inflated;
    }

    /** All of them, as they are sent. */
    static byte[] write(List<Event> events) {
        return write(events, INFLATED);
    }

    /** The same with a bound of its own. */
    static byte[] write(List<Event> events, int inflated) {
        CloudEvents page = new CloudEvents(inflated);
        return JSON.writeValueAsBytes(events.stream().map(page::json).toList());
    }

    private Map<String, Object> json(Event event) {
        Item.Data record = event.data();
        String epoch = HexFormat.of().toHexDigits(event.stream().epoch());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("specversion", "1.0");
        json.put("id", event.stream() + "/" + record.first());
        json.put("source", "/api/agents/" + event.agent());
        json.put("type", TYPE);
        json.put("time", record.time().toString());
        if (!record.contentType().isEmpty()) {
            json.put("datacontenttype", record.contentType());
        }
        json.put("outbox", event.stream().outbox().toString());
        json.put("lane", event.stream().lane());
        json.put("epoch", epoch);
        json.put("sequence", Long.toString(record.first()));
        json.put("storedat", event.at().toString());
        if (record.replayOf() > 0) {
            json.put("replayof", Long.toString(record.replayOf()));
        }
        if (!record.headers().isEmpty()) {
            json.put("headers", JSON.writeValueAsString(record.headers()));
        }
        putData(json, record);
        return json;
    }

    private void putData(Map<String, Object> json, Item.Data record) {
        byte[] data = bytes(record.payload());
        if (!record.encoding().isEmpty()) {
            byte[] plain = record.encoding().equals(Item.Data.DEFLATE) ? inflated(data) : null;
            if (plain == null) {
                json.put("dataencoding", record.encoding());
                json.put("data_base64", Base64.getEncoder().encodeToString(data));
                return;
            }
            data = plain;
        }
        Object readable = readable(record.contentType().toLowerCase(Locale.ROOT), data);
        if (readable == null) {
            json.put("data_base64", Base64.getEncoder().encodeToString(data));
        } else {
            json.put("data", readable);
        }
    }

    /** The data as JSON or text, if it is either; JSON as it was written, digit for digit. */
    private static @Nullable Object readable(String contentType, byte[] data) {
        String media = contentType.split(";", 2)[0].strip();
        boolean isJson = media.equals("application/json") || media.endsWith("+json");
        if (!isJson && !media.startsWith("text/")) {
            return null;
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(data))
                    .toString();
            if (!isJson) {
                return text;
            }
            JsonNode tree = STRICT.readTree(text);
            return tree.isMissingNode() ? null : new RawValue(text);
        } catch (CharacterCodingException | JacksonException e) {
            return null;
        }
    }

    private byte @Nullable [] inflated(byte[] data) {
        try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(data))) {
            byte[] plain = in.readNBytes(left);
            if (in.read() >= 0) {
                return null;
            }
            left -= plain.length;
            return plain;
        } catch (IOException e) {
            return null;
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
