// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameHandlerTest {

    @ParameterizedTest
    @CsvSource({
        "1000, NETWORK",
        "1001, NETWORK",
        "1002, PROTOCOL",
        "1005, NETWORK",
        "1006, PROTOCOL",
        "1008, PROTOCOL",
        "1009, PROTOCOL",
        "1011, SERVER",
        "1012, NETWORK",
        "1013, OVERLOAD",
        "1014, SERVER",
        "4999, PROTOCOL",
    })
    void aCloseIsToldByItsCode(int code, Cause cause) {
        assertThat(FrameHandler.closed(code, "why").cause()).isEqualTo(cause);
    }

    @Test
    void whatTheServerSaysOfItIsToldToo() {
        assertThat(FrameHandler.closed(1013, "busy"))
                .isEqualTo(Failure.of(Cause.OVERLOAD, "closed by the server: 1013 busy"));
        assertThat(FrameHandler.closed(1005, "")).isEqualTo(Failure.of(Cause.NETWORK, "closed by the server: 1005"));
    }
}
