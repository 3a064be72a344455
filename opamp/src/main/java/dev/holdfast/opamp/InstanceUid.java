// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * What names an agent for as long as its data directory lives: 16 bytes, by preference a UUID of version 7.
 *
 * @param value the sixteen bytes
 */
public record InstanceUid(UUID value) implements Comparable<InstanceUid> {

    /** How many bytes the wire carries. */
    static final int BYTES = 16;

    /**
     * A new one: a UUID of version 7 (RFC 9562, section 5.7), so that uids sort by when they were made.
     *
     * @param now the date it is to carry, in milliseconds
     * @param chance where its 74 random bits come from
     */
    public static InstanceUid random(Instant now, RandomGenerator chance) {
        long high = (now.toEpochMilli() << 16) | 0x7000 | (chance.nextLong() & 0x0fff);
        long low = (chance.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
        return new InstanceUid(new UUID(high, low));
    }

    /**
     * Reads the canonical text form, in which {@link #toString} gives it.
     *
     * @throws IllegalArgumentException if {@code text} is not that form
     */
    public static InstanceUid parse(String text) {
        try {
            UUID value = UUID.fromString(text);
            if (value.toString().equalsIgnoreCase(text)) {
                return new InstanceUid(value);
            }
        } catch (IllegalArgumentException notAUuid) {
            // Falls through to the message that says what was expected.
        }
        throw new IllegalArgumentException(
                "instance_uid: \"" + text + "\" (expected: a UUID such as 01996b8a-7c1e-7d3a-9b1f-0123456789ab)");
    }

    static InstanceUid ofBytes(String field, ByteBuffer bytes) throws WireException {
        if (bytes.remaining() != BYTES) {
            throw WireException.malformed(field + ": " + bytes.remaining() + " bytes (expected: " + BYTES + ")");
        }
        ByteBuffer in = bytes.duplicate();
        return new InstanceUid(new UUID(in.getLong(), in.getLong()));
    }

    ByteBuffer bytes() {
        return ByteBuffer.allocate(BYTES)
                .putLong(value.getMostSignificantBits())
                .putLong(value.getLeastSignificantBits())
                .flip();
    }

    /** By age where both are of version 7. */
    @Override
    public int compareTo(InstanceUid other) {
        // Unsigned, as RFC 9562 has it: UUID and ByteBuffer compare signed.
        int high = Long.compareUnsigned(value.getMostSignificantBits(), other.value.getMostSignificantBits());
        return high != 0
                ? high
                : Long.compareUnsigned(value.getLeastSignificantBits(), other.value.getLeastSignificantBits());
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
