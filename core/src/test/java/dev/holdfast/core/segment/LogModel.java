// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What was put into a log, and what must, may and must not be read from it. */
final class LogModel {

    private enum State {
        PUT,
        FORCED,
        /** Neither to be expected nor excluded: it could not be forced, or its segment was deleted. */
        OPEN,
        /** It was not there once, so it must not come back. */
        GONE
    }

    private static final class Group {
        final List<Frame> frames;
        int segment;
        State state = State.PUT;

        Group(List<Frame> frames, int segment) {
            this.frames = frames;
            this.segment = segment;
        }
    }

    /** By the sequence of the first frame. */
    private final TreeMap<Long, Group> groups = new TreeMap<>();

    private long frames;

    /** A group of so many frames that nobody made before; the length of each is drawn. */
    List<Frame> group(int count, int mostPayload) {
        List<Frame> group = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            group.add(frame(++frames, mostPayload));
        }
        return group;
    }

    /** The frame of that sequence; all else follows from it. */
    static Frame frame(long sequence, int mostPayload) {
        SplittableRandom chance = new SplittableRandom(sequence);
        byte[] payload = new byte[chance.nextInt(mostPayload + 1)];
        chance.nextBytes(payload);
        return new Frame(
                (byte) (1 + chance.nextInt(127)), chance.nextInt(0x10000), sequence, chance.nextLong(), payload);
    }

    void put(List<Frame> group, int segment) {
        groups.put(group.get(0).sequence(), new Group(group, segment));
    }

    void forced() {
        move(State.PUT, State.FORCED);
    }

    /** What was put and not forced may be there or not, and will be put once more under other numbers. */
    List<List<Frame>> failed() {
        List<List<Frame>> again = groups.values().stream()
                .filter(group -> group.state == State.PUT)
                .map(group -> group.frames)
                .toList();
        move(State.PUT, State.OPEN);
        return again;
    }

    void deleted(int segment) {
        groups.values().stream()
                .filter(group -> group.segment == segment && group.state != State.GONE)
                .forEach(group -> group.state = State.OPEN);
    }

    private void move(State from, State to) {
        groups.values().stream().filter(group -> group.state == from).forEach(group -> group.state = to);
    }

    /** Whether a log holds what it must, in order, and nothing that it must not. */
    void check(SegmentLog log) throws IOException {
        List<Long> found = new ArrayList<>();
        for (List<Frame> group : groups(log)) {
            long first = group.get(0).sequence();
            Group put = groups.get(first);
            if (put == null) {
                throw new AssertionError("a group that begins with " + first + ", which was never put");
            }
            assertThat(put.state).as("group %s, which was lost before", first).isNotEqualTo(State.GONE);
            assertThat(group).as("group %s", first).hasSameSizeAs(put.frames);
            for (int n = 0; n < group.size(); n++) {
                assertSame(group.get(n), put.frames.get(n));
            }
            found.add(first);
        }
        assertThat(found).as("in the order in which they were put").isSorted().doesNotHaveDuplicates();
        assertThat(found)
                .as("all that was forced")
                .containsAll(groups.entrySet().stream()
                        .filter(group -> group.getValue().state == State.FORCED)
                        .map(group -> group.getKey())
                        .toList());
    }

    /** After a power loss: what is not there now never will be, and what is there is on the disk. */
    void reopened(SegmentLog log) throws IOException {
        List<Long> found =
                groups(log).stream().map(group -> group.get(0).sequence()).toList();
        groups.forEach((first, group) -> group.state = found.contains(first) ? State.FORCED : State.GONE);
    }

    static void assertSame(Frame found, Frame put) {
        assertThat(found.type()).isEqualTo(put.type());
        assertThat(found.lane()).isEqualTo(put.lane());
        assertThat(found.sequence()).isEqualTo(put.sequence());
        assertThat(found.hash()).isEqualTo(put.hash());
        assertThat(found.payload()).isEqualTo(put.payload());
    }

    /** The whole groups of a log, as any owner would read them. */
    static List<List<Frame>> groups(SegmentLog log) throws IOException {
        List<List<Frame>> groups = new ArrayList<>();
        for (int segment : log.segments()) {
            groups(log.scan(segment), groups::add);
        }
        return groups;
    }

    private static void groups(Scan scan, Consumer<List<Frame>> whole) throws IOException {
        List<Frame> group = new ArrayList<>();
        long next = -1;
        int follow = 0;
        while (scan.next()) {
            boolean isNext = scan.continues() && scan.position() == next && scan.follow() == follow - 1;
            if (!isNext) {
                group = new ArrayList<>();
            }
            boolean isGood = scan.payload() != null && (isNext || !scan.continues());
            next = isGood ? SegmentLog.position(SegmentLog.segment(scan.position()), scan.end()) : -1;
            follow = scan.follow();
            if (isGood) {
                group.add(frame(scan));
                if (follow == 0) {
                    whole.accept(group);
                }
            }
        }
    }

    static Frame frame(Scan scan) throws IOException {
        return new Frame(
                scan.type(), scan.lane(), scan.sequence(), scan.hash(), Objects.requireNonNull(scan.payload()));
    }
}
