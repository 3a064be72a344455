// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinkConfigTest {

    @ParameterizedTest
    @CsvSource({
        "ws://h:1, ws://h:1/v1/opamp",
        "http://h, ws://h/v1/opamp",
        "https://h/, wss://h/v1/opamp",
        "wss://h/other?x=y, wss://h/other?x=y",
        "http://[::1]:4320, ws://[::1]:4320/v1/opamp",
    })
    void whatAPersonWritesBecomesAnEndpoint(URI written, URI endpoint) {
        assertThat(LinkConfig.of(written).route().servers().urls()).containsExactly(endpoint);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ftp://h", "localhost:4320", "/v1/opamp", "ws:///v1/opamp"})
    void whatIsNoServerIsNamed(String written) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LinkConfig.of(URI.create(written)))
                .withMessageStartingWith("servers: " + written + " (expected:");
    }

    @Test
    void credentialsInAUrlAreRefusedAndNotRepeated() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LinkConfig.of(URI.create("ws://me:secret@h")))
                .withMessageContaining("user information")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }

    @Test
    void noServerAtAllIsAFault() {
        assertThatIllegalArgumentException().isThrownBy(LinkConfig::of).withMessageStartingWith("servers: none");
    }
}
