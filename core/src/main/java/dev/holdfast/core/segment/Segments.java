// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import dev.holdfast.core.disk.Disk;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The segments of a log that can be read, by number. Safe for use by any thread. */
final class Segments {

    private final TreeMap<Integer, SegmentFile> readable = new TreeMap<>();

    /** Those whose header does not verify, or is that of another log: nothing in them can be read. */
    private final SortedSet<Integer> unreadable = new TreeSet<>();

    /** Reads the headers of all that there are. */
    static Segments of(Disk disk) throws IOException {
        Segments segments = new Segments();
        for (String name : disk.names()) {
            OptionalInt number = SegmentFile.number(name);
            if (number.isPresent()) {
                segments.add(number.getAsInt(), SegmentFile.read(disk, number.getAsInt()));
            }
        }
        segments.rejectForeign();
        return segments;
    }

    /** Nothing is read of segments of another log, as of a copy that was put into the wrong directory. */
    private void rejectForeign() {
        Map<UUID, Integer> counts = new HashMap<>();
        readable.values().forEach(segment -> counts.merge(segment.log(), 1, Integer::sum));
        int most = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        Optional<UUID> ours = readable.descendingMap().values().stream()
                .map(SegmentFile::log)
                .filter(log -> counts.getOrDefault(log, 0) == most)
                .findFirst();
        for (SegmentFile segment : List.copyOf(readable.values())) {
            if (!segment.log().equals(ours.orElseThrow())) {
                readable.remove(segment.number());
                unreadable.add(segment.number());
            }
        }
    }

    /** @param segment null if it cannot be read */
    synchronized void add(int number, @Nullable SegmentFile segment) {
        if (segment == null) {
            unreadable.add(number);
        } else {
            readable.put(number, segment);
        }
    }

    synchronized @Nullable SegmentFile find(int number) {
        return readable.get(number);
    }

    SegmentFile require(int number) throws IOException {
        SegmentFile segment = find(number);
        if (segment == null) {
            throw new IOException(SegmentFile.name(number) + " is not there");
        }
        return segment;
    }

    synchronized void remove(int number) {
        unreadable.remove(number);
        readable.remove(number);
    }

    synchronized List<Integer> numbers() {
        return List.copyOf(readable.keySet());
    }

    synchronized long bytes() {
        return readable.values().stream().mapToLong(SegmentFile::size).sum();
    }

    synchronized List<Integer> unreadable() {
        return List.copyOf(unreadable);
    }

    /** The largest number there is, 0 if there is none. */
    synchronized int highest() {
        return Math.max(readable.isEmpty() ? 0 : readable.lastKey(), unreadable.isEmpty() ? 0 : unreadable.last());
    }

    /** That of the newest segment. */
    synchronized Optional<UUID> id() {
        return readable.isEmpty()
                ? Optional.empty()
                : Optional.of(readable.lastEntry().getValue().log());
    }
}
