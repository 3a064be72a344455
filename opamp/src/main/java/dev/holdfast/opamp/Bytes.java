// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.nio.ByteBuffer;

/** Copies between buffers and arrays without moving a caller's position. */
final class Bytes {

    private Bytes() {}

    static byte[] copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return copy;
    }
}
