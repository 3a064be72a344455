// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.OutboxMessage.Mark;
import dev.holdfast.opamp.outbox.OutboxMessage.Refused;
import dev.holdfast.opamp.outbox.OutboxMessage.Resume;
import dev.holdfast.opamp.outbox.StreamId;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The rule by which a batch is taken: only if it follows the stream's mark, or opens a stream that is not known. So
 * each sequence of a stream is stored once, in order and without holes, whatever is sent twice, late or again.
 *
 * <p>No state; decides and does nothing.
 */
final class Ingest {

    /** How many epochs a lane may have: each is kept for good. */
    static final int MOST_EPOCHS = 1_000;

    /** The floor for who has too many. */
    private static final Duration LATER = Duration.ofMinutes(1);

    private Ingest() {}

    /** What is to become of a batch. */
    sealed interface Verdict {

        /** All of it is to be stored, and the mark to be moved to where it reaches. */
        record Take(Batch batch) implements Verdict {}

        /** Nothing of it is to be stored: the agent is to be told where the stream stands. */
        record Tell(Mark mark) implements Verdict {}

        /** It is wrong. */
        record Refuse(Refused refused) implements Verdict {}
    }

    /** Judges a batch whose payloads are in it, by what is there. */
    static Verdict decide(Batch batch, EventStore.Tables tables) throws EventStoreException {
        Point mark = tables.mark(batch.stream()).orElse(null);
        if (mark == null && batch.opens() && tables.epochs(batch.stream()) >= MOST_EPOCHS) {
            String fault = "lane " + batch.stream().lane() + " has " + MOST_EPOCHS + " epochs here (expected: fewer; an"
                    + " outbox begins one when its disk or this server was restored: see why it does so again and again)";
            return new Verdict.Refuse(refused(batch, Refused.Why.STORAGE, fault, LATER));
        }
        return judge(batch, mark);
    }

    /**
     * Judges a batch whose payloads are in it.
     *
     * @param mark that of its stream, null if that is not known
     */
    static Verdict judge(Batch batch, @Nullable Point mark) {
        boolean fits = mark == null ? batch.opens() : batch.follows().meets(mark);
        if (!fits || batch.items().isEmpty()) {
            return new Verdict.Tell(mark(batch.stream(), batch.ask(), mark, 0));
        }
        String fault = fault(batch);
        return fault == null
                ? new Verdict.Take(batch)
                : new Verdict.Refuse(refused(batch, Refused.Why.BAD_RECORD, fault, Duration.ZERO));
    }

    /** A refusal of all of a batch. */
    static Refused refused(Batch batch, Refused.Why why, String detail, Duration retryAfter) {
        long first = batch.items().isEmpty()
                ? batch.follows().sequence()
                : batch.items().getFirst().first();
        return new Refused(batch.stream(), batch.ask(), first, batch.reaches().sequence(), why, detail, retryAfter);
    }

    private static @Nullable String fault(Batch batch) {
        long before = batch.follows().sequence();
        for (Item item : batch.items()) {
            if (item.first() - 1 != before) {
                return "sequence " + item.first() + " after " + before + " (expected: the next, without holes)";
            }
            if (item instanceof Item.Data data
                    && !data.encoding().isEmpty()
                    && !data.encoding().equals(Item.Data.DEFLATE)) {
                return "record " + item.first() + ": encoding " + data.encoding() + " (expected: none, or "
                        + Item.Data.DEFLATE + ")";
            }
            before = item.last().sequence();
        }
        return null;
    }

    /** Answers a resume: where its stream stands, and the newest of its points that is known here too. */
    static Mark answer(Resume resume, EventStore store) throws EventStoreException {
        Point mark = store.mark(resume.stream()).orElse(null);
        return mark(resume.stream(), resume.ask(), mark, matched(resume, mark, store));
    }

    private static long matched(Resume resume, @Nullable Point mark, EventStore store) throws EventStoreException {
        List<Point> newestFirst = Stream.concat(Stream.of(resume.acknowledged()), resume.points().stream())
                .filter(point -> point.sequence() > 0 && point.hash() != 0)
                .sorted(Comparator.comparingLong(Point::sequence).reversed())
                .toList();
        for (Point point : newestFirst) {
            if (mark == null
                    ? isElsewhere(resume.stream(), point, store)
                    : isThere(resume.stream(), point, mark, store)) {
                return point.sequence();
            }
        }
        return 0;
    }

    private static boolean isElsewhere(StreamId stream, Point point, EventStore store) throws EventStoreException {
        return store.has(stream.outbox(), stream.lane(), point);
    }

    private static boolean isThere(StreamId stream, Point point, Point mark, EventStore store)
            throws EventStoreException {
        if (point.sequence() >= mark.sequence()) {
            return point.equals(mark);
        }
        return store.hash(stream, point.sequence()) == point.hash();
    }

    private static Mark mark(StreamId stream, long ask, @Nullable Point mark, long matched) {
        return mark == null
                ? Mark.unknown(stream, ask, matched)
                : new Mark(stream, ask, true, mark, matched, Duration.ZERO);
    }
}
