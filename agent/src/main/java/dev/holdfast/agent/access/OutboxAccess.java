// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.outbox.Outbox.Figures;
import dev.holdfast.core.outbox.Outbox.LaneFigures;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.outbox.Repair;
import dev.holdfast.core.outbox.Verifier;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * The outbox of an agent, running or stopped. To be used by one thread at a time.
 *
 * <p>Every method throws {@link AgentGoneException} if the agent that answers goes away, {@link RefusedException} if
 * what is asked for is not done, and another {@link IOException} if the disk fails.
 */
public sealed interface OutboxAccess extends AutoCloseable permits DirectAccess, SocketAccess {

    /** The directory with the log, in an agent's data directory: {@value}. */
    String DIRECTORY = "outbox";

    /**
     * Opens the outbox of the agent with a data directory: through the agent if it runs, else in the directory, which
     * is held until it is closed. A directory that another command holds for a moment is waited for, up to 2 s.
     *
     * @param policy what holds while no agent runs; one that runs has its own
     * @throws DataDirectoryException.Held if a process holds the directory that does not answer for its outbox
     * @throws DataDirectoryException if the directory cannot be used
     * @throws AgentGoneException if an agent is there and does not answer as it should
     * @throws IOException if the outbox cannot be opened
     */
    static OutboxAccess open(Path data, OutboxPolicy policy, Time time, RandomGenerator chance)
            throws DataDirectoryException, IOException, InterruptedException {
        return Door.through(data, time, held -> DirectAccess.open(held, policy, time, chance), running -> running);
    }

    /**
     * The outbox of the agent that runs with a data directory. The directory itself is left alone, so that an agent
     * which is just starting finds it free.
     *
     * @return nothing if no agent answers there
     * @throws AgentGoneException if an agent is there and does not answer as it should
     * @throws IOException if there is no connecting to anything
     */
    static Optional<OutboxAccess> ofRunning(Path data, Time time) throws IOException {
        return SocketAccess.connect(data, time).map(running -> running);
    }

    /**
     * Reads all of the outbox of an agent with a data directory, and says what of it does not verify. Changes nothing;
     * an agent that runs does it itself and goes on meanwhile.
     *
     * @throws DataDirectoryException as {@link #open}
     * @throws IOException as {@link #open}
     */
    static Verification verify(Path data, Time time) throws DataDirectoryException, IOException, InterruptedException {
        return Door.through(
                data,
                time,
                held -> {
                    try (held) {
                        return Verifier.verify(Door.disk(held));
                    }
                },
                running -> {
                    try (running) {
                        return running.verify();
                    }
                });
    }

    /**
     * Makes the outbox of a stopped agent whole again.
     *
     * @throws DataDirectoryException.Held if the agent runs, or another process holds the directory
     * @throws DataDirectoryException if the directory cannot be used
     * @throws IOException if the disk fails; the repair may be begun once more
     * @see Repair
     */
    static Repair.Done repair(Path data, OutboxPolicy policy, Time time, RandomGenerator chance)
            throws DataDirectoryException, IOException {
        try (DataDirectory held = DataDirectory.hold(data)) {
            return Repair.repair(Door.disk(held), policy, time, chance);
        }
    }

    /**
     * Appends records that hold together: after a failure all are there or none.
     *
     * @param records at most {@link #mostBytes} together, unless it is one alone
     * @return their sequences, once they are on the disk
     * @throws RefusedException if there is no room for them, or they are more than is taken at once: nothing was kept
     * @throws IOException if the disk does not take them; they may be there after a restart all the same
     */
    List<Long> append(List<NewRecord> records) throws IOException, InterruptedException;

    /** How many bytes of records an append takes at most, as {@link #bytes} counts them: 1 MiB. */
    static int mostBytes() {
        return 1 << 20;
    }

    /** What a record counts in an append. */
    static int bytes(NewRecord record) {
        return Messages.mostBytes(record);
    }

    /**
     * What a lane holds from a sequence on: records, and the word of those that will never come.
     *
     * @param maxCount how many items at most; there may be fewer though more are there, but not none
     * @return nothing if there is nothing, or no such lane
     */
    List<Item> read(String lane, long from, int maxCount) throws IOException;

    /**
     * The dead letters from an id on, the oldest first.
     *
     * @param maxCount how many at most; there may be fewer though more are there, but not none
     */
    List<DeadLetter> dead(long from, int maxCount) throws IOException;

    /**
     * Appends a dead letter anew, to the end of its lane, and forgets it as one.
     *
     * @return its new sequence; nothing if there is no such dead letter
     */
    OptionalLong replay(long id) throws IOException, InterruptedException;

    /** Forgets a dead letter for good. */
    void purge(long id) throws IOException, InterruptedException;

    /** What the other side tells this outbox by. */
    UUID id() throws IOException;

    /** How much of everything there is, now. */
    Figures figures() throws IOException;

    /** All lanes, in the order in which they were first appended to. */
    default List<LaneState> lanes() throws IOException {
        return figures().lanes().stream().map(LaneFigures::state).toList();
    }

    /** Lets go of it. */
    @Override
    void close() throws IOException;
}
