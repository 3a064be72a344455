// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.holdfast.cli.key.Alias;
import dev.holdfast.cli.key.ConfigurationException;
import dev.holdfast.cli.key.Role;
import dev.holdfast.cli.key.Settings;
import dev.holdfast.cli.key.Settings.Setting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The configurations of other systems, as their documents print them, load unchanged. */
class AliasesTest {

    private static final String CHECK_IN = """
            {
            "resilience": {
            "max_retries": 5,
            "initial_delay_seconds": 5,
            "max_delay_minutes": 5,
            "backoff_factor": 2.0,
            "circuit_breaker_threshold": 3,
            "circuit_breaker_timeout_minutes": 5
            }
            }
            """;

    private static final String RECONNECT = """
            pipeops:
              reconnect:
                initial_delay: "1s"      # First retry
                max_delay: "15s"          # Maximum delay
                multiplier: 2.0           # Backoff multiplier
                fast_retry_count: 3       # Use 500ms for first N attempts
                max_attempts: 0           # 0 = unlimited
            """;

    @TempDir
    Path directory;

    @Test
    void theBlockOfACheckInIsThePolicyOfPolling() throws Exception {
        Settings settings = settings(CHECK_IN);

        assertThat(value(settings, "polling.tries")).isEqualTo(5);
        assertThat(value(settings, "polling.initial_delay")).isEqualTo(Duration.ofSeconds(5));
        assertThat(value(settings, "polling.max_delay")).isEqualTo(Duration.ofMinutes(5));
        assertThat(value(settings, "polling.multiplier")).isEqualTo(2.0);
        assertThat(value(settings, "polling.breaker_failures")).isEqualTo(3);
        assertThat(value(settings, "polling.breaker_open")).isEqualTo(Duration.ofMinutes(5));
    }

    @Test
    void theBlockOfAReconnectIsThePolicyOfTheLink() throws Exception {
        Settings settings = settings(RECONNECT);

        assertThat(value(settings, "reconnect.initial_delay")).isEqualTo(Duration.ofSeconds(1));
        assertThat(value(settings, "reconnect.max_delay")).isEqualTo(Duration.ofSeconds(15));
        assertThat(value(settings, "reconnect.multiplier")).isEqualTo(2.0);
        assertThat(value(settings, "reconnect.fast_attempts")).isEqualTo(3);
    }

    /** With values that are no defaults, so that each is seen to arrive. */
    @Test
    void everyNameOfBothReachesItsKey() throws Exception {
        Settings settings = settings("""
                resilience: {max_retries: 6, initial_delay_seconds: 0.5, max_delay_minutes: 1.5, backoff_factor: 3,
                             circuit_breaker_threshold: 0, circuit_breaker_timeout_minutes: 7}
                agent:
                  pipeops: {reconnect: {initial_delay: 2s, max_delay: 9s, multiplier: 1.5, fast_retry_count: 1}}
                """);

        assertThat(value(settings, "polling.tries")).isEqualTo(6);
        assertThat(value(settings, "polling.initial_delay")).isEqualTo(Duration.ofMillis(500));
        assertThat(value(settings, "polling.max_delay")).isEqualTo(Duration.ofSeconds(90));
        assertThat(value(settings, "polling.multiplier")).isEqualTo(3.0);
        assertThat(value(settings, "polling.breaker_failures")).isEqualTo(0);
        assertThat(value(settings, "polling.breaker_open")).isEqualTo(Duration.ofMinutes(7));
        assertThat(value(settings, "reconnect.initial_delay")).isEqualTo(Duration.ofSeconds(2));
        assertThat(value(settings, "reconnect.max_delay")).isEqualTo(Duration.ofSeconds(9));
        assertThat(value(settings, "reconnect.multiplier")).isEqualTo(1.5);
        assertThat(value(settings, "reconnect.fast_attempts")).isEqualTo(1);
    }

    @Test
    void checkSaysWhatEachIsReadAs() throws Exception {
        Path file = file(RECONNECT);

        assertThat(Configuration.check(file, Map.of()))
                .containsExactly(
                        "pipeops.reconnect.initial_delay: read as reconnect.initial_delay, in " + file + " line 3",
                        "pipeops.reconnect.max_delay: read as reconnect.max_delay, in " + file + " line 4",
                        "pipeops.reconnect.multiplier: read as reconnect.multiplier, in " + file + " line 5",
                        "pipeops.reconnect.fast_retry_count: read as reconnect.fast_attempts, in " + file + " line 6",
                        "pipeops.reconnect.max_attempts: read as what holds anyway, in " + file + " line 7");
        assertThat(Configuration.check(file("ping.interval: 1s\n"), Map.of())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'resilience: {max_retrys: 5}'|resilience.max_retrys: unknown key (expected: a known key; the nearest is"
                        + " resilience.max_retries), in FILE line 1",
                "'pipeops: {reconnect: {jitter: 5}}'|pipeops.reconnect.jitter: unknown key (expected: a known key",
                "'pipeops: {other: 5}'|pipeops.other: unknown key (expected: a known key",
                "'resilience: 5'|resilience: 5 (expected: keys with values), in FILE line 1",
                "'server: {resilience: {max_retries: 5}}'|server.resilience: unknown key",
                "'resilience: {max_retries: 0}'|polling.tries: 0 (expected: a whole number from 1 to 1000), in FILE"
                        + " line 1, as resilience.max_retries",
                "'resilience: {initial_delay_seconds: 5s}'|resilience.initial_delay_seconds: 5s (expected: a number of"
                        + " seconds, such as 5), in FILE line 1",
                "'resilience: {initial_delay_seconds: 0.0001}'|0.0001 (expected: a number of seconds, such as 5)",
                "'resilience: {max_delay_minutes: 1e99}'|1e99 (expected: a number of minutes, such as 5)",
                "'resilience: {initial_delay_seconds: 0}'|polling.initial_delay: 0s (expected: a duration > 0s, such as"
                        + " 15s), in FILE line 1, as resilience.initial_delay_seconds",
                "'pipeops: {reconnect: {max_attempts: 7}}'|pipeops.reconnect.max_attempts: 7 (expected: 0, which is no"
                        + " limit: an agent never gives up for good; leave it out",
                "'reconnect.max_delay: 15s\npipeops: {reconnect: {max_delay: 15s}}'|reconnect.max_delay: given twice"
                        + " (expected: once; the other is in FILE line 1), in FILE line 2, as"
                        + " pipeops.reconnect.max_delay",
                "'pipeops: {reconnect: {max_delay: 15s}}\nreconnect.max_delay: 15s'|reconnect.max_delay: given twice"
                        + " (expected: once; the other is in FILE line 1, as pipeops.reconnect.max_delay), in FILE line 2"
            })
    void aFaultInABlockSaysWhatWasExpected(String text, String told) throws Exception {
        Path file = file(text.replace("\\n", "\n"));

        List<String> faults = Objects.requireNonNull(
                        catchThrowableOfType(ConfigurationException.class, () -> Configuration.check(file, Map.of())))
                .faults();

        assertThat(faults).singleElement().asString().contains(told.replace("FILE", file.toString()));
    }

    @Test
    void aNearerSourceWinsOverAnotherSystemsName() throws Exception {
        Settings settings = Configuration.read(file(RECONNECT), Map.of("HOLDFAST_RECONNECT_MAX_DELAY", "7s"))
                .settings(Role.AGENT, Map.of());

        assertThat(value(settings, "reconnect.max_delay")).isEqualTo(Duration.ofSeconds(7));
    }

    @Test
    void noNameIsAKeyOfOurs() {
        for (Role role : Role.values()) {
            assertThat(Alias.ALL).noneMatch(alias -> role.key(alias.name()).isPresent());
        }
    }

    private Settings settings(String text) throws Exception {
        return Configuration.read(file(text), Map.of("HOME", "/me")).settings(Role.AGENT, Map.of());
    }

    private static Object value(Settings settings, String key) {
        Setting<?> setting = settings.find(Role.AGENT.key(key).orElseThrow());
        return Objects.requireNonNull(setting, key).value();
    }

    private Path file(String text) throws Exception {
        return Files.writeString(Files.createTempFile(directory, "settings", ".yaml"), text);
    }
}
