// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "system.memory.used, 25232932864, 23.5 GiB",
                "system.filesystem.free, 0, 0 B",
                "system.filesystem.free, 1023, 1023 B",
                "system.filesystem.total, 1024, 1.0 KiB",
                "host.memory.total, 1048575, 1.0 MiB",
                "system.memory.used, 1125899906842624, 1.0 PiB",
                "system.cpu.utilization, 0.0004, 0.0 %",
                "system.cpu.utilization, 1.0, 100.0 %",
                "system.uptime, 0, 0s",
                "system.uptime, 185, 3m5s",
                "system.uptime, 5025, 1h23m",
                "system.uptime, 93784, 1d2h3m",
                "system.cpu.load_average.1m, -1.0, -1.0",
                "clock_offset_s, 315619200, 3653d ahead of the server's",
                "clock_offset_s, -7261, 2h1m1s behind the server's",
                "clock_offset_s, -3, none",
                "registrations, 2048, 2048",
                "system.memory.used, \"much\", much",
                "at, \"2026-01-01T00:00:09.5Z\", 2026-01-01T00:00:09Z"
            })
    void areShownAsTheirNameSuggests(String name, String json, String shown) throws Exception {
        assertThat(Figures.of(name, Fleet.tree(json))).isEqualTo(shown);
    }

    @Test
    void nothingIsShownAsNothing() throws Exception {
        assertThat(Figures.of("version", Fleet.tree("null"))).isEmpty();
    }
}
