// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import java.io.IOException;

/** There is no room for a record: nothing of it was kept, and what is there stays. */
public final class OutboxFullException extends IOException {

    private static final long serialVersionUID = 1;

    OutboxFullException(String message) {
        super(message);
    }
}
