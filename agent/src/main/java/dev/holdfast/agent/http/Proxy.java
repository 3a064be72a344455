// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import io.netty.handler.proxy.HttpProxyHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP proxy that is asked to connect (RFC 9110, section 9.3.6).
 *
 * @param host its name or address
 * @param port its port
 * @param user who the agent is to it, or null if it does not ask
 * @param password what proves that, or null; never part of a text
 */
public record Proxy(
        String host,
        int port,
        @Nullable String user,
        @Nullable String password) {

    private static final int DEFAULT_PORT = 80;

    /**
     * What a person wrote.
     *
     * @param url such as {@code http://proxy.example:3128}, or the same without a scheme; it may bear a user and a
     *     password
     * @throws IllegalArgumentException if it is none; the message does not repeat a password
     */
    public static Proxy of(String url) {
        URI uri;
        try {
            uri = URI.create(url.contains("://") ? url : "http://" + url);
        } catch (IllegalArgumentException unreadable) {
            throw expected("what cannot be read");
        }
        if (!"http".equals(uri.getScheme())) {
            throw expected("a proxy of scheme " + uri.getScheme());
        }
        if (uri.getHost() == null) {
            throw expected("one without a host");
        }
        String[] parts = uri.getRawUserInfo() == null
                ? new String[0]
                : uri.getRawUserInfo().split(":", 2);
        return new Proxy(
                uri.getHost(),
                uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort(),
                parts.length > 0 ? decoded(parts[0]) : null,
                parts.length > 1 ? decoded(parts[1]) : null);
    }

    private static IllegalArgumentException expected(String found) {
        return new IllegalArgumentException(
                "proxy: " + found + " (expected: a URL of scheme http, such as http://proxy.example:3128)");
    }

    private static String decoded(String part) {
        return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** The same with credentials. */
    public Proxy with(String user, String password) {
        return new Proxy(host, port, user, password);
    }

    /** What speaks to it at one of its addresses. */
    HttpProxyHandler handler(InetAddress address) {
        InetSocketAddress at = new InetSocketAddress(address, port);
        return user == null
                ? new HttpProxyHandler(at)
                : new HttpProxyHandler(at, user, password == null ? "" : password);
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
