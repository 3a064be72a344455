// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.agent.AgentConfig;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.metrics.MetricsConfig;
import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.agent.subsystem.Surroundings;
import dev.holdfast.cli.key.Settings.Setting;
import dev.holdfast.cli.value.Sizes;
import dev.holdfast.cli.value.Types;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.Durations;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.Wire;
import dev.holdfast.server.ServerConfig;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What an agent can be told. The defaults are those of {@link AgentConfig} and {@link LinkConfig}. */
public final class AgentKeys {

    private static final AgentSession.Timing TIMING = AgentSession.Timing.DEFAULT;
    private static final RouteConfig.Schedule SCHEDULE = RouteConfig.Schedule.DEFAULT;
    private static final LinkConfig.Timeouts TIMEOUTS = LinkConfig.Timeouts.DEFAULT;

    /** Where it keeps what it must not forget. */
    public static final Key<Path> DATA = new Key<>(
            "data", Types.PATH, "~/.holdfast/agent", "The data directory, which one process holds at a time.");

    static final Key<List<URI>> SERVER = new Key<>(
            "server",
            Types.SERVERS,
            "ws://127.0.0.1:" + ServerConfig.AGENT_PORT,
            "Where to connect: one URL, or several that are tried in turn.");

    static final Key<Map<String, String>> LABELS =
            new Key<>("labels", Types.LABELS, "", "What the operator wants to find the agent by.");

    static final Key<Duration> STATUS_INTERVAL =
            duration("status.interval", AgentConfig.STATUS_INTERVAL, "How often a status record is made.");

    static final Key<Integer> FAST_ATTEMPTS = new Key<>(
            "reconnect.fast_attempts",
            Types.integer(0, 1000),
            Integer.toString(Backoff.LINK.fastAttempts()),
            "How many failed attempts wait only reconnect.fast_delay.");

    static final Key<Duration> FAST_DELAY =
            duration("reconnect.fast_delay", Backoff.LINK.fastDelay(), "How long each of the first attempts waits.");

    static final Key<Duration> INITIAL_DELAY = duration(
            "reconnect.initial_delay",
            Backoff.LINK.initial(),
            "The first delay after the fast attempts, before jitter.");

    static final Key<Double> MULTIPLIER = new Key<>(
            "reconnect.multiplier",
            Types.number(1, 1000, "a number from 1 to 1000, such as 2"),
            plain(Backoff.LINK.multiplier()),
            "What the delay grows by from one attempt to the next.");

    static final Key<Duration> MAX_DELAY =
            duration("reconnect.max_delay", Backoff.LINK.cap(), "The longest delay, before jitter.");

    static final Key<Double> JITTER = new Key<>(
            "reconnect.jitter",
            Types.number(0, 1, "a share from 0 to 1, such as 0.25 for ± 25 %"),
            plain(share(Backoff.LINK)),
            "How far each delay may be from its envelope, either way, as a share of it.");

    static final Key<Duration> STABLE_AFTER = duration(
            "reconnect.stable_after",
            SCHEDULE.stableAfter(),
            "How long a link must have been attached before its failures are forgotten.");

    static final Key<Duration> REJECTED_DELAY = duration(
            "reconnect.rejected_delay",
            SCHEDULE.rejected().initial(),
            "The delay, before jitter, where the server will not have this agent.");

    static final Key<Duration> MAX_RETRY_AFTER = duration(
            "reconnect.max_retry_after",
            SCHEDULE.maxRetryAfter(),
            "The longest delay that a server may ask for; a longer one counts as this.");

    static final Key<Duration> HANDSHAKE_TIMEOUT =
            duration("reconnect.handshake_timeout", TIMEOUTS.handshake(), "How long a dial may take.");

    static final Key<Duration> REJOIN_TIMEOUT = duration(
            "reconnect.rejoin_timeout",
            TIMING.rejoin(),
            "How long a rejoin may go unanswered before the agent registers on the same connection.");

    static final Key<Duration> REGISTER_TIMEOUT =
            duration("reconnect.register_timeout", TIMING.register(), "How long a registration may go unanswered.");

    static final Key<Duration> SEND_TIMEOUT =
            duration("reconnect.send_timeout", TIMEOUTS.send(), "How long sending one message may take.");

    static final Key<Duration> PING_INTERVAL = duration(
            "ping.interval",
            TIMEOUTS.ping(),
            "How often a ping is sent; one that is unanswered when the next is due ends the connection.");

    static final Key<Duration> HEARTBEAT_INTERVAL = duration(
            "heartbeat.interval",
            TIMING.heartbeat(),
            "How long after its last message an attached agent says that it is there; a server may set another.");

    static final Key<Integer> DEAD_AFTER = new Key<>(
            "heartbeat.dead_after",
            Types.integer(1, 1000),
            Integer.toString(TIMING.deadAfter()),
            "How many heartbeat intervals a message may go unanswered before the connection is given up.");

    static final Key<InetSocketAddress> METRICS_LISTEN = new Key<>(
            "metrics.listen",
            Types.ADDRESS,
            null,
            "Where the agent tells how it is doing: /metrics, /health and /ready; nowhere if unset, port 0 takes a free one.");

    static final Key<Duration> METRICS_ALLOWED_GAP = duration(
            "metrics.allowed_gap",
            MetricsConfig.ALLOWED_GAP,
            "How long the link may be gone that counts as up all the same in holdfast_agent_uptime_share.");

    static final Key<Integer> MESSAGE_LIMIT =
            new Key<>("message.limit", Types.MESSAGE_SIZE, Sizes.print(Wire.LIMIT), "The largest message taken.");

    static final List<Key<?>> ALL = Stream.concat(
                    Stream.<Key<?>>of(
                            DATA,
                            SERVER,
                            LABELS,
                            STATUS_INTERVAL,
                            FAST_ATTEMPTS,
                            FAST_DELAY,
                            INITIAL_DELAY,
                            MULTIPLIER,
                            MAX_DELAY,
                            JITTER,
                            STABLE_AFTER,
                            REJECTED_DELAY,
                            MAX_RETRY_AFTER,
                            HANDSHAKE_TIMEOUT,
                            REJOIN_TIMEOUT,
                            REGISTER_TIMEOUT,
                            SEND_TIMEOUT,
                            PING_INTERVAL,
                            HEARTBEAT_INTERVAL,
                            DEAD_AFTER,
                            METRICS_LISTEN,
                            METRICS_ALLOWED_GAP,
                            MESSAGE_LIMIT),
                    Stream.of(LinkKeys.ALL, OutboxKeys.ALL, LogKeys.ALL).flatMap(List::stream))
            .toList();

    private AgentKeys() {}

    /** What must hold between values. */
    static void check(Settings settings, Faults faults) {
        settings.requireAtLeast(MAX_DELAY, INITIAL_DELAY, faults);
        Setting<Integer> fastAttempts = settings.find(FAST_ATTEMPTS);
        if (fastAttempts != null && fastAttempts.value() > 0) {
            settings.requireAtLeast(MAX_DELAY, FAST_DELAY, faults);
        }
        LinkKeys.check(settings, faults);
        OutboxKeys.check(settings, faults);
    }

    /**
     * The configuration that settings without faults make.
     *
     * @param variables the environment, which also tells where the agent runs and through which proxies servers are
     *     reached
     * @throws IllegalArgumentException if it names what is no proxy; the message names the variable
     */
    public static AgentConfig config(Settings settings, Map<String, String> variables) {
        Setting<InetSocketAddress> metrics = settings.find(METRICS_LISTEN);
        return new AgentConfig(
                settings.value(DATA),
                settings.value(LABELS),
                settings.value(STATUS_INTERVAL),
                OutboxKeys.config(settings),
                link(settings),
                LinkKeys.proxies(settings, variables),
                new Surroundings(variables, Surroundings.FILES.root()),
                metrics == null ? null : new MetricsConfig(metrics.value(), settings.value(METRICS_ALLOWED_GAP)));
    }

    private static LinkConfig link(Settings settings) {
        Jitter jitter = jitter(settings.value(JITTER));
        Backoff backoff = Backoff.exponential(
                        settings.value(INITIAL_DELAY), settings.value(MULTIPLIER), settings.value(MAX_DELAY))
                .withJitter(jitter)
                .withFastStart(settings.value(FAST_ATTEMPTS), settings.value(FAST_DELAY));
        RouteConfig.Schedule schedule = new RouteConfig.Schedule(
                backoff,
                Backoff.constant(settings.value(REJECTED_DELAY)).withJitter(jitter),
                LinkKeys.breaker(settings).orElse(null),
                settings.value(STABLE_AFTER),
                settings.value(MAX_RETRY_AFTER));
        return new LinkConfig(
                new RouteConfig(
                        LinkKeys.servers(settings, settings.value(SERVER)),
                        schedule,
                        LinkKeys.probing(settings),
                        LinkKeys.polling(settings)),
                new LinkConfig.Timeouts(
                        settings.value(HANDSHAKE_TIMEOUT), settings.value(SEND_TIMEOUT), settings.value(PING_INTERVAL)),
                settings.value(MESSAGE_LIMIT),
                new AgentSession.Timing(
                        settings.value(REJOIN_TIMEOUT),
                        settings.value(REGISTER_TIMEOUT),
                        settings.value(HEARTBEAT_INTERVAL),
                        settings.value(DEAD_AFTER)));
    }

    private static Key<Duration> duration(String name, Duration fallback, String doc) {
        return new Key<>(name, Types.DURATION, Durations.print(fallback), doc);
    }

    static Jitter jitter(double share) {
        return share == 0 ? Jitter.none() : Jitter.proportional(share);
    }

    static double share(Backoff backoff) {
        return backoff.jitter() instanceof Jitter.Proportional proportional ? proportional.share() : 0;
    }

    static String plain(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }
}
