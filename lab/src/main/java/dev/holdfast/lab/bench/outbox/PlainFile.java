// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The least that keeps anything: a file that grows. No checksum, and no order that could be told. */
final class PlainFile {

    static final String NAME = "log";

    /** More than all threads together have waiting. */
    private static final int BUFFER = 1 << 20;

    private PlainFile() {}

    private static FileChannel file(Path directory) throws IOException {
        return FileChannel.open(directory.resolve(NAME), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** One write at a time. */
    static final class EachForced implements Keeper {
        private final FileChannel file;

        EachForced(Path directory) throws IOException {
            file = file(directory);
        }

        @Override
        public synchronized void keep(byte[] record) throws IOException {
            file.write(ByteBuffer.wrap(record));
            file.force(false);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /** All who wait at the same time share a write: one of them does it for all. */
    static final class Shared implements Keeper {
        private final FileChannel file;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition done = lock.newCondition();
        private ByteBuffer filling = ByteBuffer.allocateDirect(BUFFER);
        private ByteBuffer writing = ByteBuffer.allocateDirect(BUFFER);
        private long put;
        private long kept;
        private boolean isWriting;

        Shared(Path directory) throws IOException {
            file = file(directory);
        }

        @Override
        public void keep(byte[] record) throws IOException, InterruptedException {
            long own;
            lock.lock();
            try {
                filling.put(record);
                own = ++put;
                while (isWriting && kept < own) {
                    done.await();
                }
                if (kept >= own) {
                    return;
                }
                isWriting = true;
            } finally {
                lock.unlock();
            }
            write();
        }

        private void write() throws IOException {
            long last;
            lock.lock();
            try {
                ByteBuffer full = filling;
                filling = writing.clear();
                writing = full;
                last = put;
            } finally {
                lock.unlock();
            }
            boolean isKept = false;
            try {
                file.write(writing.flip());
                file.force(false);
                isKept = true;
            } finally {
                written(isKept ? last : 0);
            }
        }

        private void written(long last) {
            lock.lock();
            try {
                kept = Math.max(kept, last);
                isWriting = false;
                done.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
