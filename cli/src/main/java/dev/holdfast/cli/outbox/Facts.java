// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.core.outbox.Outbox.LaneFigures;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.LaneState;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * What an outbox holds, as JSON, in the words that scripts may rely on. Dates are in UTC, hashes 16 hexadecimal digits.
 */
final class Facts {

    private Facts() {}

    /** A record or a gap of a lane, with the failed attempts if the lane stands at it. */
    static ObjectNode of(LaneState lane, Item item) {
        ObjectNode json = object();
        json.put("lane", lane.lane());
        json.put("sequence", item.first());
        switch (item) {
            case Stored record -> {
                put(json, record);
                Attempts attempts = attempts(lane, item);
                json.put("attempts", attempts == null ? 0 : attempts.total());
                if (attempts != null) {
                    lane.nextAttempt().ifPresent(next -> json.put("next_attempt", next.toString()));
                    json.set("reasons", reasons(attempts));
                }
            }
            case Gap gap -> {
                json.put("last", gap.last());
                json.put("gap", word(gap));
                json.set("audit", audit(gap));
            }
        }
        return json;
    }

    /** Those that failed at an item, if the lane stands there and there were any. */
    static @Nullable Attempts attempts(LaneState lane, Item item) {
        Attempts attempts = lane.attempts();
        return attempts != null && attempts.total() > 0 && attempts.sequence() == item.first() ? attempts : null;
    }

    /** An object, or a text where it is a sentence. */
    private static JsonNode audit(Gap gap) {
        try {
            return JsonMapper.shared().readTree(gap.audit());
        } catch (JacksonException sentence) {
            return StringNode.valueOf(gap.audit());
        }
    }

    static String word(Gap gap) {
        return gap.why().name().toLowerCase(Locale.ROOT);
    }

    /**
     * A dead letter and its audit.
     *
     * @param agent the uid of the agent that gave it up, if it is known
     */
    static ObjectNode of(DeadLetter letter, Optional<String> agent) {
        Attempts attempts = letter.attempts();
        ObjectNode json = object();
        json.put("id", letter.id());
        json.put("agent", agent.orElse(null));
        json.put("lane", letter.lane());
        json.put("sequence", letter.record().sequence());
        put(json, letter.record());
        json.put("attempts", attempts.total());
        json.put("refused_alone", attempts.alone());
        json.put("first_attempt", attempts.first().toString());
        json.put("last_attempt", attempts.last().toString());
        json.set("reasons", reasons(attempts));
        return json;
    }

    private static void put(ObjectNode json, Stored record) {
        json.put("time", record.time().toString());
        json.put("content_type", record.contentType());
        ObjectNode headers = json.putObject("headers");
        record.headers().forEach(headers::put);
        json.put("bytes", record.payload().length);
        json.put("hash", hex(record.hash()));
        record.replayOf().ifPresent(sequence -> json.put("replay_of", sequence));
    }

    private static ArrayNode reasons(Attempts attempts) {
        ArrayNode reasons = JsonMapper.shared().createArrayNode();
        attempts.reasons()
                .forEach((reason, count) ->
                        reasons.addObject().put("reason", reason).put("count", count));
        return reasons;
    }

    /** Adds the payload of a record: as text if it is, else in Base64. */
    static ObjectNode withPayload(ObjectNode json, Stored record) {
        Optional<String> text = text(record);
        if (text.isPresent()) {
            json.put("payload", text.get());
        } else {
            json.put("payload_base64", Base64.getEncoder().encodeToString(record.payload()));
        }
        return json;
    }

    /** The payload of a record, if it is text in UTF-8. */
    static Optional<String> text(Stored record) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(record.payload()))
                    .toString());
        } catch (CharacterCodingException binary) {
            return Optional.empty();
        }
    }

    /** A lane and where it stands. */
    static ObjectNode of(LaneFigures figures) {
        LaneState lane = figures.state();
        ObjectNode json = object();
        json.put("lane", lane.lane());
        json.put("waiting", lane.waiting());
        json.put("acknowledged", lane.acknowledged().sequence());
        json.put("last", lane.last());
        if (figures.oldest() != null) {
            json.put("oldest", figures.oldest().toString());
        }
        json.put("epoch", hex(lane.epoch()));
        json.put("epoch_after", lane.epochAfter());
        Attempts attempts = lane.attempts();
        boolean isFailing = isFailing(lane);
        json.put("attempts", isFailing && attempts != null ? attempts.total() : 0);
        if (isFailing && attempts != null) {
            json.put("first_attempt", attempts.first().toString());
            json.put("last_attempt", attempts.last().toString());
            lane.nextAttempt().ifPresent(next -> json.put("next_attempt", next.toString()));
            json.set("reasons", reasons(attempts));
        }
        return json;
    }

    /** Whether the record that a lane stands at has been tried in vain; what is kept of one before it says nothing. */
    static boolean isFailing(LaneState lane) {
        Attempts attempts = lane.attempts();
        return attempts != null
                && attempts.total() > 0
                && attempts.sequence() > lane.acknowledged().sequence();
    }

    static String hex(long number) {
        return HexFormat.of().toHexDigits(number);
    }

    static ObjectNode object() {
        return JsonMapper.shared().createObjectNode();
    }
}
