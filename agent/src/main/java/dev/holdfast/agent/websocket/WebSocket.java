// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import dev.holdfast.agent.link.Failure;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.Transport;
import dev.holdfast.agent.websocket.Incoming.Event;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.Time;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * One connection. Its own thread dials and then reads; each send runs on another, so that a server which takes nothing
 * holds up nobody. Any thread may abort it, which ends both.
 */
final class WebSocket implements Transport.Connection {

    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    private final LinkConfig config;
    private final Time time;
    private final Executor threads;
    private final Transport.Events events;
    private final RandomGenerator chance;

    /** Who took the connection; for the connection's own thread. */
    private @Nullable InetAddress address;

    private @Nullable Socket held;
    private boolean aborted;

    /** Whether it was not open in time. */
    private volatile boolean late;

    private volatile @Nullable FrameWriter writer;

    WebSocket(LinkConfig config, Time time, Executor threads, Transport.Events events, RandomGenerator chance) {
        this.config = config;
        this.time = time;
        this.threads = threads;
        this.events = events;
        this.chance = chance;
    }

    /** Dials, reads until the connection ends, and tells how it did. */
    void run(URI server, Upgrade upgrade, Addresses addresses, @Nullable SSLSocketFactory tls) {
        Failure end;
        long openedAt = time.nanoTime();
        Time.Scheduled deadline = time.schedule(config.handshakeTimeout(), this::giveUp);
        try {
            InputStream in = open(server, upgrade, addresses, tls);
            deadline.cancel();
            openedAt = time.nanoTime();
            events.opened();
            end = read(new Incoming(in, config.messageLimit()));
        } catch (DialException e) {
            end = e.failure();
        } catch (IOException | RuntimeException | Error e) {
            end = late
                    ? Failure.of(Cause.TIMEOUT, "not connected within " + Durations.print(config.handshakeTimeout()))
                    : Failure.of(e);
        } finally {
            deadline.cancel();
        }
        if (address != null) {
            // Else a server that upgrades and closes would keep its agents from the other addresses of its name.
            boolean stable = writer != null
                    && time.nanoTime() - openedAt >= config.stableAfter().toNanos();
            if (stable) {
                addresses.good(server.getHost(), address);
            } else {
                addresses.failed(server.getHost(), address);
            }
        }
        // First, so that a link which dials anew at once never has two connections.
        abort();
        events.failed(end);
    }

    private void giveUp() {
        late = writer == null;
        if (late) {
            abort();
        }
    }

    private InputStream open(URI server, Upgrade upgrade, Addresses addresses, @Nullable SSLSocketFactory tls)
            throws IOException {
        boolean secure = server.getScheme().equals("wss");
        int port = server.getPort() >= 0 ? server.getPort() : secure ? HTTPS_PORT : HTTP_PORT;
        Socket plain = addresses.connect(server.getHost(), port, config.handshakeTimeout(), this::hold);
        address = plain.getInetAddress();
        plain.setTcpNoDelay(true);
        Socket socket = secure ? secured(plain, server.getHost(), port, tls) : plain;
        InputStream in = new BufferedInputStream(socket.getInputStream());
        upgrade.negotiate(in, socket.getOutputStream(), time.instant());
        writer = new FrameWriter(socket.getOutputStream(), chance);
        return in;
    }

    /** The name that was dialled is both asked for and what the certificate is checked for, whatever the address. */
    private static Socket secured(Socket plain, String host, int port, @Nullable SSLSocketFactory tls)
            throws IOException {
        SSLSocket socket =
                (SSLSocket) (tls == null ? defaultTls() : tls).createSocket(plain, unbracketed(host), port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private static SSLSocketFactory defaultTls() throws IOException {
        try {
            return SSLContext.getDefault().getSocketFactory();
        } catch (NoSuchAlgorithmException e) {
            throw new IOException("this Java has no TLS", e);
        }
    }

    private static String unbracketed(String host) {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private Failure read(Incoming incoming) throws IOException {
        while (true) {
            switch (incoming.next()) {
                case Event.Message message -> {
                    events.received(message.bytes());
                    awaitLoop();
                }
                case Event.Ping ping -> write(OpCode.PONG, ping.payload());
                case Event.Pong pong -> {
                    events.pong();
                    awaitLoop();
                }
                case Event.Close close -> {
                    if (close.code() != OpCode.ABNORMAL) {
                        echo();
                    }
                    return Failure.ofClose(close.code(), close.reason());
                }
            }
        }
    }

    /**
     * Waits until the loop has done what it was just handed, tasks being run in the order given. A server that sends
     * without end so fills its own buffers and not this process's memory.
     */
    private void awaitLoop() throws IOException {
        CountDownLatch done = new CountDownLatch(1);
        time.execute(done::countDown);
        try {
            done.await();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
            throw new SocketException("the transport was closed");
        }
    }

    /** The answer to a close; that it fails tells nothing new. */
    private void echo() {
        try {
            write(OpCode.CLOSE, closing());
        } catch (IOException goneAlready) {
            // The server need not wait for it.
        }
    }

    @Override
    public CompletionStage<?> transmit(ByteBuffer frame) {
        return send(OpCode.BINARY, frame);
    }

    @Override
    public CompletionStage<?> ping() {
        return send(OpCode.PING, ByteBuffer.allocate(0));
    }

    @Override
    public CompletionStage<?> close() {
        return send(OpCode.CLOSE, closing());
    }

    private static ByteBuffer closing() {
        return ByteBuffer.allocate(Short.BYTES).putShort(OpCode.NORMAL).flip();
    }

    private CompletionStage<?> send(int opcode, ByteBuffer payload) {
        CompletableFuture<Void> sent = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                write(opcode, payload);
                sent.complete(null);
            } catch (IOException | RuntimeException | Error e) {
                sent.completeExceptionally(e);
            }
        });
        return sent;
    }

    private void write(int opcode, ByteBuffer payload) throws IOException {
        FrameWriter to = writer;
        if (to == null) {
            throw new SocketException("not connected");
        }
        to.write(opcode, payload);
    }

    private synchronized void hold(Socket socket) throws IOException {
        held = socket;
        if (aborted) {
            socket.close();
            throw new SocketException("the dial was given up");
        }
    }

    /** The plain socket under a secure one: closing that one might wait for a send that never ends. */
    @Override
    public synchronized void abort() {
        aborted = true;
        if (held != null) {
            try {
                held.close();
            } catch (IOException e) {
                // There is nothing left to do about it, and its descriptor is free in any case.
            }
        }
    }
}
