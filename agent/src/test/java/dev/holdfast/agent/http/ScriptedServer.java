// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that does to each connection what a test wants done, however wrong: RFC 6455 by hand, on a real socket. */
final class ScriptedServer implements AutoCloseable {

    private static final int FIN = 0x80;

    /** What a test sends at most, however much is taken. */
    static final long FLOOD = 1L << 30;

    private final ServerSocket listener;
    private final Script script;
    final AtomicInteger connections = new AtomicInteger();

    /** What is done to a connection; when it returns the connection is closed. */
    @FunctionalInterface
    interface Script {
        void play(Peer peer) throws IOException;
    }

    ScriptedServer(Script script) throws IOException {
        this("127.0.0.1", script);
    }

    ScriptedServer(String address, Script script) throws IOException {
        this(address, 0, script);
    }

    ScriptedServer(String address, int port, Script script) throws IOException {
        this.listener = new ServerSocket(port, 50, address(address));
        this.script = script;
        var unused = Thread.ofVirtual().start(this::accept);
    }

    static InetAddress address(String literal) throws UnknownHostException {
        return InetAddress.getAllByName(literal)[0];
    }

    URI uri() {
        return uri("127.0.0.1");
    }

    URI uri(String host) {
        return URI.create("ws://" + host + ":" + listener.getLocalPort());
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                connections.incrementAndGet();
                var unused = Thread.ofVirtual().start(() -> play(socket));
            } catch (IOException e) {
                requireClosed(e);
            }
        }
    }

    private void requireClosed(IOException e) {
        if (!listener.isClosed()) {
            throw new AssertionError("the listener failed", e);
        }
    }

    private void play(Socket socket) {
        try (socket) {
            script.play(new Peer(socket));
        } catch (IOException theAgentWentAway) {
            // It may at any time: what matters is what the agent does.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    /** One connection. */
    static final class Peer {

        private static final String KEY = "Sec-WebSocket-Key:";

        private final Socket socket;
        private final DataInputStream in;
        private final OutputStream out;
        private String lastRequest = "";

        Peer(Socket socket) throws IOException {
            this.socket = socket;
            this.in = new DataInputStream(socket.getInputStream());
            this.out = socket.getOutputStream();
        }

        /** Reads a request's headers and gives its key. */
        String request() throws IOException {
            StringBuilder request = new StringBuilder();
            while (request.indexOf("\r\n\r\n") < 0) {
                request.append((char) in.readUnsignedByte());
            }
            lastRequest = request.toString();
            return lastRequest
                    .lines()
                    .filter(line -> line.regionMatches(true, 0, KEY, 0, KEY.length()))
                    .findFirst()
                    .map(line -> line.substring(KEY.length()).strip())
                    .orElse("");
        }

        /** Reads the body of the request just read, as long as its headers say. */
        byte[] body() throws IOException {
            String length = lastRequest
                    .lines()
                    .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("0");
            return in.readNBytes(Integer.parseInt(length));
        }

        void write(byte[] bytes) throws IOException {
            out.write(bytes);
            out.flush();
        }

        /** Passes everything on, both ways, until either end is closed. */
        void connectTo(int port) throws IOException {
            try (Socket there = new Socket(InetAddress.getLoopbackAddress(), port)) {
                Thread back = Thread.ofVirtual().start(() -> copy(there));
                in.transferTo(there.getOutputStream());
                there.shutdownOutput();
                back.join();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        private void copy(Socket there) {
            try {
                there.getInputStream().transferTo(out);
            } catch (IOException theEnd) {
                // The other direction ends as well.
            }
        }

        String lastRequest() {
            return lastRequest;
        }

        void write(String text) throws IOException {
            out.write(text.getBytes(US_ASCII));
            out.flush();
        }

        Peer upgrade() throws IOException {
            return upgrade("");
        }

        /** With further headers, each ended. */
        Peer upgrade(String headers) throws IOException {
            write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: " + accept(request()) + "\r\n" + headers + "\r\n");
            return this;
        }

        void frame(int opcode, byte[] payload) throws IOException {
            header(FIN | opcode, payload.length);
            out.write(payload);
            out.flush();
        }

        /** Announces a frame of this first byte and as many bytes, whether they follow or not. */
        void header(int firstByte, long length) throws IOException {
            ByteBuffer header = ByteBuffer.allocate(10).put((byte) firstByte);
            if (length >= 0 && length < 126) {
                header.put((byte) length);
            } else {
                header.put((byte) 127).putLong(length);
            }
            out.write(header.array(), 0, header.position());
        }

        /** Sends the same over and over until the agent goes away, and gives how many bytes that took. */
        long flood(byte[] piece) {
            long sent = 0;
            try {
                while (sent < FLOOD) {
                    out.write(piece);
                    sent += piece.length;
                }
            } catch (IOException theAgentWentAway) {
                return sent;
            }
            return sent;
        }

        /** Ends what this side sends, and goes on reading. */
        void shutdownOutput() throws IOException {
            socket.shutdownOutput();
        }

        /** Has the connection reset, not closed, when the script ends. */
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
        }

        void send(ServerMessage message) throws IOException {
            frame(OpCode.BINARY, Wire.frame(message).array());
        }

        /** Reads the agent's next message; a close of it ends the script. */
        AgentMessage message() throws IOException {
            while (true) {
                int opcode = in.readUnsignedByte() & 0x0f;
                byte[] payload = payload(in.readUnsignedByte() & 0x7f);
                if (opcode == OpCode.CLOSE) {
                    throw new EOFException("closed by the agent");
                }
                if (opcode == OpCode.BINARY) {
                    try {
                        return Wire.readAgentFrame(ByteBuffer.wrap(payload));
                    } catch (WireException e) {
                        throw new AssertionError("the agent sent something that is no message", e);
                    }
                }
            }
        }

        /** Answers everything until the agent goes away. */
        void answerEverything() throws IOException {
            while (true) {
                send(ServerMessage.answer(message().uid()));
            }
        }

        /** Reads and says nothing until the agent goes away. */
        void silence() throws IOException {
            in.transferTo(OutputStream.nullOutputStream());
        }

        private byte[] payload(int shortLength) throws IOException {
            long length = switch (shortLength) {
                case 126 -> in.readUnsignedShort();
                case 127 -> in.readLong();
                default -> shortLength;
            };
            byte[] mask = in.readNBytes(4);
            byte[] payload = in.readNBytes(Math.toIntExact(length));
            for (int i = 0; i < payload.length; i++) {
                payload[i] ^= mask[i % 4];
            }
            return payload;
        }

        private static String accept(String key) {
            try {
                MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
                byte[] digest = sha1.digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(US_ASCII));
                return Base64.getEncoder().encodeToString(digest);
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError(e);
            }
        }
    }
}
