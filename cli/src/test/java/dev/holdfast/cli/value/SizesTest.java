// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {

    @ParameterizedTest
    @CsvSource({
        "64MiB, 67108864, 64MiB",
        "1KiB, 1024, 1KiB",
        "1GiB, 1073741824, 1GiB",
        "512, 512, 512",
        "512B, 512, 512",
        "1536, 1536, 1536",
        "2048, 2048, 2KiB"
    })
    void areReadAndPrintedAsPeopleWriteThem(String text, long bytes, String printed) {
        assertThat(Sizes.parse(text)).contains(bytes);
        assertThat(Sizes.print(bytes)).isEqualTo(printed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "64MB", "64 MiB", "1.5KiB", "MiB", "9999999999999"})
    void areNothingElse(String text) {
        assertThat(Sizes.parse(text)).isEmpty();
    }
}
