// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.record.Point;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a lane finds out up to where the server has the very same records.
 *
 * <p>It gives the server points of its own to compare, spaced ever wider from the newest one; then it looks at its own
 * point at the server's mark, which in all but the worst cases settles it; then it halves and halves again, thirty ways
 * at once, what is left between the newest point in common and the oldest that is not.
 *
 * @param common the newest point that both are known to have
 * @param bound the oldest sequence that they are known not to have in common; one past the lane's end at first
 * @param points what the server is asked to compare, oldest first
 * @param mark where the server stands, or null before it was asked
 */
record Search(
        Point common,
        long bound,
        List<Point> points,
        @Nullable Point mark) {

    /** How many points a server is given at once, at most. */
    static final int MOST = 32;

    /** What is to be done next. */
    sealed interface Step {

        /** Look these up. */
        record Look(Search search, List<Long> sequences) implements Step {}

        /** Ask the server. */
        record Ask(Search search) implements Step {}

        /** The server's mark is here, and what is before it is the same. */
        record Agreed(Point at) implements Step {}

        /** The server has something else after this point, up to its mark. */
        record Parted(Point after, Point mark) implements Step {}

        /**
         * The server does not have what it acknowledged.
         *
         * @param same whether what it has is known to be what it was sent from here
         */
        record Behind(Point mark, boolean same) implements Step {}

        /** The answer does not fit the question. */
        record Nonsense() implements Step {}
    }

    static Step begin(Point acknowledged, long last) {
        Search search = new Search(acknowledged, last + 1, List.of(), null);
        List<Long> wanted = new ArrayList<>();
        for (long back = 0; wanted.size() < MOST && last - back > acknowledged.sequence(); back = 2 * back + 1) {
            wanted.add(last - back);
        }
        return wanted.isEmpty() ? new Step.Ask(search) : new Step.Look(search, List.copyOf(wanted));
    }

    /** What was looked up. */
    Step found(List<Point> found) {
        if (mark != null && mark.sequence() < common.sequence()) {
            return new Step.Behind(mark, found.contains(mark));
        }
        List<Point> between = found.stream()
                .filter(point -> point.hash() != 0 && point.sequence() > common.sequence() && point.sequence() < bound)
                .distinct()
                .sorted(Comparator.comparingLong(Point::sequence))
                .toList();
        if (mark == null || mark.sequence() >= bound) {
            return between.isEmpty() && mark != null
                    ? new Step.Parted(common, mark)
                    : new Step.Ask(new Search(common, bound, between, mark));
        }
        if (between.isEmpty()) {
            // Nothing but a gap lies between, so there is nothing that could differ or be sent twice.
            return new Step.Agreed(mark);
        }
        Point newest = between.getLast();
        if (newest.sequence() < mark.sequence()) {
            return new Step.Ask(new Search(common, bound, between, mark));
        }
        if (newest.hasHash(mark.hash())) {
            return new Step.Agreed(newest);
        }
        List<Point> older = between.subList(0, between.size() - 1);
        return older.isEmpty()
                ? new Step.Parted(common, mark)
                : new Step.Ask(new Search(common, newest.sequence(), List.copyOf(older), mark));
    }

    /** What the server answered; it knows the stream. */
    Step answered(Mark answer) {
        long matched = answer.matched();
        Point server = new Point(answer.sequence(), answer.hash());
        if (matched < common.sequence() && mark == null) {
            // What was acknowledged may still be in the log, and tell whether the server's mark is a place in it.
            return server.sequence() < common.sequence()
                    ? new Step.Look(new Search(common, bound, List.of(), server), List.of(server.sequence()))
                    : new Step.Behind(server, false);
        }
        Point same = matched == common.sequence() ? common : at(matched);
        if (same == null || matched > server.sequence()) {
            return new Step.Nonsense();
        }
        if (matched == server.sequence()) {
            return new Step.Agreed(same);
        }
        long nextBound = points.stream()
                .mapToLong(Point::sequence)
                .filter(sequence -> sequence > matched)
                .findFirst()
                .orElse(bound);
        long top = Math.min(nextBound - 1, server.sequence());
        return top <= matched
                ? new Step.Parted(same, server)
                : new Step.Look(new Search(same, nextBound, List.of(), server), spread(matched, top));
    }

    private @Nullable Point at(long sequence) {
        return points.stream()
                .filter(point -> point.sequence() == sequence)
                .findFirst()
                .orElse(null);
    }

    /** Evenly from {@code top} down to but not at {@code low}; one fewer than a server is given, beside the common. */
    private static List<Long> spread(long low, long top) {
        long step = Math.max(1, (top - low + MOST - 2) / (MOST - 1));
        List<Long> wanted = new ArrayList<>();
        for (long sequence = top; sequence > low; sequence -= step) {
            wanted.add(sequence);
        }
        return List.copyOf(wanted);
    }
}
