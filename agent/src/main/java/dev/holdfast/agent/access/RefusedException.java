// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import java.io.IOException;

/** What was asked for was not done, nothing of it, and what is there stays; the message says why and what to do. */
public final class RefusedException extends IOException {

    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}
