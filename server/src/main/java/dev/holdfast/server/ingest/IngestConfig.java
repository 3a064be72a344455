// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.Durations;
import java.time.Duration;

/**
 * What the server may take and keep of agents' outboxes.
 *
 * @param queueLimit what batches that wait to be stored may hold together, in bytes, and payloads that come in parts as
 *     much again; 2 MiB or twice the record limit if that is more
 * @param recordLimit the largest payload taken, as sent, in bytes
 * @param retention how long events are kept at least in time; they go within minutes after it
 * @param retentionSize how many bytes of events are kept; the oldest go first
 */
public record IngestConfig(int queueLimit, int recordLimit, Duration retention, long retentionSize) {

    /** The default of {@link #queueLimit}: 32 MiB. */
    public static final int QUEUE_LIMIT = 32 << 20;

    /** The default of {@link #recordLimit}, and the most it can be: 1 MiB, which is the most that a record has. */
    public static final int RECORD_LIMIT = NewRecord.MOST_PAYLOAD;

    /** The default of {@link #retention}: 7 days. */
    public static final Duration RETENTION = Duration.ofDays(7);

    /** The default of {@link #retentionSize}: 1 GiB. */
    public static final long RETENTION_SIZE = 1L << 30;

    /** The defaults. */
    public static final IngestConfig DEFAULT = new IngestConfig(QUEUE_LIMIT, RECORD_LIMIT, RETENTION, RETENTION_SIZE);

    private static final int SHARES = 8;

    /** Room for the largest batch of small records, which take more memory than bytes. */
    private static final long LEAST_QUEUE = 2 << 20;

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public IngestConfig {
        if (queueLimit < 1) {
            throw new IllegalArgumentException(
                    "queueLimit: " + queueLimit + " (expected: >= 1, such as " + QUEUE_LIMIT + ")");
        }
        if (recordLimit < 1 || recordLimit > RECORD_LIMIT) {
            throw new IllegalArgumentException(
                    "recordLimit: " + recordLimit + " (expected: 1 to " + RECORD_LIMIT + ")");
        }
        Durations.requirePositive("retention", retention);
        if (retentionSize < 1) {
            throw new IllegalArgumentException("retentionSize: " + retentionSize + " (expected: >= 1)");
        }
    }

    /** The queue limit in force. */
    long queue() {
        return Math.max(queueLimit, least());
    }

    /** What may wait of one link: an eighth of the queue, if that is enough for the largest batch. */
    long share() {
        return Math.max(queue() / SHARES, least());
    }

    private long least() {
        return Math.max(LEAST_QUEUE, 2L * recordLimit);
    }
}
