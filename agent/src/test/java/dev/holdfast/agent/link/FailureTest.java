// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.policy.Cause;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureTest {

    @ParameterizedTest
    @CsvSource({
        "1000, NETWORK",
        "1001, NETWORK",
        "1002, PROTOCOL",
        "1006, NETWORK",
        "1008, PROTOCOL",
        "1009, PROTOCOL",
        "1011, SERVER",
        "1012, NETWORK",
        "1013, OVERLOAD",
        "1014, SERVER",
        "4999, PROTOCOL",
    })
    void aCloseIsToldByItsCode(int code, Cause cause) {
        assertThat(Failure.ofClose(code, "why").cause()).isEqualTo(cause);
    }

    @Test
    void theCauseIsLookedForInsideOfWhatWrapsIt() {
        Throwable wrapped = new CompletionException(new IOException(new UnknownHostException("nowhere.example")));
        assertThat(Failure.of(wrapped)).isEqualTo(Failure.of(Cause.LOCAL, "host name not found"));
        assertThat(Failure.of(new NoRouteToHostException("no route")).cause()).isEqualTo(Cause.LOCAL);
    }

    @Test
    void noNetworkAtAllIsALocalFailureAndARefusalIsNone() {
        assertThat(Failure.of(new ConnectException("Network is unreachable")).cause())
                .isEqualTo(Cause.LOCAL);
        assertThat(Failure.of(new ConnectException("Connection refused")).cause())
                .isEqualTo(Cause.NETWORK);
    }

    @Test
    void whatIsNotKnownIsANetworkFailureThatSaysWhatItWasInOneLine() {
        assertThat(Failure.of(new CompletionException(new IOException("first\nsecond"))))
                .isEqualTo(Failure.of(Cause.NETWORK, "IOException: first"));
    }
}
