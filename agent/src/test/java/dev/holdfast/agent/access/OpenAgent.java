// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** What an agent that runs has open; its socket's time stands still. */
final class OpenAgent implements AutoCloseable {

    static final OutboxPolicy SMALL =
            OutboxPolicy.DEFAULT.withSegment(64 << 10).withQuota(512 << 10, OutboxPolicy.WhenFull.REJECT);

    final DataDirectory data;
    final Outbox outbox;
    final AccessSocket socket;
    final VirtualTime time = new VirtualTime();
    private final SystemTime outboxTime = SystemTime.start("outbox");

    OpenAgent(Path directory) throws Exception {
        data = DataDirectory.hold(directory);
        outbox = Outbox.open(
                SystemDisk.of(directory.resolve(OutboxAccess.DIRECTORY)), SMALL, outboxTime, new SplittableRandom(1));
        socket = AccessSocket.open(data.path(), outbox, time);
    }

    static OutboxAccess access(Path directory, VirtualTime time) throws Exception {
        return OutboxAccess.open(directory, SMALL, time, new SplittableRandom(2));
    }

    /** Of this agent. */
    OutboxAccess access() throws Exception {
        OutboxAccess access = access(data.path(), new VirtualTime());
        if (access instanceof DirectAccess) {
            throw new AssertionError("the agent's directory is free");
        }
        return access;
    }

    @Override
    public void close() throws IOException {
        socket.close();
        outbox.close();
        outboxTime.close();
        data.close();
    }
}
