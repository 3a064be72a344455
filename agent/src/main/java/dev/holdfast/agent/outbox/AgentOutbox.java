// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.CustomMessage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The outbox in an agent's data directory, and what empties it. If it cannot be opened, that is told and tried again
 * every {@link #REOPEN}; until then nothing can be appended and the link lives on. All methods may be called from any
 * thread.
 */
public final class AgentOutbox {

    /** How often it is tried to open it where that failed: 30 s. */
    public static final Duration REOPEN = Duration.ofSeconds(30);

    /** How long {@link #stop} waits for answers of the server. */
    private static final Duration GOODBYE = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(AgentOutbox.class);

    private final Path directory;
    private final OutboxConfig config;
    private final Consumer<CustomMessage> uplink;
    private final Time time;
    private final RandomGenerator chance;
    private final Opener opener;
    private final Consumer<Outbox> onOpen;

    /** Done once it was tried to open it. */
    private final CompletableFuture<Boolean> tried = new CompletableFuture<>();

    private volatile @Nullable Open open;

    /** Why it is not open. */
    private volatile String reason = "it is closed";

    // From here on touched by tasks of the time alone.
    private boolean isLinked;
    private boolean isStopped;

    private record Open(Outbox outbox, Deliverer deliverer) {}

    /** Opens the outbox in a directory. */
    @FunctionalInterface
    interface Opener {

        /**
         * Opens it.
         *
         * @throws IOException if it cannot be opened
         */
        Outbox open(Path directory) throws IOException;
    }

    private AgentOutbox(
            Path directory,
            OutboxConfig config,
            Consumer<CustomMessage> uplink,
            Time time,
            RandomGenerator chance,
            Opener opener,
            Consumer<Outbox> onOpen) {
        this.directory = directory;
        this.config = config;
        this.uplink = uplink;
        this.time = time;
        this.chance = chance;
        this.opener = opener;
        this.onOpen = onOpen;
    }

    /**
     * Opens it, and begins to empty it once there is a link. If it ends by a defect it is opened anew.
     *
     * @param data the agent's data directory, which this process holds
     * @param uplink sends a message if there is a link, in order; what cannot be sent is gone
     * @param time shared with nothing that anybody waits for: the disk is read in its tasks
     * @param chance used by tasks of {@code time} alone
     * @param onOpen told, in a task of {@code time}, each time that it was opened
     */
    public static AgentOutbox start(
            Path data,
            OutboxConfig config,
            Consumer<CustomMessage> uplink,
            Time time,
            RandomGenerator chance,
            Consumer<Outbox> onOpen) {
        Opener opener = directory -> Outbox.open(SystemDisk.of(directory), config.keeping(), time, chance);
        return start(data, config, uplink, time, chance, opener, onOpen);
    }

    static AgentOutbox start(
            Path data,
            OutboxConfig config,
            Consumer<CustomMessage> uplink,
            Time time,
            RandomGenerator chance,
            Opener opener,
            Consumer<Outbox> onOpen) {
        AgentOutbox outbox =
                new AgentOutbox(data.resolve(OutboxAccess.DIRECTORY), config, uplink, time, chance, opener, onOpen);
        time.execute(outbox::open);
        return outbox;
    }

    private void open() {
        if (isStopped) {
            tried.complete(false);
            return;
        }
        Open opened = null;
        try {
            Outbox outbox = opener.open(directory);
            Deliverer deliverer = new Deliverer(outbox, config.delivery(), uplink, time, chance, this::ended);
            outbox.listen(deliverer);
            opened = new Open(outbox, deliverer);
            open = opened;
        } catch (IOException | RuntimeException e) {
            reason = String.valueOf(e.getMessage());
            log.error(
                    "the outbox in {} cannot be opened ({}); records are refused until it can, which is tried every {}."
                            + " See what is said of the directory and the disk; `holdfast outbox verify` tells more",
                    directory,
                    reason,
                    Durations.print(REOPEN),
                    // What a disk says of itself needs no trace.
                    e instanceof IOException ? null : e);
        } finally {
            if (opened == null) {
                time.schedule(REOPEN, this::open);
            }
            tried.complete(true);
        }
        if (opened != null) {
            if (isLinked) {
                opened.deliverer().linkUp();
            }
            onOpen.accept(opened.outbox());
        }
    }

    /** Writing ended by a defect, or for want of memory: what is on the disk is read anew. */
    private void ended() {
        Open gone = open;
        if (gone != null && !isStopped) {
            open = null;
            reason = "it ended by a defect and is opened anew within " + Durations.print(REOPEN);
            gone.deliverer().abandon();
            close(gone.outbox());
            time.schedule(REOPEN, this::open);
        }
    }

    /** The outbox itself, if it is open. It is closed with this one alone. */
    public Optional<Outbox> outbox() {
        return Optional.ofNullable(open).map(Open::outbox);
    }

    /**
     * Keeps records that hold together.
     *
     * @return their sequences, once they are kept as the configured durability says; or an {@link IOException} that
     *     says why they are not
     */
    public CompletableFuture<List<Long>> append(List<NewRecord> records) {
        return tried.isDone() ? keep(records) : tried.thenCompose(done -> keep(records));
    }

    private CompletableFuture<List<Long>> keep(List<NewRecord> records) {
        Open now = open;
        return now == null
                ? CompletableFuture.failedFuture(new IOException("outbox in " + directory + ": " + reason))
                : now.outbox().appendAsync(records);
    }

    /** A server that takes an outbox is attached. */
    public void linkUp() {
        time.execute(() -> {
            isLinked = true;
            Open now = open;
            if (now != null) {
                now.deliverer().linkUp();
            }
        });
    }

    /** It is gone. */
    public void linkDown() {
        time.execute(() -> {
            isLinked = false;
            Open now = open;
            if (now != null) {
                now.deliverer().linkDown();
            }
        });
    }

    /** A message of the server, of whatever capability. */
    public void received(CustomMessage message) {
        Open now = open;
        if (now != null) {
            now.deliverer().received(message);
        }
    }

    /**
     * Sends nothing more.
     *
     * @return complete once what is in flight is answered, or after a second
     */
    public CompletionStage<Void> stop() {
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        time.execute(() -> {
            isStopped = true;
            Open now = open;
            CompletionStage<Void> done = now == null
                    ? CompletableFuture.completedStage(null)
                    : now.deliverer().stop(GOODBYE);
            done.thenRun(() -> stopped.complete(null));
        });
        return stopped;
    }

    /** Puts everything on the disk and closes it. To be called once its time has ended. */
    public void close() {
        Open now = open;
        if (now != null) {
            close(now.outbox());
        }
    }

    private void close(Outbox outbox) {
        try {
            outbox.close();
        } catch (IOException e) {
            log.warn("the outbox in {} was not closed in order: {}", directory, e.getMessage());
        }
    }
}
