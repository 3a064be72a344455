// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.io.ByteArrayOutputStream;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes each event as one JSON object on a line: {@code timestamp} (ISO 8601, in UTC, with milliseconds), {@code
 * level}, {@code role}, {@code logger}, {@code thread}, {@code message}, and where there are any {@code fields} (an
 * object of the event's key-value pairs, numbers and truth values as such) and {@code exception} (its stack trace).
 *
 * <p>Logback's own encoder dates by a number, names things otherwise, lists pairs as objects of one member each and
 * takes stack traces apart. Safe for use by any thread.
 */
final class JsonLines extends EncoderBase<ILoggingEvent> {

    private static final int MILLIS = 3;

    private static final DateTimeFormatter DATE =
            new DateTimeFormatterBuilder().appendInstant(MILLIS).toFormatter();

    private static final byte[] NOTHING = {};

    private final JsonFactory json = new JsonFactory();
    private final String role;

    JsonLines(String role) {
        this.role = role;
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try (JsonGenerator out = json.createGenerator(ObjectWriteContext.empty(), line)) {
            out.writeStartObject();
            out.writeStringProperty("timestamp", DATE.format(event.getInstant()));
            out.writeStringProperty("level", event.getLevel().toString());
            out.writeStringProperty("role", role);
            out.writeStringProperty("logger", event.getLoggerName());
            out.writeStringProperty("thread", event.getThreadName());
            out.writeStringProperty("message", event.getFormattedMessage());
            writeFields(out, event.getKeyValuePairs());
            if (event.getThrowableProxy() != null) {
                out.writeStringProperty("exception", ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }
            out.writeEndObject();
        }
        line.write('\n');
        return line.toByteArray();
    }

    /** Of two of one name the later one counts. */
    private static void writeFields(JsonGenerator out, @Nullable List<KeyValuePair> pairs) {
        if (pairs == null || pairs.isEmpty()) {
            return;
        }
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        pairs.forEach(pair -> fields.put(String.valueOf(pair.key), pair.value));
        out.writeObjectPropertyStart("fields");
        fields.forEach((name, value) -> {
            out.writeName(name);
            switch (value) {
                case null -> out.writeNull();
                case Boolean flag -> out.writeBoolean(flag);
                case Integer number -> out.writeNumber(number);
                case Long number -> out.writeNumber(number);
                case Double number -> out.writeNumber(number);
                default -> out.writeString(value.toString());
            }
        });
        out.writeEndObject();
    }
}
