// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A WebSocket whose peer says nothing any more, not even to a ping. */
final class SilentSocket implements AutoCloseable {

    private final Socket socket;

    private SilentSocket(Socket socket) {
        this.socket = socket;
    }

    static SilentSocket upgrade(InetSocketAddress address) throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(30_000);
        String request = String.join(
                "\r\n",
                "GET /v1/opamp HTTP/1.1",
                "Host: h",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version: 13",
                "",
                "");
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return new SilentSocket(socket);
    }

    byte[] readUntilClosed() throws IOException {
        return socket.getInputStream().readAllBytes();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
