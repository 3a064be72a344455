// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class EventLinesTest {

    @Test
    void anEventIsALineWithAsMuchOfItsPayloadAsFits() {
        assertThat(EventLines.event(json("{" + HEAD + ", \"data\": {\"load\": 0.5}}")))
                .isEqualTo("2026-01-02T03:04:05Z  status  7  application/json  {\"load\":0.5}");
        assertThat(EventLines.event(json("{" + HEAD + ", \"data\": \"" + "x".repeat(200) + "\"}")))
                .endsWith("x".repeat(159) + "…");
        assertThat(EventLines.event(json("{" + HEAD + ", \"data_base64\": \"AAEC\"}")))
                .endsWith("  (3 bytes)");
        assertThat(EventLines.event(json("{" + HEAD + ", \"data_base64\": \"AAEC\", \"dataencoding\": \"deflate\"}")))
                .endsWith("  (3 bytes of deflate)");
    }

    @Test
    void nothingThatAnAgentSentSteersTheTerminal() {
        assertThat(EventLines.event(json("{" + HEAD + ", \"data\": \"a\\u001b[2Jb\\nc\"}")))
                .endsWith("  a?[2Jb?c");
    }

    @Test
    void aDropTellsHowOftenAndWhy() {
        assertThat(EventLines.drop(json("""
                {"stored_at": "2026-01-02T05:00:00.5Z", "lane": "work", "first": 17, "last": 17, "why": "dead",
                 "bytes": 512, "attempts": 100, "first_attempt": "2026-01-02T03:04:05Z",
                 "last_attempt": "2026-01-02T04:04:05Z", "reasons": {"STORAGE": 99, "TOO_LARGE: 9 bytes": 1},
                 "audit": {}}
                """)))
                .isEqualTo("2026-01-02T05:00:00Z  work  17  dead  512 bytes  100 attempts from"
                        + " 2026-01-02T03:04:05Z to 2026-01-02T04:04:05Z  99 × STORAGE, 1 × TOO_LARGE: 9 bytes");
        assertThat(EventLines.drop(json("""
                {"stored_at": "2026-01-02T05:00:00Z", "lane": "work", "first": 3, "last": 9, "why": "dropped",
                 "bytes": null, "attempts": null, "audit": "no room"}
                """))).isEqualTo("2026-01-02T05:00:00Z  work  3-9  dropped  no room");
    }

    private static final String HEAD = "\"time\": \"2026-01-02T03:04:05.678Z\", \"lane\": \"status\","
            + " \"sequence\": \"7\", \"datacontenttype\": \"application/json\"";

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }
}
