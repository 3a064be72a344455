// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InvocationTest {

    @Test
    void aWordThatAShellWouldSplitIsQuoted() {
        assertThat(Invocation.line(List.of("server", "--data", "/my dir/it's")))
                .endsWith(" server --data '/my dir/it'\\''s'");
    }

    @Test
    void aServerIsStartedAgainWhereItWas() {
        ServerFile server = new ServerFile(1, "127.0.0.1:5", "127.0.0.1:6", "");

        assertThat(Invocation.restart(Path.of("/d"), server, Path.of("/c.yaml")))
                .endsWith(" server --data /d --listen 127.0.0.1:5 --admin 127.0.0.1:6 --config /c.yaml");
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0:1, 127.0.0.1:1",
        "[::]:1, 127.0.0.1:1",
        "[0:0:0:0:0:0:0:0]:1, 127.0.0.1:1",
        "10.0.0.1:1, 10.0.0.1:1",
        "[::1]:1, [::1]:1"
    })
    void anAddressThatMeansAllIsDialledOnLoopback(String address, String dialled) {
        assertThat(ServerFile.dialable(address)).isEqualTo(dialled);
    }
}
