// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.agent.http.Proxies;
import dev.holdfast.agent.http.Proxy;
import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.agent.route.Way;
import dev.holdfast.cli.key.Settings.Setting;
import dev.holdfast.cli.value.ProxyChoice;
import dev.holdfast.cli.value.Types;
import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.Trip;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.time.Durations;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an agent can be told of how its link breaks off, probes, polls and finds its way through proxies. */
final class LinkKeys {

    static final Key<Integer> BREAKER_FAILURES = new Key<>(
            "breaker.failures",
            Types.integer(0, 1000),
            "10",
            "How many failed attempts within breaker.period open the link's breaker; 0 for no breaker.");

    static final Key<Duration> BREAKER_PERIOD =
            duration("breaker.period", "5m", "Within how long those must come to open it.");

    static final Key<Duration> BREAKER_OPEN =
            duration("breaker.open", "60s", "How long it stays open, before jitter; a good probe closes it at once.");

    static final Key<Boolean> PROBE_ENABLED = new Key<>(
            "probe.enabled",
            Types.FLAG,
            "true",
            "Whether a server is asked for its /health before it is dialled once the fast attempts have failed.");

    static final Key<Duration> PROBE_TIMEOUT = duration("probe.timeout", "5s", "How long the answer to that may take.");

    static final Key<Boolean> SHUFFLE = new Key<>(
            "reconnect.shuffle",
            Types.FLAG,
            "true",
            "Whether each agent draws an order of its own for several servers, so that they share the load.");

    private static final String BOTH_WAYS = "auto";

    /** The one way that is taken; empty for both. */
    static final Key<Optional<Way>> TRANSPORT = new Key<>(
            "transport",
            Types.choiceOr(BOTH_WAYS, Way.class),
            BOTH_WAYS,
            "How messages travel; auto polls for as long as WebSocket does not get through.");

    static final Key<Duration> POLLING_INTERVAL =
            duration("polling.interval", "30s", "How often an agent polls that has nothing to do.");

    static final Key<Duration> POLLING_FAST_INTERVAL =
            duration("polling.fast_interval", "5s", "How often one polls while something is to be done.");

    static final Key<Duration> POLLING_INITIAL_DELAY = duration(
            "polling.initial_delay", "5s", "How long transport: polling waits after a failed poll, before jitter.");

    static final Key<Double> POLLING_MULTIPLIER = new Key<>(
            "polling.multiplier",
            Types.number(1, 1000, "a number from 1 to 1000, such as 2"),
            "2",
            "What that grows by from one failure to the next.");

    static final Key<Duration> POLLING_MAX_DELAY =
            duration("polling.max_delay", "5m", "The longest such wait, before jitter.");

    static final Key<Integer> POLLING_TRIES = new Key<>(
            "polling.tries",
            Types.integer(1, 1000),
            "5",
            "After how many failed polls the wait is polling.initial_delay again, with transport: polling.");

    static final Key<Integer> POLLING_BREAKER_FAILURES = new Key<>(
            "polling.breaker_failures",
            Types.integer(0, 1000),
            "3",
            "How many failed polls in a row open the breaker of transport: polling; 0 for no breaker.");

    static final Key<Duration> POLLING_BREAKER_OPEN = duration(
            "polling.breaker_open", "5m", "How long it stays open, before jitter; a good probe closes it at once.");

    static final Key<Duration> POLLING_WEBSOCKET_RETRY = duration(
            "polling.websocket_retry",
            "5m",
            "How often an agent that polls tries whether WebSocket gets through again.");

    static final Key<ProxyChoice> PROXY = new Key<>(
            "proxy",
            Types.PROXY,
            "environment",
            "The HTTP proxy to connect through; environment takes it from https_proxy, http_proxy, all_proxy and"
                    + " no_proxy.");

    static final Key<String> PROXY_USERNAME =
            new Key<>("proxy.username", Types.TEXT, null, "Who to be at the proxy; nobody if unset.");

    static final Key<String> PROXY_PASSWORD =
            new Key<>("proxy.password", Types.SECRET, null, "The password of that user.");

    static final Key<String> PROXY_PASSWORD_FILE =
            new Key<>("proxy.password_file", Types.SECRET_FILE, null, "A file whose first line is that password.");

    static final List<Key<?>> ALL = List.of(
            BREAKER_FAILURES,
            BREAKER_PERIOD,
            BREAKER_OPEN,
            PROBE_ENABLED,
            PROBE_TIMEOUT,
            SHUFFLE,
            TRANSPORT,
            POLLING_INTERVAL,
            POLLING_FAST_INTERVAL,
            POLLING_INITIAL_DELAY,
            POLLING_MULTIPLIER,
            POLLING_MAX_DELAY,
            POLLING_TRIES,
            POLLING_BREAKER_FAILURES,
            POLLING_BREAKER_OPEN,
            POLLING_WEBSOCKET_RETRY,
            PROXY,
            PROXY_USERNAME,
            PROXY_PASSWORD,
            PROXY_PASSWORD_FILE);

    private LinkKeys() {}

    /** Who to be at a proxy. Its text does not tell the password. */
    record Credentials(String username, String password) {
        @Override
        public String toString() {
            return "Credentials[username=" + username + "]";
        }
    }

    /** What must hold between values. */
    static void check(Settings settings, Faults faults) {
        settings.requireAtLeast(POLLING_INTERVAL, POLLING_FAST_INTERVAL, faults);
        Setting<Duration> interval = settings.find(POLLING_INTERVAL);
        if (interval != null && interval.value().compareTo(RouteConfig.Polling.LONGEST_INTERVAL) > 0) {
            faults.add(
                    POLLING_INTERVAL.name(),
                    Durations.print(interval.value()),
                    "<= " + Durations.print(RouteConfig.Polling.LONGEST_INTERVAL)
                            + ", or servers take the agent for lost",
                    interval.given().place());
        }
        settings.requireAtLeast(POLLING_MAX_DELAY, POLLING_INITIAL_DELAY, faults);
        Setting<String> username = settings.find(PROXY_USERNAME);
        Setting<String> password = settings.find(PROXY_PASSWORD);
        Setting<String> fromFile = settings.find(PROXY_PASSWORD_FILE);
        if (password != null && fromFile != null) {
            faults.add(
                    PROXY_PASSWORD.name(),
                    "given together with " + PROXY_PASSWORD_FILE.name(),
                    "one of the two; the other is " + fromFile.given().place().text(),
                    password.given().place());
        }
        Setting<String> secret = password == null ? fromFile : password;
        if (secret != null && username == null) {
            String name = password == null ? PROXY_PASSWORD_FILE.name() : PROXY_PASSWORD.name();
            faults.add(
                    name,
                    "given without " + PROXY_USERNAME.name(),
                    "both, or neither",
                    secret.given().place());
        }
    }

    /** When the link's breaker opens; empty if it never does. */
    static Optional<BreakerPolicy> breaker(Settings settings) {
        int failures = settings.value(BREAKER_FAILURES);
        return failures == 0
                ? Optional.empty()
                : Optional.of(policy(Trip.within(failures, settings.value(BREAKER_PERIOD)), settings, BREAKER_OPEN));
    }

    static RouteConfig.Polling polling(Settings settings) {
        int failures = settings.value(POLLING_BREAKER_FAILURES);
        return new RouteConfig.Polling(
                settings.value(POLLING_FAST_INTERVAL),
                settings.value(POLLING_INTERVAL),
                Backoff.exponential(
                                settings.value(POLLING_INITIAL_DELAY),
                                settings.value(POLLING_MULTIPLIER),
                                settings.value(POLLING_MAX_DELAY))
                        .withJitter(AgentKeys.jitter(settings.value(AgentKeys.JITTER))),
                settings.value(POLLING_TRIES),
                failures == 0 ? null : policy(Trip.consecutive(failures), settings, POLLING_BREAKER_OPEN),
                settings.value(POLLING_WEBSOCKET_RETRY));
    }

    static RouteConfig.Probing probing(Settings settings) {
        return new RouteConfig.Probing(settings.value(PROBE_ENABLED), settings.value(PROBE_TIMEOUT));
    }

    static RouteConfig.Servers servers(Settings settings, List<URI> urls) {
        return new RouteConfig.Servers(
                urls, settings.value(SHUFFLE), settings.value(TRANSPORT).orElse(null));
    }

    /**
     * Through which proxies servers are reached.
     *
     * @param variables the environment
     * @throws IllegalArgumentException if the environment names what is no proxy; the message names the variable
     */
    static Proxies proxies(Settings settings, Map<String, String> variables) {
        return switch (settings.value(PROXY)) {
            case ProxyChoice.FromEnvironment environment -> Proxies.of(variables);
            case ProxyChoice.None none -> Proxies.none();
            case ProxyChoice.At at -> {
                Proxy proxy = Proxy.of(at.proxy().toString());
                yield Proxies.always(credentials(settings)
                        .map(who -> proxy.with(who.username(), who.password()))
                        .orElse(proxy));
            }
        };
    }

    /** Who to be at the proxy; empty if nobody is named. A user without a password has an empty one. */
    static Optional<Credentials> credentials(Settings settings) {
        Setting<String> username = settings.find(PROXY_USERNAME);
        if (username == null) {
            return Optional.empty();
        }
        Setting<String> password = settings.find(PROXY_PASSWORD);
        Setting<String> secret = password == null ? settings.find(PROXY_PASSWORD_FILE) : password;
        return Optional.of(new Credentials(username.value(), secret == null ? "" : secret.value()));
    }

    /** A refusal counts as a failure, as for {@link BreakerPolicy#LINK}. */
    private static BreakerPolicy policy(Trip trip, Settings settings, Key<Duration> open) {
        return BreakerPolicy.of(trip, settings.value(open)).withIgnored(BreakerPolicy.LINK.ignored());
    }

    private static Key<Duration> duration(String name, String fallback, String doc) {
        return new Key<>(name, Types.DURATION, fallback, doc);
    }
}
