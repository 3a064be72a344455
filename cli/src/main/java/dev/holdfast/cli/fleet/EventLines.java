// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.Columns;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Events and drops as a line each. */
final class EventLines {

    private static final String GAP = "  ";

    /** How much of a payload is shown. */
    private static final int SHOWN = 160;

    private EventLines() {}

    /** When it was recorded, lane, sequence, content type, and as much of the payload as fits. */
    static String event(JsonNode event) {
        String type = event.path("datacontenttype").asString("");
        return line(List.of(
                Figures.date(event.path("time").asString("")),
                event.path("lane").asString(""),
                event.path("sequence").asString(""),
                type.isEmpty() ? "-" : type,
                cut(data(event))));
    }

    private static String data(JsonNode event) {
        JsonNode data = event.path("data");
        if (!data.isMissingNode()) {
            return data.isString() ? data.asString() : data.toString();
        }
        String base64 = event.path("data_base64").asString("");
        String encoding = event.path("dataencoding").asString("");
        return "(" + bytes(base64) + " bytes" + (encoding.isEmpty() ? "" : " of " + encoding) + ")";
    }

    private static String bytes(String base64) {
        try {
            return Integer.toString(Base64.getDecoder().decode(base64).length);
        } catch (IllegalArgumentException e) {
            return "?";
        }
    }

    /** When it was stored, lane, sequences, why, and what the agent said of it. */
    static String drop(JsonNode drop) {
        String first = drop.path("first").asString("");
        String last = drop.path("last").asString("");
        List<String> words = new ArrayList<>(List.of(
                Figures.date(drop.path("stored_at").asString("")),
                drop.path("lane").asString(""),
                first.equals(last) ? first : first + "-" + last,
                drop.path("why").asString("")));
        if (drop.path("attempts").isNumber()) {
            words.add(drop.path("bytes").asString("?") + " bytes");
            words.add(drop.path("attempts").asString() + " attempts from "
                    + Figures.date(drop.path("first_attempt").asString("")) + " to "
                    + Figures.date(drop.path("last_attempt").asString("")));
            words.add(reasons(drop.path("reasons")));
        } else {
            JsonNode audit = drop.path("audit");
            words.add(audit.isString() ? audit.asString() : audit.toString());
        }
        return line(words);
    }

    private static String reasons(JsonNode reasons) {
        return String.join(
                ", ",
                reasons.properties().stream()
                        .map((Map.Entry<String, JsonNode> reason) ->
                                reason.getValue().asString("?") + " × " + reason.getKey())
                        .toList());
    }

    private static String line(List<String> words) {
        return Columns.printable(String.join(GAP, words)).stripTrailing();
    }

    private static String cut(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN - 1) + "…";
    }
}
