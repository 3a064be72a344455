// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes protobuf by hand, field by field, so that a test's bytes owe nothing to the encoder under test. */
final class Golden {

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int DELIMITED = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    static Golden message() {
        return new Golden();
    }

    Golden varint(int field, long value) {
        raw(((long) field << 3) | VARINT);
        raw(value);
        return this;
    }

    Golden fixed64(int field, long value) {
        raw(((long) field << 3) | FIXED64);
        out.writeBytes(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
        return this;
    }

    Golden bytes(int field, byte[] value) {
        raw(((long) field << 3) | DELIMITED);
        raw(value.length);
        out.writeBytes(value);
        return this;
    }

    Golden text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Golden message(int field, Golden value) {
        return bytes(field, value.toBytes());
    }

    /** A KeyValue. */
    Golden attribute(int field, String key, Golden anyValue) {
        return message(field, message().text(1, key).message(2, anyValue));
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    ByteBuffer toBuffer() {
        return ByteBuffer.wrap(toBytes());
    }

    private void raw(long varint) {
        long rest = varint;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
