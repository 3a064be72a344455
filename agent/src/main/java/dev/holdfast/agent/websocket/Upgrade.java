// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.holdfast.agent.link.Failure;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ProtocolException;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The opening handshake: one request, and the head of one answer. The body of a refusal is never read. */
final class Upgrade {

    /** The largest head of an answer that is read, interim answers before it included. */
    private static final int HEAD_LIMIT = 64 << 10;

    private static final String ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[01] ([1-9][0-9]{2})(?: .*)?");
    private static final Pattern HEADER_VALUE = Pattern.compile("[\\x20-\\x7e]*");
    private static final int SWITCHING_PROTOCOLS = 101;
    private static final int OK = 200;
    private static final int KEY_BYTES = 16;
    private static final int SHOWN = 40;

    private final URI server;
    private final Map<String, String> headers;
    private final String key;

    /** @throws IllegalArgumentException if a header's value is none */
    Upgrade(URI server, Map<String, String> headers, RandomGenerator chance) {
        headers.forEach((name, value) -> {
            if (!HEADER_VALUE.matcher(value).matches()) {
                throw new IllegalArgumentException(name + ": a value of other than printable ASCII characters");
            }
        });
        this.server = server;
        this.headers = headers;
        byte[] random = new byte[KEY_BYTES];
        chance.nextBytes(random);
        this.key = Base64.getEncoder().encodeToString(random);
    }

    /**
     * Asks for the upgrade, and returns once it is granted.
     *
     * @param now the date here, which a {@code Retry-After} date is measured from if the answer bears no date
     * @throws DialException if the server refuses
     * @throws IOException if there is no answer, or it makes no sense
     */
    void negotiate(InputStream in, OutputStream out, Instant now) throws IOException {
        out.write(request().getBytes(ISO_8859_1));
        out.flush();
        Head head = new Head(in);
        int status = head.read();
        while (status < OK && status != SWITCHING_PROTOCOLS) {
            status = head.read();
        }
        if (status != SWITCHING_PROTOCOLS) {
            throw new DialException(Failure.ofAnswer(status, head.headers, now));
        }
        requireUpgraded(head.headers);
    }

    private String request() {
        String query = server.getRawQuery() == null ? "" : "?" + server.getRawQuery();
        StringBuilder request = new StringBuilder("GET " + server.getRawPath() + query + " HTTP/1.1\r\n")
                .append("Host: ")
                .append(server.getRawAuthority())
                .append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
                .append("Sec-WebSocket-Key: ")
                .append(key)
                .append("\r\nUser-Agent: holdfast-agent\r\n");
        headers.forEach(
                (name, value) -> request.append(name).append(": ").append(value).append("\r\n"));
        return request.append("\r\n").toString();
    }

    private void requireUpgraded(Map<String, String> answer) throws ProtocolException {
        boolean upgraded = "websocket".equalsIgnoreCase(answer.get("Upgrade"))
                && Arrays.stream(answer.getOrDefault("Connection", "").split(",", -1))
                        .anyMatch(token -> token.strip().equalsIgnoreCase("upgrade"));
        if (!upgraded || !accept(key).equals(answer.get("Sec-WebSocket-Accept"))) {
            throw new ProtocolException("the server answered 101 to the upgrade, and not to ours");
        }
        for (String unasked : List.of("Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol")) {
            if (answer.containsKey(unasked)) {
                throw new ProtocolException("the server answered with a " + unasked + " that was not asked for");
            }
        }
    }

    private static String accept(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest((key + ACCEPT_SUFFIX).getBytes(ISO_8859_1));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1", e);
        }
    }

    /** Reads heads of answers, in all no more than the limit. */
    private static final class Head {

        private final InputStream in;
        private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        private int read;

        Head(InputStream in) {
            this.in = in;
        }

        /** Reads one and gives its status; its headers take the place of those before, the first of a name counts. */
        int read() throws IOException {
            String first = line();
            Matcher status = STATUS_LINE.matcher(first);
            if (!status.matches()) {
                String shown = first.substring(0, Math.min(SHOWN, first.length()));
                throw new ProtocolException("the answer to the upgrade is not HTTP/1: " + shown);
            }
            headers.clear();
            for (String line = line(); !line.isEmpty(); line = line()) {
                int colon = line.indexOf(':');
                if (colon > 0) {
                    headers.putIfAbsent(
                            line.substring(0, colon).strip(),
                            line.substring(colon + 1).strip());
                }
            }
            return Integer.parseInt(status.group(1));
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int next = in.read(); next != '\n'; next = in.read()) {
                if (next < 0) {
                    throw new EOFException(
                            read == 0
                                    ? "closed without an answer to the upgrade"
                                    : "closed within the answer to the upgrade");
                }
                if (++read > HEAD_LIMIT) {
                    throw new ProtocolException(
                            "the head of the answer to the upgrade is over the limit of " + HEAD_LIMIT + " bytes");
                }
                line.append((char) next);
            }
            boolean withReturn = !line.isEmpty() && line.charAt(line.length() - 1) == '\r';
            return line.substring(0, line.length() - (withReturn ? 1 : 0));
        }
    }
}
