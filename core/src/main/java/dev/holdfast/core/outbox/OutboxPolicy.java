// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.Durations;
import java.time.Duration;

/**
 * How an outbox keeps what it is given.
 *
 * @param quota bytes on disk at most, at least four segments; a quarter of a segment more for acknowledgements. The
 *     default is 1 GiB
 * @param whenFull what happens to a record for which there is no room; {@link WhenFull#REJECT} by default
 * @param maxAge what is older by this machine's date is given up: within a twentieth of that, at least a second and at
 *     most a minute, and earlier if the date is set forward; more than zero. However old by default:
 *     {@link #NO_MAX_AGE}
 * @param durability when an append is over; {@link Durability#DURABLE} by default
 * @param segment bytes of a segment, a multiple of 4096, 64 KiB at least; 8 MiB by default
 * @param compressFrom payloads of at least so many bytes are compressed if that makes them smaller; not at all by
 *     default, which is {@link Integer#MAX_VALUE}
 */
public record OutboxPolicy(
        long quota, WhenFull whenFull, Duration maxAge, Durability durability, int segment, int compressFrom) {

    /** However old: 36,500 days. */
    public static final Duration NO_MAX_AGE = Duration.ofDays(36_500);

    /** The defaults. */
    public static final OutboxPolicy DEFAULT = new OutboxPolicy(
            1L << 30, WhenFull.REJECT, NO_MAX_AGE, Durability.DURABLE, SegmentLog.SIZE, Integer.MAX_VALUE);

    /** At most how long what is {@link Durability#RELAXED}, and every acknowledgement, is not yet on the disk: 1 s. */
    public static final Duration RELAXED_FOR = Duration.ofSeconds(1);

    /** What becomes of a record for which there is no room. */
    public enum WhenFull {
        /** It is refused: {@link OutboxFullException}. */
        REJECT,
        /** It waits until there is room. */
        BLOCK,
        /** The oldest records go, each lane being told which. */
        DROP_OLDEST
    }

    /** When an append is over. */
    public enum Durability {
        /** Once it is on the disk: it survives a power loss. */
        DURABLE,
        /**
         * Once the operating system has it: it survives the end of the process. A power loss or a crash of the system
         * takes what was appended in the second before it.
         */
        RELAXED
    }

    /** @throws IllegalArgumentException if something is out of its range */
    public OutboxPolicy {
        if (segment < SegmentLog.LEAST_SIZE || segment % 4096 != 0) {
            throw new IllegalArgumentException("segment: " + segment + " bytes (expected: a multiple of 4096, at least "
                    + SegmentLog.LEAST_SIZE + ")");
        }
        if (quota < 4L * segment) {
            throw new IllegalArgumentException(
                    "quota: " + quota + " bytes (expected: at least four segments, " + 4L * segment + ")");
        }
        Durations.requirePositive("maxAge", maxAge, NO_MAX_AGE);
        if (compressFrom < 1) {
            throw new IllegalArgumentException("compressFrom: " + compressFrom + " bytes (expected: >= 1)");
        }
    }

    /** The same with another quota. */
    public OutboxPolicy withQuota(long bytes, WhenFull then) {
        return new OutboxPolicy(bytes, then, maxAge, durability, segment, compressFrom);
    }

    /** The same with another greatest age. */
    public OutboxPolicy withMaxAge(Duration age) {
        return new OutboxPolicy(quota, whenFull, age, durability, segment, compressFrom);
    }

    /** Whether anything is ever too old. */
    boolean hasMaxAge() {
        return maxAge.compareTo(NO_MAX_AGE) < 0;
    }

    /** How long it takes until it is looked again for what is too old. */
    Duration expiryInterval() {
        return Duration.ofMillis(Math.clamp(maxAge.toMillis() / 20, 1_000, 60_000));
    }

    /** The same with another durability. */
    public OutboxPolicy withDurability(Durability wanted) {
        return new OutboxPolicy(quota, whenFull, maxAge, wanted, segment, compressFrom);
    }

    /** The same with segments of another size. */
    public OutboxPolicy withSegment(int bytes) {
        return new OutboxPolicy(quota, whenFull, maxAge, durability, bytes, compressFrom);
    }

    /** The same with payloads compressed from a size on. */
    public OutboxPolicy withCompression(int from) {
        return new OutboxPolicy(quota, whenFull, maxAge, durability, segment, from);
    }
}
