// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdmissionConfigTest {

    @ParameterizedTest
    @CsvSource({"-1,1,rate: -1", "1000001,1,rate: 1000001", "1,0,burst: 0", "1,1000001,burst: 1000001"})
    void whatIsOutOfItsRangeIsNamed(int rate, int burst, String named) {
        assertThatThrownBy(() -> new AdmissionConfig(rate, burst))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(named + " (expected: 1 to 1000000");
    }

    @Test
    void theEndsOfTheRangesAreTaken() {
        assertThat(new AdmissionConfig(0, 1).isUnlimited()).isTrue();
        assertThat(new AdmissionConfig(1, 1_000_000).step()).isEqualTo(1_000_000_000L);
        assertThat(new AdmissionConfig(1_000_000, 1).step()).isEqualTo(1_000L);
    }
}
