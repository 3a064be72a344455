// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.holdfast.core.time.SystemTime;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What stands before a server, and fails in all the ways that proxies and load balancers do. */
final class FrontProxy implements AutoCloseable {

    /** How it is. */
    enum Mode {
        /** Passes everything. */
        PASS,
        /** Does not listen. */
        REFUSE,
        /** Answers every request with a 502 and a page. */
        BAD_GATEWAY,
        /** Answers upgrades with a 400, and passes the rest. */
        NO_UPGRADES,
        /** Ends the connection on an upgrade, and passes the rest. */
        CUT_UPGRADES,
        /** Passes what comes on connections made from now on, each way {@link #LATENCY} late. */
        SLOW,
        /** Passes upgrades and what agents say; what the server says on them waits until it is something else. */
        HOLD_ANSWERS,
        /** Takes connections and everything that comes on any, and passes nothing. */
        BLACKHOLE
    }

    /** How late everything is while it is slow. */
    static final Duration LATENCY = Duration.ofMillis(150);

    private static final Pattern LENGTH = Pattern.compile("(?im)^content-length: *([0-9]+)");
    private static final Pattern UPGRADE = Pattern.compile("(?im)^upgrade: *websocket");
    private static final String PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>";

    private final InetSocketAddress server;
    private final int port;
    private final SystemTime time = SystemTime.start("front-proxy");
    private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger upgrades = new AtomicInteger();
    private volatile Mode mode = Mode.PASS;

    /** Done unless answers are held. */
    private volatile CompletableFuture<Void> passing = CompletableFuture.completedFuture(null);

    private @Nullable ServerSocket listener;

    /**
     * One that passes everything.
     *
     * @param server host and port of what is behind it
     */
    FrontProxy(String server) {
        int colon = server.lastIndexOf(':');
        this.server = new InetSocketAddress(server.substring(0, colon), Integer.parseInt(server.substring(colon + 1)));
        this.listener = listen(0);
        this.port = listener.getLocalPort();
        accept(listener);
    }

    /** Where an agent finds it. */
    URI uri() {
        return URI.create("ws://127.0.0.1:" + port);
    }

    /** How many upgrades were asked for. */
    int upgrades() {
        return upgrades.get();
    }

    /** Is as told from here on; connections that are there stay. */
    synchronized void be(Mode mode) {
        this.mode = mode;
        CompletableFuture<Void> held = passing;
        if (mode == Mode.HOLD_ANSWERS) {
            passing = new CompletableFuture<>();
        }
        held.complete(null);
        ServerSocket was = listener;
        if (mode == Mode.REFUSE && was != null) {
            close(was);
            listener = null;
        } else if (mode != Mode.REFUSE && was == null) {
            listener = listen(port);
            accept(listener);
        }
    }

    /** Ends all connections. */
    void cut() {
        open.forEach(FrontProxy::close);
    }

    @Override
    public void close() {
        be(Mode.REFUSE);
        cut();
        time.close();
    }

    private static ServerSocket listen(int port) {
        try {
            ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept(ServerSocket from) {
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    Socket client = from.accept();
                    open.add(client);
                    Thread.ofVirtual().start(() -> serve(client));
                }
            } catch (IOException closed) {
                // The test has closed the listener.
            }
        });
    }

    private void serve(Socket client) {
        Socket behind = new Socket();
        open.add(behind);
        try (client;
                behind) {
            Duration late = mode == Mode.SLOW ? LATENCY : Duration.ZERO;
            Pipe in = new Pipe(late, client.getInputStream(), behind);
            boolean connected = false;
            while (true) {
                byte[] request = request(in.from);
                Mode is = mode;
                boolean upgrade = UPGRADE.matcher(text(request)).find();
                upgrades.addAndGet(upgrade ? 1 : 0);
                if (is == Mode.BLACKHOLE) {
                    in.from.transferTo(OutputStream.nullOutputStream());
                    return;
                }
                if (is == Mode.BAD_GATEWAY) {
                    answer(client, "502 Bad Gateway", "text/html", PAGE);
                    return;
                }
                if (upgrade && is == Mode.NO_UPGRADES) {
                    answer(client, "400 Bad Request", "text/plain", "no upgrades here");
                    return;
                }
                if (upgrade && is == Mode.CUT_UPGRADES) {
                    return;
                }
                if (!connected) {
                    behind.connect(server);
                    Pipe out = new Pipe(late, behind.getInputStream(), client);
                    Thread.ofVirtual().start(is == Mode.HOLD_ANSWERS ? out::runOnceAnswersPass : out::run);
                    connected = true;
                }
                in.pass(request, request.length);
                if (upgrade) {
                    in.run();
                    return;
                }
            }
        } catch (IOException gone) {
            // One of the two has ended the connection, and so ends the other.
        } finally {
            open.remove(client);
            open.remove(behind);
        }
    }

    /** The next request, head and body. */
    private static byte[] request(InputStream in) throws IOException {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        while (!text(request.toByteArray()).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("no more requests");
            }
            request.write(next);
        }
        Matcher length = LENGTH.matcher(text(request.toByteArray()));
        request.write(in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0));
        return request.toByteArray();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, ISO_8859_1);
    }

    private static void answer(Socket client, String status, String type, String body) throws IOException {
        String answer = "HTTP/1.1 " + status + "\r\nContent-Type: " + type + "\r\nContent-Length: " + body.length()
                + "\r\nConnection: close\r\n\r\n" + body;
        client.getOutputStream().write(answer.getBytes(ISO_8859_1));
    }

    private static void close(Closeable one) {
        try {
            one.close();
        } catch (IOException gone) {
            // It is closed, which is all that was wanted.
        }
    }

    /** One way of a connection. What once lost something passes nothing any more, as after a real partition. */
    private final class Pipe {

        private final Duration late;
        private final InputStream from;
        private final Socket to;
        private boolean lossy;

        Pipe(Duration late, InputStream from, Socket to) {
            this.late = late;
            this.from = from;
            this.to = to;
        }

        /** As {@link #run}, but only the answer to the request at once. */
        void runOnceAnswersPass() {
            try {
                byte[] answer = request(from);
                pass(answer, answer.length);
            } catch (IOException gone) {
                close(to);
                return;
            }
            passing.join();
            run();
        }

        void run() {
            byte[] bytes = new byte[8192];
            try {
                for (int count = from.read(bytes); count >= 0; count = from.read(bytes)) {
                    pass(bytes, count);
                }
            } catch (IOException gone) {
                // The end of one side is the end of both, as below.
            }
            later(() -> close(to));
        }

        void pass(byte[] bytes, int count) throws IOException {
            lossy |= mode == Mode.BLACKHOLE;
            if (lossy) {
                return;
            }
            byte[] copy = Arrays.copyOf(bytes, count);
            if (late.isZero()) {
                to.getOutputStream().write(copy);
                return;
            }
            later(() -> {
                try {
                    to.getOutputStream().write(copy);
                } catch (IOException gone) {
                    close(to);
                }
            });
        }

        private void later(Runnable step) {
            if (late.isZero()) {
                step.run();
            } else {
                time.schedule(late, step);
            }
        }
    }
}
