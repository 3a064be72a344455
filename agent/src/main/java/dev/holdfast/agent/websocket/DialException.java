// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import dev.holdfast.agent.link.Failure;
import java.io.IOException;

/** A dial that came to nothing, where more is known of it than an exception's type can tell. */
final class DialException extends IOException {

    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    DialException(Failure failure) {
        super(failure.detail());
        this.failure = failure;
    }

    Failure failure() {
        return failure;
    }
}
