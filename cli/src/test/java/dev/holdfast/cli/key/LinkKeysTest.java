// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.agent.route.Way;
import dev.holdfast.cli.config.Configuration;
import dev.holdfast.cli.key.LinkKeys.Credentials;
import dev.holdfast.cli.value.ProxyChoice;
import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.Trip;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinkKeysTest {

    private static final Map<String, String> HOME = Map.of("HOME", "/me");

    @TempDir
    Path directory;

    @Test
    void withoutAnythingTheDefaultsHold() throws Exception {
        Settings settings = Configuration.read(null, HOME).settings(Role.AGENT, Map.of());

        assertThat(LinkKeys.breaker(settings)).contains(BreakerPolicy.LINK);
        assertThat(LinkKeys.polling(settings))
                .isEqualTo(new RouteConfig.Polling(
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(30),
                        Backoff.exponential(Duration.ofSeconds(5), 2, Duration.ofMinutes(5))
                                .withJitter(Jitter.proportional(0.25)),
                        5,
                        BreakerPolicy.of(Trip.consecutive(3), Duration.ofMinutes(5))
                                .withIgnored(BreakerPolicy.LINK.ignored()),
                        Duration.ofMinutes(5)));
        assertThat(settings.value(LinkKeys.PROBE_ENABLED)).isTrue();
        assertThat(settings.value(LinkKeys.PROBE_TIMEOUT)).isEqualTo(Duration.ofSeconds(5));
        assertThat(settings.value(LinkKeys.SHUFFLE)).isTrue();
        assertThat(settings.value(LinkKeys.TRANSPORT)).isEmpty();
        assertThat(settings.value(LinkKeys.PROXY)).isEqualTo(new ProxyChoice.FromEnvironment());
        assertThat(LinkKeys.credentials(settings)).isEmpty();
    }

    @Test
    void everyKeyReachesWhatItIsFor() throws Exception {
        Settings settings = settings("""
                breaker: {failures: 11, period: 6m, open: 61s}
                probe: {enabled: false, timeout: 6s}
                reconnect: {shuffle: false, jitter: 0}
                transport: polling
                polling:
                  interval: 31s
                  fast_interval: 6s
                  initial_delay: 7s
                  multiplier: 3
                  max_delay: 4m
                  tries: 6
                  breaker_failures: 4
                  breaker_open: 3m
                  websocket_retry: 8m
                proxy: http://proxy.example:3128
                """);

        assertThat(LinkKeys.breaker(settings))
                .contains(BreakerPolicy.of(Trip.within(11, Duration.ofMinutes(6)), Duration.ofSeconds(61))
                        .withIgnored(BreakerPolicy.LINK.ignored()));
        assertThat(LinkKeys.polling(settings))
                .isEqualTo(new RouteConfig.Polling(
                        Duration.ofSeconds(6),
                        Duration.ofSeconds(31),
                        Backoff.exponential(Duration.ofSeconds(7), 3, Duration.ofMinutes(4)),
                        6,
                        BreakerPolicy.of(Trip.consecutive(4), Duration.ofMinutes(3))
                                .withIgnored(BreakerPolicy.LINK.ignored()),
                        Duration.ofMinutes(8)));
        assertThat(settings.value(LinkKeys.PROBE_ENABLED)).isFalse();
        assertThat(settings.value(LinkKeys.PROBE_TIMEOUT)).isEqualTo(Duration.ofSeconds(6));
        assertThat(settings.value(LinkKeys.SHUFFLE)).isFalse();
        assertThat(settings.value(LinkKeys.TRANSPORT)).contains(Way.POLLING);
        assertThat(settings.value(LinkKeys.PROXY))
                .isEqualTo(new ProxyChoice.At(URI.create("http://proxy.example:3128")));
    }

    @Test
    void noFailuresMeansNoBreaker() throws Exception {
        Settings settings = settings("breaker.failures: 0\npolling.breaker_failures: 0\n");

        assertThat(LinkKeys.breaker(settings)).isEmpty();
        assertThat(LinkKeys.polling(settings).breaker()).isNull();
    }

    @Test
    void thePasswordMayBeInAFile() throws Exception {
        Files.writeString(directory.resolve("password"), "p:a@ss\nnot this\n");

        Settings settings = settings("proxy: {username: me, password_file: password}\n");

        assertThat(LinkKeys.credentials(settings)).contains(new Credentials("me", "p:a@ss"));
        assertThat(LinkKeys.credentials(settings).orElseThrow().toString()).doesNotContain("p:a@ss");
    }

    @Test
    void aUserMayHaveNoPassword() throws Exception {
        assertThat(LinkKeys.credentials(settings("proxy.username: me\n"))).contains(new Credentials("me", ""));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'breaker.failures: -1'|breaker.failures: -1 (expected: a whole number from 0 to 1000)",
                "'transport: carrier-pigeon'|transport: carrier-pigeon (expected: auto or websocket or polling)",
                "'polling: {interval: 4s}'|polling.interval: 4s (expected: >= polling.fast_interval, which is 5s",
                "'polling: {max_delay: 4s}'|polling.max_delay: 4s (expected: >= polling.initial_delay, which is 5s",
                "'probe.enabled: yes'|probe.enabled: yes (expected: true or false)",
                "'proxy: proxy.example'|proxy: proxy.example (expected: environment, none, or an http URL of a host",
                "'proxy: https://proxy.example:3128'|(expected: environment, none, or an http URL of a host",
                "'proxy: http://proxy.example'|(expected: environment, none, or an http URL of a host and a port",
                "'proxy: http://proxy.example:3128/x'|(expected: environment, none, or an http URL of a host",
                "'proxy.password: x'|proxy.password: given without proxy.username (expected: both, or neither)",
                "'proxy: {username: x, password_file: none}'|proxy.password_file: none (expected: a file that can be"
            })
    void aFaultSaysWhatWasExpected(String text, String told) throws Exception {
        assertThat(faults(text)).singleElement().asString().contains(told);
    }

    @Test
    void aPasswordIsInNoMessage() throws Exception {
        Files.writeString(directory.resolve("password"), "secret");

        assertThat(faults("proxy: {username: x, password: secret, password_file: password}\n"))
                .singleElement()
                .asString()
                .contains("proxy.password: given together with proxy.password_file", "line 1")
                .doesNotContain("secret");
        assertThat(faults("proxy: {username: x, password: [secret]}\n"))
                .singleElement()
                .asString()
                .startsWith("proxy.password: … (expected: a text on one line)");
        assertThat(faults("proxy: http://me:secret@proxy.example:3128\n"))
                .singleElement()
                .asString()
                .contains("it goes into proxy.username and proxy.password")
                .doesNotContain("secret");
    }

    private Settings settings(String text) throws Exception {
        return Configuration.read(file(text), HOME).settings(Role.AGENT, Map.of());
    }

    private List<String> faults(String text) throws Exception {
        Path file = file(text);
        return catchThrowableOfType(
                        ConfigurationException.class,
                        () -> Configuration.read(file, HOME).settings(Role.AGENT, Map.of()))
                .faults();
    }

    private Path file(String text) throws Exception {
        return Files.writeString(Files.createTempFile(directory, "settings", ".yaml"), text);
    }
}
