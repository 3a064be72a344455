// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The way to an outbox: through the agent that has it open, or else by holding its directory. */
final class Door {

    /** How often it is tried while another command holds the directory, and how many times more: 2 s in all. */
    private static final Duration LOOK = Duration.ofMillis(50);

    private static final int LOOKS = 40;

    private Door() {}

    /** Something to be done with what was got. */
    @FunctionalInterface
    interface Use<G, T> {
        T of(G got) throws IOException;
    }

    /**
     * Goes one of the two ways.
     *
     * @param held what is done if no process held the directory; closes it, or hands it on
     * @param running what is done if an agent runs; closes it, or hands it on
     */
    static <T> T through(Path data, Time time, Use<DataDirectory, T> held, Use<SocketAccess, T> running)
            throws DataDirectoryException, IOException, InterruptedException {
        for (int looksLeft = LOOKS; ; looksLeft--) {
            Optional<SocketAccess> agent =
                    DataDirectory.isHeld(data) ? SocketAccess.connect(data, time) : Optional.empty();
            if (agent.isPresent()) {
                return running.of(agent.get());
            }
            DataDirectory directory;
            try {
                directory = DataDirectory.hold(data);
            } catch (DataDirectoryException.Held e) {
                if (looksLeft == 0) {
                    throw e;
                }
                time.pause(LOOK);
                continue;
            }
            return held.of(directory);
        }
    }

    /** Where the log is. */
    static SystemDisk disk(DataDirectory data) throws IOException {
        return SystemDisk.of(data.path().resolve(OutboxAccess.DIRECTORY));
    }
}
