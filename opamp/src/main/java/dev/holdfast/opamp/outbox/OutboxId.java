// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.random.RandomGenerator;

/**
 * The name of an outbox: 128 bits, drawn when it was created.
 *
 * @param high the first 64 of them
 * @param low the other 64
 */
public record OutboxId(long high, long low) {

    /** How many bytes it takes. */
    static final int BYTES = 2 * Long.BYTES;

    /** Draws one. */
    public static OutboxId random(RandomGenerator chance) {
        return new OutboxId(chance.nextLong(), chance.nextLong());
    }

    /**
     * The one that {@link #bytes} gave.
     *
     * @throws IllegalArgumentException unless it is {@value #BYTES} bytes
     */
    public static OutboxId of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("outbox_id: " + bytes.length + " bytes (expected: " + BYTES + ")");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new OutboxId(buffer.getLong(), buffer.getLong());
    }

    /** Its bytes, in order. */
    public byte[] bytes() {
        return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
    }

    /** Its 32 hexadecimal digits. */
    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }
}
