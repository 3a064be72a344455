// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.DiskFile;
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

/** The segments of a log that are open, by number. Safe for use by any thread. */
final class Segments {

    private final TreeMap<Integer, SegmentFile> open = new TreeMap<>();

    /** Those whose header does not verify, or is that of another log: nothing in them can be read. */
    private final SortedSet<Integer> unreadable = new TreeSet<>();

    /** Opens all that there are, or none. */
    static Segments open(Disk disk) throws IOException {
        Segments segments = new Segments();
        try {
            for (String name : disk.names()) {
                OptionalInt number = SegmentFile.number(name);
                if (number.isPresent()) {
                    segments.add(number.getAsInt(), SegmentFile.open(disk, number.getAsInt()));
                }
            }
            segments.rejectForeign();
        } catch (IOException e) {
            segments.close(e);
            throw e;
        }
        return segments;
    }

    /** Nothing is read of segments of another log, as of a copy that was put into the wrong directory. */
    private void rejectForeign() throws IOException {
        Map<UUID, Integer> counts = new HashMap<>();
        open.values().forEach(segment -> counts.merge(segment.log(), 1, Integer::sum));
        int most = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        Optional<UUID> ours = open.descendingMap().values().stream()
                .map(SegmentFile::log)
                .filter(log -> counts.getOrDefault(log, 0) == most)
                .findFirst();
        for (SegmentFile segment : List.copyOf(open.values())) {
            if (!segment.log().equals(ours.orElseThrow())) {
                open.remove(segment.number());
                unreadable.add(segment.number());
                segment.file().close();
            }
        }
    }

    /** @param segment null if it cannot be read */
    synchronized void add(int number, @Nullable SegmentFile segment) {
        if (segment == null) {
            unreadable.add(number);
        } else {
            open.put(number, segment);
        }
    }

    synchronized @Nullable SegmentFile find(int number) {
        return open.get(number);
    }

    SegmentFile require(int number) throws IOException {
        SegmentFile segment = find(number);
        if (segment == null) {
            throw new IOException(SegmentFile.name(number) + " is not there");
        }
        return segment;
    }

    synchronized @Nullable SegmentFile remove(int number) {
        unreadable.remove(number);
        return open.remove(number);
    }

    synchronized List<Integer> numbers() {
        return List.copyOf(open.keySet());
    }

    synchronized List<Integer> unreadable() {
        return List.copyOf(unreadable);
    }

    /** The largest number there is, 0 if there is none. */
    synchronized int highest() {
        return Math.max(open.isEmpty() ? 0 : open.lastKey(), unreadable.isEmpty() ? 0 : unreadable.last());
    }

    /** That of the newest segment. */
    synchronized Optional<UUID> id() {
        return open.isEmpty()
                ? Optional.empty()
                : Optional.of(open.lastEntry().getValue().log());
    }

    /** Closes them all, and adds to {@code failed} what could not be closed. */
    synchronized void close(IOException failed) {
        open.values().forEach(segment -> close(segment.file(), failed));
        open.clear();
    }

    static void close(DiskFile file, IOException failed) {
        try {
            file.close();
        } catch (IOException e) {
            failed.addSuppressed(e);
        }
    }
}
