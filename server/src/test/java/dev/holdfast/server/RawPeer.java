// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A peer that sends whatever bytes it is told to, HTTP or WebSocket or neither. */
final class RawPeer implements AutoCloseable {

    static final int CONTINUATION = 0;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    /** The bit of a frame's first byte that says that its message ends with it. */
    static final int FINAL = 0x80;

    private static final int MASKED = 0x80;

    private static final int PATIENCE_MILLIS = 30_000;

    /** Who takes nothing for so long takes nothing more. */
    private static final int STUCK_MILLIS = 500;

    private final SocketChannel channel = SocketChannel.open();
    private final Socket socket = channel.socket();
    private final DataInputStream in;

    private RawPeer(InetSocketAddress address, int buffer) throws IOException {
        socket.setReceiveBufferSize(buffer);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(address, PATIENCE_MILLIS);
        in = new DataInputStream(socket.getInputStream());
    }

    static RawPeer connect(TestServer server) throws IOException {
        return new RawPeer(server.server().agentAddress(), 64 << 10);
    }

    /** One whose system takes little of what it does not read. */
    static RawPeer deaf(TestServer server) throws IOException {
        return new RawPeer(server.server().agentAddress(), 4 << 10);
    }

    /** One whose WebSocket is open, on which nothing was sent yet. */
    static RawPeer upgraded(TestServer server) throws IOException {
        RawPeer peer = connect(server);
        peer.upgrade();
        return peer;
    }

    void upgrade() throws IOException {
        askForUpgrade();
        String head = head();
        if (!head.startsWith("HTTP/1.1 101 ")) {
            throw new AssertionError("no upgrade: " + head);
        }
    }

    void askForUpgrade() throws IOException {
        lines(
                "GET /v1/opamp HTTP/1.1",
                "Host: h",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version: 13",
                "",
                "");
    }

    void lines(String... lines) throws IOException {
        text(String.join("\r\n", lines));
    }

    void text(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void send(byte[] bytes) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(bytes);
        out.flush();
    }

    /** Sends the same over and over, until so many bytes are sent or the server has cut the connection. */
    void flood(byte[] bytes, int total) {
        try {
            for (int sent = 0; sent < total; sent += bytes.length) {
                send(bytes);
            }
        } catch (IOException cut) {
            // That is the server's right.
        }
    }

    /** Sends the same until nothing more is taken, about so many bytes at most, and gives how many were taken. */
    long floodUntilStuck(byte[] bytes, long most) throws IOException {
        channel.configureBlocking(false);
        long sent = 0;
        try (Selector selector = Selector.open()) {
            channel.register(selector, SelectionKey.OP_WRITE);
            ByteBuffer rest = ByteBuffer.wrap(bytes);
            while (sent < most && selector.select(STUCK_MILLIS) > 0) {
                selector.selectedKeys().clear();
                sent += channel.write(rest);
                if (!rest.hasRemaining()) {
                    rest.rewind();
                }
            }
        }
        return sent;
    }

    /** A whole frame, masked. */
    static byte[] frame(int first, byte[] payload) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(first);
        if (payload.length < 126) {
            frame.write(MASKED | payload.length);
        } else if (payload.length < 1 << 16) {
            frame.write(MASKED | 126);
            frame.writeBytes(
                    ByteBuffer.allocate(2).putShort((short) payload.length).array());
        } else {
            frame.write(MASKED | 127);
            frame.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
        }
        // A mask of zeros changes nothing.
        frame.writeBytes(new byte[4]);
        frame.writeBytes(payload);
        return frame.toByteArray();
    }

    static byte[] frame(int first, ByteBuffer payload) {
        byte[] bytes = new byte[payload.remaining()];
        payload.duplicate().get(bytes);
        return frame(first, bytes);
    }

    /** Shuts the socket's sending half: the peer has no more to say, and still listens. */
    void end() throws IOException {
        socket.shutdownOutput();
    }

    /** The head of an answer, to its empty line. */
    String head() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 4 || head.lastIndexOf("\r\n\r\n") != head.length() - 4) {
            head.append((char) in.readUnsignedByte());
        }
        return head.toString();
    }

    /** The bodiless part of an answer, and its body passed over. */
    String answer() throws IOException {
        String head = head();
        in.skipNBytes(head.lines()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
                .mapToLong(line ->
                        Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
                .findFirst()
                .orElse(0));
        return head;
    }

    /** The status of the server's close, other frames passed over; 0 if it ended the connection without one. */
    int closeStatus() throws IOException {
        try {
            while (true) {
                int first = in.readUnsignedByte();
                int length = in.readUnsignedByte();
                if (length == 126) {
                    length = in.readUnsignedShort();
                }
                byte[] payload = in.readNBytes(length);
                if ((first & 0xf) == CLOSE) {
                    return ByteBuffer.wrap(payload).getShort();
                }
            }
        } catch (EOFException | SocketException ended) {
            return 0;
        }
    }

    /** All that comes until the server closes. */
    String rest() throws IOException {
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        try {
            in.transferTo(rest);
        } catch (SocketException reset) {
            // That is an end as well.
        }
        return rest.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
