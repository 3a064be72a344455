// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerConfigTest {

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT0.999S", "PT-1S", "PT1.5S", "PT1.000000001S"})
    void aHeartbeatIntervalThatTheWireCannotCarryIsRefused(Duration interval) {
        assertThatThrownBy(() -> heartbeat(interval))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("heartbeatInterval: " + interval + " (expected: whole seconds");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT1S", "PT5S", "PT1H"})
    void aHeartbeatIntervalOfWholeSecondsIsTaken(Duration interval) {
        assertThat(heartbeat(interval).heartbeatInterval()).isEqualTo(interval);
    }

    @Test
    void aServerNeedNotSetTheHeartbeatInterval() {
        assertThat(ServerConfig.of(Path.of("data")).heartbeatInterval()).isNull();
    }

    @Test
    void aMessageMayNotBeLargerThanAServerCanBear() {
        assertThat(ServerConfig.of(Path.of("data")).messageLimit()).isEqualTo(1 << 20);
    }

    @Test
    void aMessageLimitThatAFullBatchExceedsIsRefused() {
        assertThatThrownBy(() -> config(Duration.ofSeconds(5), (256 << 10) - 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("messageLimit: 262143 (expected: >= 262144, which a full batch of an outbox takes)");
        assertThat(config(Duration.ofSeconds(5), 256 << 10).messageLimit()).isEqualTo(256 << 10);
    }

    private static ServerConfig heartbeat(Duration interval) {
        return config(interval, ServerConfig.MESSAGE_LIMIT);
    }

    private static ServerConfig config(Duration interval, int messageLimit) {
        ServerConfig defaults = ServerConfig.of(Path.of("data"));
        return new ServerConfig(
                defaults.data(),
                defaults.listen(),
                defaults.admin(),
                interval,
                defaults.pingInterval(),
                defaults.requestTimeout(),
                defaults.flushInterval(),
                messageLimit,
                defaults.inputLimit(),
                defaults.ingest(),
                defaults.admission(),
                defaults.drainTimeout());
    }
}
