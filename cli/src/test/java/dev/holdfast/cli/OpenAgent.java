// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.holdfast.agent.access.AccessSocket;
import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** What of a running agent commands ask for: its data directory held, its outbox open, and the socket. */
final class OpenAgent implements AutoCloseable {

    final DataDirectory data;
    final Outbox outbox;
    private final SystemTime time = SystemTime.start("agent");
    private final AccessSocket socket;
    private boolean isStopped;

    OpenAgent(Path directory, OutboxPolicy policy) throws IOException, DataDirectoryException {
        data = DataDirectory.hold(directory);
        outbox = Outbox.open(
                SystemDisk.of(directory.resolve(OutboxAccess.DIRECTORY)), policy, time, new SplittableRandom(1));
        socket = AccessSocket.open(data.path(), outbox, time);
    }

    Path path() {
        return data.path();
    }

    /** The texts of all records in lane l. */
    List<String> texts() throws IOException {
        List<String> texts = new ArrayList<>();
        List<Item> items = outbox.read("l", 1, 1000, 1 << 20);
        while (!items.isEmpty()) {
            for (Item item : items) {
                texts.add(new String(((Stored) item).payload(), UTF_8));
            }
            items = outbox.read("l", items.getLast().last() + 1, 1000, 1 << 20);
        }
        return texts;
    }

    /** Ends it; without effect the second time. */
    void stop() throws IOException {
        if (!isStopped) {
            isStopped = true;
            socket.close();
            outbox.close();
            data.close();
            time.close();
        }
    }

    @Override
    public void close() throws IOException {
        stop();
    }
}
