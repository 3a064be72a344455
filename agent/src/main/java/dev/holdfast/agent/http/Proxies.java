// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Through which proxy a server is reached. Immutable; safe for use by any thread.
 *
 * <p>The environment is read as curl and Go read it: {@code HTTPS_PROXY} for {@code wss}, {@code HTTP_PROXY} for
 * {@code ws}, {@code ALL_PROXY} for both, the lower-case names first; {@code NO_PROXY} lists hosts that are reached
 * without, with those below them, as {@code host}, {@code .host}, {@code host:port} or {@code *}. This machine itself
 * is always reached without.
 */
public final class Proxies {

    private static final Proxies NONE = new Proxies(server -> Optional.empty());

    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.[0-9]+){3}|\\[::1]");

    private final Function<URI, Optional<Proxy>> choice;

    private Proxies(Function<URI, Optional<Proxy>> choice) {
        this.choice = choice;
    }

    /** Every server is reached without. */
    public static Proxies none() {
        return NONE;
    }

    /** Every server is reached through this one. */
    public static Proxies always(Proxy proxy) {
        return new Proxies(server -> Optional.of(proxy));
    }

    /**
     * As the environment says.
     *
     * @throws IllegalArgumentException if what it says is no proxy; the message names the variable
     */
    public static Proxies of(Map<String, String> environment) {
        Optional<Proxy> plain = first(environment, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY");
        Optional<Proxy> secure = first(environment, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY");
        List<String> without = Stream.of("no_proxy", "NO_PROXY")
                .map(name -> environment.getOrDefault(name, ""))
                .filter(value -> !value.isBlank())
                .findFirst()
                .stream()
                .flatMap(value -> Stream.of(value.split("[,\\s]+")))
                .map(entry -> entry.toLowerCase(Locale.ROOT))
                .filter(entry -> !entry.isEmpty())
                .toList();
        if (plain.isEmpty() && secure.isEmpty()) {
            return NONE;
        }
        return new Proxies(server -> isWithout(server, without)
                ? Optional.empty()
                : server.getScheme().equals("wss") ? secure : plain);
    }

    private static Optional<Proxy> first(Map<String, String> environment, String... names) {
        return Stream.of(names)
                .filter(name -> !environment.getOrDefault(name, "").isBlank())
                .findFirst()
                .map(name -> {
                    try {
                        return Proxy.of(environment.getOrDefault(name, "").strip());
                    } catch (IllegalArgumentException e) {
                        throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
                    }
                });
    }

    private static boolean isWithout(URI server, List<String> without) {
        String host = server.getHost().toLowerCase(Locale.ROOT);
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        return LOOPBACK.matcher(host).matches()
                || without.stream().anyMatch(entry -> covers(entry, bare, server.getPort()));
    }

    private static boolean covers(String entry, String host, int port) {
        if (entry.equals("*") || entry.equals(host) || entry.equals(host + ":" + port)) {
            return true;
        }
        String suffix = entry.startsWith("*.") ? entry.substring(1) : entry.startsWith(".") ? entry : "." + entry;
        return host.endsWith(suffix) || host.equals(suffix.substring(1));
    }

    /** The proxy for a server, if there is one. */
    Optional<Proxy> forServer(URI server) {
        return choice.apply(server);
    }
}
