// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A message of a kind that OpAMP itself does not know. It may be sent only to a peer that announced its capability.
 *
 * @param capability the capability it belongs to, such as {@code dev.holdfast.outbox}
 * @param type which of the capability's messages it is
 * @param data what it says; read-only
 */
public record CustomMessage(String capability, String type, ByteBuffer data) {

    /** Takes a read-only view of {@code data}. */
    public CustomMessage {
        data = data.asReadOnlyBuffer();
    }

    /** One whose data is text. */
    public static CustomMessage ofText(String capability, String type, String text) {
        return new CustomMessage(capability, type, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** A view of its own for each caller. */
    @Override
    public ByteBuffer data() {
        return data.duplicate();
    }

    /** The data as text. */
    public String text() {
        return StandardCharsets.UTF_8.decode(data()).toString();
    }
}
