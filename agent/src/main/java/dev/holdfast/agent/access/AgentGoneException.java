// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import java.io.IOException;

/** The agent that holds the data directory does not answer, or no more; what it was doing may be done. */
public final class AgentGoneException extends IOException {

    private static final long serialVersionUID = 1L;

    AgentGoneException(String message) {
        super(message);
    }

    AgentGoneException(String message, Throwable cause) {
        super(message, cause);
    }
}
