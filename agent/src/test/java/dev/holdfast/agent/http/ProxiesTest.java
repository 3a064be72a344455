// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxiesTest {

    private static final Proxy A = new Proxy("a.example", 3128, null, null);
    private static final Proxy B = new Proxy("b.example", 80, null, null);

    @Test
    void theEnvironmentIsReadAsOthersReadIt() {
        Proxies proxies = Proxies.of(Map.of("HTTP_PROXY", "a.example:3128", "https_proxy", "http://b.example"));
        assertThat(proxies.forServer(URI.create("ws://s.example"))).contains(A);
        assertThat(proxies.forServer(URI.create("wss://s.example"))).contains(B);
        assertThat(Proxies.of(Map.of("ALL_PROXY", "a.example:3128")).forServer(URI.create("wss://s.example")))
                .contains(A);
        assertThat(Proxies.of(Map.of("http_proxy", "b.example", "HTTP_PROXY", "a.example"))
                        .forServer(URI.create("ws://s.example")))
                .as("those in small letters win")
                .contains(B);
        assertThat(Proxies.of(Map.of("http_proxy", "  ")).forServer(URI.create("ws://s.example")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'s.example', true",
        "'.example', true",
        "'*.example', true",
        "'example', true",
        "'*', true",
        "'s.example:4320', true",
        "'s.example:1', false",
        "'t.example, other', false",
        "'mple', false",
        "'other,s.example', true",
        "'S.EXAMPLE', true",
        "'', false",
    })
    void whatNoProxyListsIsReachedWithout(String noProxy, boolean without) {
        Optional<Proxy> found = Proxies.of(Map.of("HTTP_PROXY", "a.example:3128", "NO_PROXY", noProxy))
                .forServer(URI.create("ws://s.example:4320"));
        assertThat(found.isEmpty()).isEqualTo(without);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ws://localhost:4320", "ws://127.0.0.1", "ws://127.8.9.1:1", "ws://[::1]:4320"})
    void thisMachineIsReachedWithoutWhateverTheEnvironmentSays(URI server) {
        assertThat(Proxies.of(Map.of("HTTP_PROXY", "a.example:3128")).forServer(server))
                .isEmpty();
        assertThat(Proxies.always(A).forServer(server))
                .as("unless one was asked for")
                .contains(A);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"socks5://me:secret@p:1", "https://me:secret@p", "http://me:secret@", "http://me:secret@a b"})
    void whatIsNoProxyIsAnErrorThatNamesTheVariableAndNotThePassword(String value) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Proxies.of(Map.of("https_proxy", value)))
                .withMessageStartingWith("https_proxy: proxy: ")
                .withMessageContaining("(expected: ")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }

    @Test
    void credentialsInAUrlAreDecoded() {
        Proxy proxy = Proxy.of("http://m%40e:p%3A+%2B@p.example:8080");
        assertThat(proxy.user()).isEqualTo("m@e");
        assertThat(proxy.password()).isEqualTo("p:++");
        assertThat(proxy).hasToString("p.example:8080");
    }
}
