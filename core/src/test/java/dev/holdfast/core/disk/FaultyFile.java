// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import dev.holdfast.core.disk.FaultyDisk.Done;
import dev.holdfast.core.disk.FaultyDisk.Kept;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A file of a {@link FaultyDisk}: what is read, and what a power loss leaves. The system writes whole pages, in any
 * order and at any time; one that it could not write counts as written from then on, unless it is written to again.
 */
final class FaultyFile {

    private static final int SECTOR = 512;
    private static final int PAGE = 4096;

    // Nobody compares them.
    @SuppressWarnings("ArrayRecordComponent")
    private record Written(int position, byte[] bytes) {}

    private byte[] bytes;
    private int size;
    private byte[] lasting;
    private int lastingSize;

    /** The pages that were written to since the system last wrote them to the disk, or thought so; and how. */
    private final BitSet dirty = new BitSet();

    private final List<Written> pending = new ArrayList<>();

    FaultyFile(byte[] content) {
        bytes = content.clone();
        size = content.length;
        lasting = content.clone();
        lastingSize = content.length;
    }

    int size() {
        return size;
    }

    byte[] content() {
        return Arrays.copyOf(bytes, size);
    }

    void flip(int offset, int mask) {
        bytes[offset] ^= (byte) mask;
        if (offset < lastingSize) {
            lasting[offset] ^= (byte) mask;
        }
    }

    int read(ByteBuffer into, long position) {
        int count = (int) Math.max(0, Math.min(into.remaining(), size - position));
        if (count > 0) {
            into.put(bytes, (int) position, count);
        }
        return count;
    }

    void write(byte[] from, int count, int position) {
        if (count > 0) {
            bytes = atLeast(bytes, position + count);
            System.arraycopy(from, 0, bytes, position, count);
            size = Math.max(size, position + count);
            dirty.set(position / PAGE, (position + count - 1) / PAGE + 1);
            pending.add(new Written(position, Arrays.copyOf(from, count)));
        }
    }

    void force(Done done, RandomGenerator chance) {
        for (int page = dirty.nextSetBit(0); page >= 0; page = dirty.nextSetBit(page + 1)) {
            if (done == Done.ALL || (done == Done.PART && chance.nextBoolean())) {
                keep(page * PAGE, PAGE);
            }
        }
        if (done == Done.ALL) {
            lastingSize = size;
        }
        dirty.clear();
        pending.clear();
    }

    /** Copies a piece to where it lasts. */
    private void keep(int from, int length) {
        int count = Math.min(length, size - from);
        if (count > 0) {
            lasting = atLeast(lasting, from + count);
            System.arraycopy(bytes, from, lasting, from, count);
            lastingSize = Math.max(lastingSize, from + count);
        }
    }

    FaultyFile powerLoss(Kept kept, RandomGenerator how) {
        FaultyFile left = new FaultyFile(Arrays.copyOf(lasting, lastingSize));
        left.bytes = atLeast(left.bytes, size);
        if (kept != Kept.NOTHING) {
            int piece = kept == Kept.PAGES ? PAGE : SECTOR;
            for (int page = dirty.nextSetBit(0); page >= 0; page = dirty.nextSetBit(page + 1)) {
                for (int from = page * PAGE; from < Math.min((page + 1) * PAGE, size); from += piece) {
                    int writes = kept == Kept.EVERYTHING ? pending.size() : drawn(how);
                    keep(left, from, Math.min(size, from + piece), writes);
                }
            }
            if (kept == Kept.EVERYTHING || how.nextBoolean()) {
                left.size = Math.max(left.size, size);
            }
        }
        return new FaultyFile(Arrays.copyOf(left.bytes, left.size));
    }

    /** None, all, or any number of them. */
    private int drawn(RandomGenerator how) {
        return switch (how.nextInt(3)) {
            case 0 -> 0;
            case 1 -> pending.size();
            default -> how.nextInt(pending.size() + 1);
        };
    }

    /** A piece as it was after the first so many of the pending writes. */
    private void keep(FaultyFile left, int from, int to, int writes) {
        if (writes == pending.size()) {
            // With what could not be forced before, and is on a page that was written to again.
            System.arraycopy(bytes, from, left.bytes, from, to - from);
        } else {
            for (Written written : pending.subList(0, writes)) {
                int begin = Math.max(from, written.position);
                int end = Math.min(to, written.position + written.bytes.length);
                if (begin < end) {
                    System.arraycopy(written.bytes, begin - written.position, left.bytes, begin, end - begin);
                }
            }
        }
        left.size = Math.max(left.size, writes > 0 ? to : 0);
    }

    private static byte[] atLeast(byte[] array, int length) {
        return array.length >= length ? array : Arrays.copyOf(array, Math.max(length, 2 * array.length));
    }
}
