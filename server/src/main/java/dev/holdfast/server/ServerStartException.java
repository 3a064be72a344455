// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

/** A server cannot start. The message names the setting, its value and the remedy. */
public final class ServerStartException extends Exception {

    private static final long serialVersionUID = 1L;

    ServerStartException(String message) {
        super(message);
    }

    ServerStartException(String message, Throwable cause) {
        super(message, cause);
    }
}
