// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

/** What should have happened in a bounded time did not, or a process ended that nobody had asked to. */
public final class ChaosException extends Exception {

    private static final long serialVersionUID = 1L;

    ChaosException(String message) {
        super(message);
    }
}
