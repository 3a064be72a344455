// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StatusRecordsTest {

    @Test
    void aRecordMayBeNestedDeepButNotWithoutEnd() {
        assertThat(fault("[".repeat(100) + "]".repeat(100))).isNull();
        assertThat(fault("[".repeat(101) + "]".repeat(101)))
                .startsWith("not JSON")
                .contains("100");
    }

    @Test
    void aRecordIsOneValueOfJson() {
        assertThat(fault("{\"load\": 0.5}")).isNull();
        assertThat(fault("")).isEqualTo("not JSON (empty)");
        assertThat(fault("{} {}")).startsWith("not JSON");
        assertThat(fault("\"" + "x".repeat(64 << 10) + "\"")).isEqualTo("65538 bytes (expected: <= 65536)");
    }

    private static @Nullable String fault(String text) {
        return StatusRecords.fault(StandardCharsets.UTF_8.encode(text));
    }
}
