// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;

/**
 * The hash that runs through the records of a lane. That of record <em>n</em> is the first 8 bytes, big-endian, of the
 * SHA-256 of
 *
 * <pre>
 *   hash of record n-1     8 bytes, big-endian; {@link #START} before the first record
 *   sequence               8 bytes, big-endian
 *   time                   8 bytes, big-endian: milliseconds of the Unix epoch; what is finer is cut off
 *   length of the type     4 bytes, big-endian
 *   content type           in UTF-8
 *   payload                as the user gave it, before any compression
 * </pre>
 *
 * where 0 becomes 1, since 0 elsewhere says that a hash is not known.
 *
 * <p>So two lanes with the same hash at the same sequence hold the same records up to there; the time tells apart what
 * was appended twice with the same content, before and after a disk was restored. It finds disks that were
 * restored, copied or rolled back; it is no protection against someone who forges records on purpose.
 *
 * <p>No state; safe for use by any thread.
 */
public final class Chain {

    /** The hash before the first record; elsewhere it says that the hash is not known. */
    public static final long START = 0;

    private Chain() {}

    /**
     * The hash at the next record.
     *
     * @param previous the hash at the record before it
     * @param sequence the record's number in its lane, from 1
     * @param time when it was appended
     * @param payload what remains in the buffer, whose position stays as it is
     */
    public static long next(long previous, long sequence, Instant time, String contentType, ByteBuffer payload) {
        byte[] type = contentType.getBytes(StandardCharsets.UTF_8);
        ByteBuffer head = ByteBuffer.allocate(3 * Long.BYTES + Integer.BYTES + type.length);
        head.putLong(previous).putLong(sequence).putLong(time.toEpochMilli());
        head.putInt(type.length).put(type).flip();
        MessageDigest digest = sha256();
        digest.update(head);
        digest.update(payload.duplicate());
        long hash = ByteBuffer.wrap(digest.digest()).getLong();
        return hash == START ? 1 : hash;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
