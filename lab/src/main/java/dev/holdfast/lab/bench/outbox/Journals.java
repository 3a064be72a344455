// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import com.squareup.tape2.QueueFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFileFactory;
import org.apache.activemq.artemis.core.journal.Journal;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;

/** Files that are written at their end. */
final class Journals {

    static final String TAPE_FILE = "queue";

    static final byte ARTEMIS_TYPE = 1;

    /** Its defaults for files and buffer. */
    private static final int ARTEMIS_FILE = 10 << 20;

    private static final int ARTEMIS_BUFFER = 490 << 10;

    /** How long it waits for more that could share a write. */
    private static final Duration ARTEMIS_TIMER = Duration.ofNanos(100_000);

    static {
        // It would tell its makers, over the network, that it is used; it looks at this when its classes are loaded.
        System.setProperty("chronicle.analytics.disable", "true");
        System.setProperty("chronicle.announcer.disable", "true");
    }

    private Journals() {}

    /** Artemis's journal in a directory, not yet started. */
    static Journal artemis(Path directory) {
        NIOSequentialFileFactory files =
                new NIOSequentialFileFactory(
                        directory.toFile(), true, ARTEMIS_BUFFER, Math.toIntExact(ARTEMIS_TIMER.toNanos()), 1, false) {
                    @Override
                    public void releaseDirectBuffer(ByteBuffer buffer) {
                        // From JDK 24 on the Netty of today frees no memory but its own; the collector does.
                    }
                };
        return new JournalImpl(ARTEMIS_FILE, 2, 10, 0, 0, files, "records", "journal", 1);
    }

    /** Chronicle's queue in a directory; whoever syncs waits until the disk has it. */
    static ChronicleQueue chronicle(Path directory) {
        return ChronicleQueue.singleBuilder(directory).syncMode(SyncMode.SYNC).build();
    }

    /** Written and forced by a thread of its own, for all who wait. */
    static final class Artemis implements Keeper {
        private final Journal journal;
        private final AtomicLong last = new AtomicLong();

        Artemis(Path directory) throws IOException {
            journal = artemis(directory);
            try {
                journal.start();
                journal.loadInternalOnly();
            } catch (Exception e) {
                throw new IOException(e);
            }
        }

        @Override
        public void keep(byte[] record) throws IOException {
            try {
                journal.appendAddRecord(last.incrementAndGet(), ARTEMIS_TYPE, record, true);
            } catch (Exception e) {
                throw new IOException(e);
            }
        }

        @Override
        public void close() throws IOException {
            try {
                journal.stop();
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    /** One appender, for one thread at a time: an appender for each thread, which it allows, is slower. */
    static final class Chronicle implements Keeper {
        private final ChronicleQueue queue;
        private final ExcerptAppender appender;

        Chronicle(Path directory) {
            queue = chronicle(directory);
            appender = queue.createAppender();
            appender.singleThreadedCheckDisabled(true);
        }

        @Override
        public synchronized void keep(byte[] record) {
            appender.writeBytes(out -> out.write(record));
            appender.sync();
        }

        @Override
        public void close() {
            queue.close();
        }
    }

    /** Its file is opened so that each write is forced; it is for one thread at a time. */
    static final class Tape implements Keeper {
        private final QueueFile queue;

        Tape(Path directory) throws IOException {
            queue = new QueueFile.Builder(directory.resolve(TAPE_FILE).toFile()).build();
        }

        @Override
        public synchronized void keep(byte[] record) throws IOException {
            queue.add(record);
        }

        @Override
        public void close() throws IOException {
            queue.close();
        }
    }
}
