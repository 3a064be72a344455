// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.core.record.NewRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The lines of an input, read ahead by a thread of its own as far as there is room. One other thread takes them, as
 * many at a time as are there, so that a line that comes alone is taken at once.
 *
 * <p>A line ends with a line feed, which is no part of it; so does the input, but need not.
 */
final class Lines {

    /** How far is read ahead, in bytes. */
    private static final int ROOM = 4 << 20;

    /** What a line takes beside its bytes. */
    private static final int EACH = 64;

    private static final int MOST_LINES = 1000;

    private final InputStream in;

    /** An empty one is the end. */
    private final BlockingQueue<Optional<byte[]>> lines = new LinkedBlockingQueue<>();

    private final Semaphore room = new Semaphore(ROOM);

    // Written before the end is told in the queue, read after it was taken from there.
    private @Nullable String fault;

    private Lines(InputStream in) {
        this.in = in;
    }

    /** Begins to read. */
    static Lines of(InputStream in) {
        Lines lines = new Lines(in);
        Thread.ofPlatform().daemon().name("input").start(lines::read);
        return lines;
    }

    private void read() {
        try {
            fault = readAll();
        } catch (IOException e) {
            fault = "standard input cannot be read: " + e.getMessage();
        } catch (InterruptedException e) {
            fault = "interrupted";
        } finally {
            lines.add(Optional.empty());
        }
    }

    /** Reads on to the end or to a line that is too long, of which is told. */
    private @Nullable String readAll() throws IOException, InterruptedException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] piece = new byte[64 << 10];
        for (int length = in.read(piece); length >= 0; length = in.read(piece)) {
            int start = 0;
            for (int i = 0; i < length; i++) {
                if (piece[i] == '\n') {
                    line.write(piece, start, i - start);
                    start = i + 1;
                    if (line.size() > NewRecord.MOST_PAYLOAD) {
                        break;
                    }
                    add(line);
                }
            }
            line.write(piece, start, length - start);
            if (line.size() > NewRecord.MOST_PAYLOAD) {
                return "more than " + NewRecord.MOST_PAYLOAD + " bytes (expected: at most that, 1 MiB, in a line)";
            }
        }
        if (line.size() > 0) {
            add(line);
        }
        return null;
    }

    private void add(ByteArrayOutputStream line) throws InterruptedException {
        byte[] bytes = line.toByteArray();
        line.reset();
        room.acquire(bytes.length + EACH);
        lines.add(Optional.of(bytes));
    }

    /**
     * Waits for lines and gives those that are there.
     *
     * @param bytes what a line counts
     * @param mostBytes what they may count together, unless it is one alone
     * @return none at the end
     */
    List<byte[]> take(ToIntFunction<byte[]> bytes, int mostBytes) throws InterruptedException {
        List<byte[]> taken = new ArrayList<>();
        long sum = 0;
        for (Optional<byte[]> next = lines.take(); next.isPresent(); next = lines.remove()) {
            taken.add(next.get());
            sum += bytes.applyAsInt(next.get());
            room.release(next.get().length + EACH);
            Optional<byte[]> after = lines.peek();
            // The end is left for the next call.
            if (after == null
                    || after.isEmpty()
                    || taken.size() == MOST_LINES
                    || sum + bytes.applyAsInt(after.get()) > mostBytes) {
                return taken;
            }
        }
        return taken;
    }

    /** Why there are no more, if the input has not just ended; to be asked at the end. */
    @Nullable
    String fault() {
        return fault;
    }
}
