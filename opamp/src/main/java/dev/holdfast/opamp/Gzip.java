// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Takes gzip apart (RFC 1952), of one member or several. */
final class Gzip {

    private static final int COPY_BYTES = 8 << 10;

    private Gzip() {}

    static ByteBuffer expand(ByteBuffer compressed, int limit) throws WireException {
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        try (Members in = new Members(Wire.copy(compressed))) {
            byte[] buffer = new byte[COPY_BYTES];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                long size = (long) plain.size() + read;
                if (size > limit) {
                    throw WireException.tooLarge(size, limit);
                }
                plain.write(buffer, 0, read);
            }
            in.requireEnd();
        } catch (EOFException e) {
            throw malformed(compressed, "it ends too soon");
        } catch (IOException e) {
            throw malformed(compressed, String.valueOf(e.getMessage()));
        }
        return ByteBuffer.wrap(plain.toByteArray());
    }

    private static WireException malformed(ByteBuffer compressed, String why) {
        return WireException.malformed("body: " + compressed.remaining() + " bytes that are not gzip: " + why
                + " (expected: gzip, as announced)");
    }

    /**
     * The JDK's reader passes over what it cannot read behind a member, so that a message whose second member is torn would
     * come out short without a word. With all of the input in its buffer it can be seen how much it passed over.
     */
    private static final class Members extends GZIPInputStream {

        /** The checksum and the length at the end of a member, which the reader leaves to the last in its buffer. */
        private static final int TRAILER_BYTES = 8;

        Members(byte[] compressed) throws IOException {
            super(new ByteArrayInputStream(compressed), Math.max(1, compressed.length));
        }

        void requireEnd() throws IOException {
            int left = inf.getRemaining() - TRAILER_BYTES;
            if (left != 0) {
                throw new ZipException(left + " bytes follow its end");
            }
        }
    }
}
