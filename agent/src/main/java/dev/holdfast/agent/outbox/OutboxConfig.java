// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import dev.holdfast.core.delivery.DeliveryPolicy;
import dev.holdfast.core.outbox.OutboxPolicy;

/**
 * How an agent keeps and delivers what it records.
 *
 * @param keeping what is kept, and for how long
 * @param delivery how it is brought to the server
 */
public record OutboxConfig(OutboxPolicy keeping, DeliveryPolicy delivery) {

    /** The defaults of both. */
    public static final OutboxConfig DEFAULT = new OutboxConfig(OutboxPolicy.DEFAULT, DeliveryPolicy.DEFAULT);
}
