// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.time.Time;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door to a running agent's outbox: a Unix socket in its data directory, for its owner alone. Each connection is
 * answered on a virtual thread. Safe for use by any thread.
 */
public final class AccessSocket implements AutoCloseable {

    /** How many may be connected at the same time: {@value}. */
    public static final int MOST_CONNECTIONS = 64;

    /**
     * How often connections are looked at: a client that is in the midst of a question, or of reading an answer, at two
     * looks in a row and has not come on is given up. 10 s.
     */
    static final Duration LOOK = Duration.ofSeconds(10);

    /** How long closing waits for answers that are under way. */
    private static final Duration CLOSING = Duration.ofSeconds(2);

    /** How long after one that failed the next connection is accepted: file descriptors may have run out. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** What questions and answers of all connections may take. */
    private static final int MEMORY = 16 << 20;

    private static final Logger log = LoggerFactory.getLogger(AccessSocket.class);

    private final ServerSocketChannel listener;
    private final Path socket;
    private final OutboxCalls outbox;
    private final Time time;
    private final Semaphore memory = new Semaphore(MEMORY, true);
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean isClosed;

    private AccessSocket(ServerSocketChannel listener, Path socket, Outbox outbox, Time time) {
        this.listener = listener;
        this.socket = socket;
        this.outbox = new OutboxCalls(outbox);
        this.time = time;
    }

    /**
     * Opens the door.
     *
     * @param data the agent's data directory, which this process holds; a socket that was left in it is replaced
     * @param outbox to be closed after this
     * @throws IOException if no socket can be made there, as on some network file systems; the message names the path
     */
    public static AccessSocket open(Path data, Outbox outbox, Time time) throws IOException {
        Path socket = SocketPlace.in(data);
        ServerSocketChannel listener;
        try {
            listener = SocketPlace.listen(data);
        } catch (IOException e) {
            throw new IOException("socket " + socket + " cannot be made: " + e.getMessage(), e);
        }
        AccessSocket opened = new AccessSocket(listener, socket, outbox, time);
        var unused = Thread.ofVirtual().name("outbox-socket").start(opened::accept);
        time.schedule(LOOK, opened::look);
        return opened;
    }

    private void accept() {
        while (!isClosed) {
            try {
                accept(listener.accept());
            } catch (ClosedChannelException closed) {
                return;
            } catch (IOException e) {
                log.warn("the outbox's socket takes no connections for {}: {}", PAUSE, e.getMessage());
                pause();
            }
        }
    }

    private void accept(SocketChannel channel) throws IOException {
        if (connections.size() >= MOST_CONNECTIONS || isClosed) {
            try (channel) {
                Connection.greet(
                        new DataOutputStream(Channels.newOutputStream(channel)),
                        Protocol.GONE,
                        isClosed
                                ? "it stops"
                                : "connections: " + connections.size() + " (expected: fewer than " + MOST_CONNECTIONS
                                        + "; end some of the outbox commands that run)");
            } catch (IOException gone) {
                log.debug("a connection that was one too many went away by itself", gone);
            }
            return;
        }
        Connection connection = new Connection(channel, outbox, memory);
        connections.add(connection);
        var unusedEnd = connection.end().thenRun(() -> connections.remove(connection));
        var unused = Thread.ofVirtual().name("outbox-socket").start(connection);
        if (isClosed) {
            connection.stop();
        }
    }

    private void pause() {
        try {
            time.pause(PAUSE);
        } catch (InterruptedException closed) {
            isClosed = true;
        }
    }

    private void look() {
        if (!isClosed) {
            connections.forEach(Connection::closeIfStuck);
            time.schedule(LOOK, this::look);
        }
    }

    /** Lets questions that are under way be answered, for 2 s at most, and removes the socket. */
    @Override
    public void close() {
        isClosed = true;
        try {
            listener.close();
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            log.debug("the outbox's socket is left behind: {}", e.toString());
        }
        connections.forEach(Connection::stop);
        try {
            CompletableFuture.allOf(connections.stream().map(Connection::end).toArray(CompletableFuture<?>[]::new))
                    .get(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException late) {
            log.debug("connections to the outbox's socket are cut off");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        connections.forEach(Connection::close);
    }
}
