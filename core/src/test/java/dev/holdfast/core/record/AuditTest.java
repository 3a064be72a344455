// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AuditTest {

    private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("2026-01-01T00:00:00.250Z");

    private static Attempts attempts(Map<String, Integer> reasons) {
        return new Attempts(7, 3, 1, FIRST, LAST, reasons, Duration.ZERO);
    }

    @Test
    void aDeadLetterSaysHowOftenWhenAndWhy() {
        Map<String, Integer> reasons = new LinkedHashMap<>();
        reasons.put("bad", 1);
        reasons.put("worse", 2);
        assertThat(Audit.dead(attempts(reasons), 512, "text/plain"))
                .isEqualTo("{\"bytes\":512,\"content_type\":\"text/plain\",\"attempts\":3,"
                        + "\"first\":\"2026-01-01T00:00:00Z\",\"last\":\"2026-01-01T00:00:00.250Z\","
                        + "\"reasons\":{\"bad\":1,\"worse\":2}}");
        assertThat(Audit.dead(attempts(Map.of()), 0, "")).endsWith("\"reasons\":{}}");
    }

    @Test
    void whatJsonDoesNotTakeIsEscapedAndWhatIsNoTextReplaced() {
        String type = "a\"b\\c\n\u0001 ü 😀 \ud83d";
        assertThat(Audit.dead(attempts(Map.of("\"", 1)), 1, type))
                .contains("\"content_type\":\"a\\\"b\\\\c\\u000a\\u0001 ü 😀 \ufffd\"")
                .contains("\"reasons\":{\"\\\"\":1}");
    }

    @Test
    void reasonsForWhichThereIsNoRoomAreCountedAndTheRestIsWhole() {
        Map<String, Integer> reasons = new LinkedHashMap<>();
        for (int n = 0; n < 100; n++) {
            reasons.put(n + " " + "\"".repeat(290), n);
        }
        String audit = Audit.dead(attempts(reasons), 1, "\u0001".repeat(255));
        assertThat(audit).hasSizeLessThanOrEqualTo(Audit.MOST);
        int kept = audit.split("\\\\\"\":", -1).length - 1;
        assertThat(kept).isPositive();
        assertThat(audit).endsWith("},\"reasons_left_out\":" + (100 - kept) + "}");
    }

    @Test
    void whatIsLetGoTogetherIsSummedAndReadAgain() {
        Audit.Sum sum = Audit.Sum.NONE.plus(10, LAST).plus(20, FIRST).plus(5, null);
        assertThat(sum.text())
                .isEqualTo("{\"count\":3,\"bytes\":35,\"first\":\"2026-01-01T00:00:00Z\","
                        + "\"last\":\"2026-01-01T00:00:00.250Z\"}");
        assertThat(Audit.Sum.of(sum.text())).contains(sum);
        Audit.Sum undated = Audit.Sum.NONE.plus(1, null);
        assertThat(undated.text()).isEqualTo("{\"count\":1,\"bytes\":1}");
        assertThat(Audit.Sum.of(undated.text())).contains(undated);
        assertThat(Audit.Sum.of("not found on the disk")).isEmpty();
        assertThat(Audit.Sum.of(Audit.dead(attempts(Map.of()), 0, ""))).isEmpty();
    }
}
