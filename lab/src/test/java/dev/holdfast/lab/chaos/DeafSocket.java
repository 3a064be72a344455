// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import dev.holdfast.agent.access.AccessSocket;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An agent's socket behind another, which passes everything on until it is told to keep an answer to itself; then it
 * lets go of the client, as a process does that is killed.
 */
final class DeafSocket implements AutoCloseable {

    private static final String SOCKET = "socket/outbox";

    private final AccessSocket agent;
    private final Path behind;
    private final Path socket;
    private final ServerSocketChannel listener;
    private final CountDownLatch swallowed = new CountDownLatch(1);
    private volatile boolean isDeaf;

    private DeafSocket(AccessSocket agent, Path behind, Path socket) throws IOException {
        this.agent = agent;
        this.behind = behind;
        this.socket = socket;
        this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
    }

    /** @param data where a client looks for the agent */
    static DeafSocket open(Path data, Outbox outbox, Time time) throws IOException {
        Path hidden = Files.createDirectories(data.resolve("hidden"));
        Files.createDirectories(data.resolve(SOCKET).getParent());
        DeafSocket opened =
                new DeafSocket(AccessSocket.open(hidden, outbox, time), hidden.resolve(SOCKET), data.resolve(SOCKET));
        var unused = Thread.ofVirtual().start(opened::accept);
        return opened;
    }

    /** Waits until one was kept. */
    void swallowAnAnswer(Duration most) throws InterruptedException {
        isDeaf = true;
        if (!swallowed.await(most.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new AssertionError("no answer came within " + most);
        }
    }

    private void accept() {
        try (listener;
                SocketChannel client = listener.accept();
                SocketChannel passed = SocketChannel.open(UnixDomainSocketAddress.of(behind))) {
            var unused = Thread.ofVirtual().start(() -> pass(client, passed, false));
            pass(passed, client, true);
        } catch (IOException closed) {
            // Nobody came before it was closed.
        }
    }

    private void pass(SocketChannel from, SocketChannel to, boolean areAnswers) {
        ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
        try {
            while (from.read(bytes) >= 0) {
                if (areAnswers && isDeaf) {
                    swallowed.countDown();
                    return;
                }
                bytes.flip();
                while (bytes.hasRemaining()) {
                    to.write(bytes);
                }
                bytes.clear();
            }
        } catch (IOException closed) {
            // By either of them.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        agent.close();
        Files.deleteIfExists(socket);
    }
}
