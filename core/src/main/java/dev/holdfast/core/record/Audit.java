// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What became of records that are no more, as a small JSON object for people; see {@link Item.Gap#audit}. It has at
 * most {@value #MOST} characters: what does not fit is left out whole, and counted.
 *
 * <pre>{@code
 * {"bytes":512,"content_type":"text/plain","attempts":3,"first":"2026-01-01T00:00:00Z","last":"2026-01-01T00:05:00Z",
 *  "reasons":{"bad":1,"worse":2}}
 * {"count":66,"bytes":60832,"first":"2026-01-01T00:00:00Z","last":"2026-01-01T00:05:00Z"}
 * }</pre>
 *
 * <p>No state; safe for use by any thread.
 */
public final class Audit {

    /** How long an audit is at most, in characters. */
    public static final int MOST = 4000;

    /** What may come after the reasons. */
    private static final int REST = 40;

    private static final char REPLACEMENT = '\ufffd';
    private static final Pattern SUM = Pattern.compile(
            "\\{\"count\":(\\d{1,18}),\"bytes\":(\\d{1,18})(?:,\"first\":\"([^\"]+)\",\"last\":\"([^\"]+)\")?}");

    private Audit() {}

    /**
     * That of a dead letter. Its times are those of the failed attempts; {@code reasons_left_out} counts the reasons
     * for which there was no room.
     *
     * @param bytes of its payload
     */
    public static String dead(Attempts attempts, int bytes, String contentType) {
        StringBuilder json = new StringBuilder("{\"bytes\":")
                .append(bytes)
                .append(",\"content_type\":")
                .append(quoted(contentType))
                .append(",\"attempts\":")
                .append(attempts.total())
                .append(times(attempts.first(), attempts.last()))
                .append(",\"reasons\":{");
        int leftOut = 0;
        String comma = "";
        for (Map.Entry<String, Integer> reason : attempts.reasons().entrySet()) {
            String entry = comma + quoted(reason.getKey()) + ':' + reason.getValue();
            if (json.length() + entry.length() <= MOST - REST) {
                json.append(entry);
                comma = ",";
            } else {
                leftOut++;
            }
        }
        json.append('}');
        if (leftOut > 0) {
            json.append(",\"reasons_left_out\":").append(leftOut);
        }
        return json.append('}').toString();
    }

    private static String times(Instant first, Instant last) {
        return ",\"first\":\"" + first + "\",\"last\":\"" + last + '"';
    }

    /** A text as JSON has it; what is no text, such as half of a surrogate pair, is replaced. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            if (letter == '"' || letter == '\\') {
                quoted.append('\\').append(letter);
            } else if (letter < ' ') {
                quoted.append(String.format("\\u%04x", (int) letter));
            } else if (Character.isSurrogate(letter)) {
                boolean isPair = at + 1 < text.length() && Character.isSurrogatePair(letter, text.charAt(at + 1));
                quoted.append(isPair ? text.substring(at, at + 2) : String.valueOf(REPLACEMENT));
                at += isPair ? 1 : 0;
            } else {
                quoted.append(letter);
            }
        }
        return quoted.append('"').toString();
    }

    /**
     * That of records that were let go together.
     *
     * @param count how many
     * @param bytes what they took
     * @param first when the oldest was appended, or null if that is not known
     * @param last when the newest was, or null if that is not known
     */
    public record Sum(
            long count,
            long bytes,
            @Nullable Instant first,
            @Nullable Instant last) {

        /** None so far. */
        public static final Sum NONE = new Sum(0, 0, null, null);

        /** The one that {@link #text} gave, if it did. */
        public static Optional<Sum> of(String text) {
            Matcher sum = SUM.matcher(text);
            return sum.matches()
                    ? Optional.of(new Sum(
                            Long.parseLong(sum.group(1)),
                            Long.parseLong(sum.group(2)),
                            instant(sum.group(3)),
                            instant(sum.group(4))))
                    : Optional.empty();
        }

        private static @Nullable Instant instant(@Nullable String text) {
            return text == null ? null : Instant.parse(text);
        }

        /** One record more. */
        public Sum plus(long size, @Nullable Instant time) {
            return plus(new Sum(1, size, time, time));
        }

        /** Others as well. */
        public Sum plus(Sum others) {
            return new Sum(
                    count + others.count,
                    bytes + others.bytes,
                    first == null || (others.first != null && others.first.isBefore(first)) ? others.first : first,
                    last == null || (others.last != null && others.last.isAfter(last)) ? others.last : last);
        }

        /** The JSON. */
        public String text() {
            return "{\"count\":" + count + ",\"bytes\":" + bytes
                    + (first == null || last == null ? "" : times(first, last)) + '}';
        }
    }
}
