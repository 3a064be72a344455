// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import dev.holdfast.core.breaker.Permit;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Who is dialled next, which way, and when: one attempt at a time, begun with {@link #begin} and ended with
 * {@link #failed}, or with {@link #attached} and a later {@link #failed}.
 *
 * <p>The first attempts of an outage are dials that follow each other fast. After those a server is asked for its
 * health first, on the connection that is then dialled on. A server whose breaker is open, or that will not have this
 * agent, is not dialled; it is asked for its health at the ladder's pace, and dialled at once when it is well again.
 * What a server asks for is always kept, and is asked of that server alone.
 *
 * <p>Pure: it takes the monotonic time and returns what to do. Not safe for use by several threads.
 */
public final class Route {

    /** How far an attempt got before it failed. */
    public enum Reach {
        /** The server was asked for its health, and nothing else. */
        PROBE,
        /** It was dialled, and nothing came of it. */
        NOTHING,
        /** It was there: it had told its health on this very connection, or upgraded it. */
        PORT,
        /** It, or what stands before it, answered the upgrade with something else. */
        ANSWER,
        /** It had sent a message. */
        WORD
    }

    /**
     * Whom an attempt is for.
     *
     * @param probe whether to ask for its health, and only that, before {@link #probed} says to go on
     */
    public record Leg(URI server, Way way, boolean probe) {}

    /** How often a preferred server is looked at from another one, and how often it has to be well in a row. */
    private static final Duration LOOK = Duration.ofSeconds(60);

    private static final int LOOKS = 2;
    private static final double LOOK_SPREAD = 0.25;

    private final RouteConfig config;
    private final RandomGenerator chance;
    private final Endpoints endpoints;
    private final Ways ways;
    private final Setbacks setbacks;

    /** The time of the call that is made, for the breakers. */
    private long now;

    private Way way;
    private @Nullable Permit permit;

    /** When the attempt at hand began. */
    private long begunAt;

    private long resumeAt;
    private Came came = Came.FIRST;

    /** When the preferred server is looked at next, or null while the link is there, or not stable. */
    private @Nullable Long lookAt;

    private int seenWell;

    /** What brought a link back. */
    public enum Came {
        /** It was started. */
        FIRST,
        /** The policy's delay was over. */
        BACKOFF,
        /** The time that the server had named had come. */
        SERVER,
        /** A probe found the server well before that. */
        PROBE,
        /** The machine woke up. */
        RESUME,
        /** The preferred server was well again, or a WebSocket was worth a try. */
        RETURN
    }

    /** @param chance where every jitter is drawn from */
    public Route(RouteConfig config, RandomGenerator chance) {
        this.config = config;
        this.chance = chance;
        endpoints = new Endpoints(config, () -> now, chance);
        ways = new Ways(config, chance);
        setbacks = new Setbacks(config, chance);
        way = Ways.first(config);
    }

    /** Begins an attempt; empty if there is none to be made yet, and {@link #resumeAt} says when. */
    public Optional<Leg> begin(long now) {
        this.now = now;
        begunAt = now;
        way = ways.at(now);
        lookAt = null;
        Endpoint server = endpoints.current();
        permit = server.permit(way, now);
        boolean probe = canProbe(server) && (permit == null || setbacks.isPastFastStart());
        if (permit == null && (!probe || server.untilAsked(now) > 0)) {
            pause();
            return Optional.empty();
        }
        return Optional.of(new Leg(server.uri(), way, probe));
    }

    /** When to {@link #begin} after an attempt that failed. */
    public long resumeAt() {
        return resumeAt;
    }

    /** The server was asked for its health, and answered. Whether to dial it now, on the same connection. */
    public boolean probed(ProbeResult found, long now) {
        this.now = now;
        Endpoint server = endpoints.current();
        server.probed(found, way);
        if (permit == null) {
            permit = server.permit(way, now);
            came = Came.PROBE;
        }
        if (permit == null) {
            pause();
            return false;
        }
        return true;
    }

    /** The attempt, or the link that it led to, has failed. */
    public Delay failed(Failure failure, Reach reach, long now) {
        this.now = now;
        Endpoint server = endpoints.current();
        Endpoint.settle(permit, failure);
        permit = null;
        server.failed(failure, reach == Reach.PROBE, floor(failure), now);
        judgeTheWay(failure, reach);
        Way next = ways.at(now);
        if (failure.cause() == Cause.REJECTED && next == way) {
            server.rejected(config.schedule().rejected().delay(setbacks.attempts() + 1, Duration.ZERO, chance), now);
        }
        setbacks.failed(next == Way.POLLING && way == Way.WEBSOCKET);
        way = next;
        return delay(failure, server, Duration.ofNanos(reach == Reach.PROBE ? now - begunAt : 0));
    }

    private void judgeTheWay(Failure failure, Reach reach) {
        if (reach == Reach.PROBE) {
            return;
        }
        if (way == Way.POLLING) {
            ways.pollFailed();
        } else if (reach == Reach.ANSWER && isAboutTheWay(failure)) {
            ways.refused(now);
        } else if (reach == Reach.PORT && isSilence(failure)) {
            ways.cut(now);
        } else {
            ways.notCut();
        }
    }

    /** An overloaded or failing server is one whatever the way, and 401 is about who asks and not about how. */
    private static boolean isAboutTheWay(Failure failure) {
        return failure.cause() == Cause.REJECTED || failure.cause() == Cause.PROTOCOL;
    }

    private static boolean isSilence(Failure failure) {
        return failure.cause() == Cause.NETWORK || failure.cause() == Cause.TIMEOUT;
    }

    /** @param spent how much of the delay the attempt itself has taken */
    private Delay delay(Failure failure, Endpoint failed, Duration spent) {
        Duration envelope = setbacks.envelope();
        Endpoint next = endpoints.takeNext(way, config.probing().enabled(), now, envelope);
        Duration asked = Duration.ofNanos(next.untilAsked(now));
        Duration untilDial = Duration.ofNanos(next.untilDial(way, now));
        boolean probe = canProbe(next) && (setbacks.isPastFastStart() || untilDial.compareTo(asked) > 0);
        boolean ownSlot = failure.cause() == Cause.DRAIN && next == failed && asked.isPositive();
        Duration ladder =
                ownSlot ? asked : setbacks.delay(longer(asked, probe ? Setbacks.PROBE_INTERVAL : Duration.ZERO));
        // What a server asks for counts from its word.
        ladder = asked.isPositive() ? ladder : Setbacks.left(ladder, spent);
        boolean shut = untilDial.compareTo(longer(ladder, asked)) > 0;
        resumeAt = now + (shut && !probe ? untilDial : ladder).toNanos();
        Delay.Source source = Delay.Source.BACKOFF;
        Duration told = ladder;
        came = Came.BACKOFF;
        if (asked.compareTo(envelope) > 0) {
            source = Delay.Source.SERVER;
            came = Came.SERVER;
        } else if (shut && failure.cause() == Cause.REJECTED) {
            source = Delay.Source.REJECTED;
            told = untilDial;
        } else if (shut && !probe) {
            source = Delay.Source.BREAKER;
            told = untilDial;
        }
        return new Delay(
                failure, setbacks.attempts(), source, told, next.breaker(way).state(), way, next.uri());
    }

    /** Nothing failed, and nothing is to be done yet. */
    private void pause() {
        Endpoint server = endpoints.current();
        came = Came.BACKOFF;
        setbacks.paused();
        long untilDial = Math.max(server.untilDial(way, now), Setbacks.PROBE_INTERVAL.toNanos());
        long ladder = setbacks.delay(longer(Duration.ofNanos(server.untilAsked(now)), Setbacks.PROBE_INTERVAL))
                .toNanos();
        resumeAt = now + (canProbe(server) ? Math.min(ladder, untilDial) : untilDial);
    }

    /** The server has taken the agent. What brought the link here. */
    public Came attached(long now) {
        this.now = now;
        ways.attached(way);
        return came;
    }

    /** The link has been attached for {@link RouteConfig.Schedule#stableAfter}: its failures are forgotten. */
    public void stable(long now) {
        this.now = now;
        permit = null;
        endpoints.current().stable();
        setbacks.forget();
        seenWell = 0;
        lookAt = endpoints.isPreferred() || !config.probing().enabled() ? null : nextLook();
    }

    /** The way that the attempt at hand goes. */
    public Way way() {
        return way;
    }

    /** The server that the attempt at hand is for. */
    public URI server() {
        return endpoints.current().uri();
    }

    /** When a link that polls should try a WebSocket instead, or null for never. */
    public @Nullable Long websocketAt() {
        return way == Way.POLLING ? ways.retryAt() : null;
    }

    /** Whether that time has come. */
    public boolean isWebsocketDue(long now) {
        Long at = websocketAt();
        return at != null && now - at >= 0;
    }

    /** When a stable link to another server should have a look at the {@link #preferred} one, or null for never. */
    public @Nullable Long lookAt() {
        return lookAt;
    }

    /** Whether that time has come; then it comes again, whether or not {@link #looked} is called. */
    public boolean isLookDue(long now) {
        boolean due = lookAt != null && now - lookAt >= 0;
        if (due) {
            this.now = now;
            lookAt = nextLook();
        }
        return due;
    }

    /** The server that a link returns to whenever it keeps well. */
    public URI preferred() {
        return endpoints.preferred().uri();
    }

    /** The preferred server was looked at. Whether to leave for it now: then {@link #begin} goes there. */
    public boolean looked(boolean well, long now) {
        this.now = now;
        seenWell = well ? seenWell + 1 : 0;
        if (seenWell < LOOKS) {
            return false;
        }
        endpoints.preferred().stable();
        endpoints.takePreferred();
        return true;
    }

    /** The link leaves a server that is well, for something better. */
    public void leave() {
        permit = null;
        came = Came.RETURN;
    }

    /** The machine slept for a while, which the monotonic clock has not counted: everything may have changed. */
    public void suspended(Duration gap, long now) {
        this.now = now;
        endpoints.suspended(gap);
        setbacks.forget();
        Duration soon = config.schedule().backoff().delay(1, Duration.ZERO, chance);
        long at = now + Math.max(soon.toNanos(), endpoints.current().untilAsked(now));
        if (at - resumeAt < 0) {
            resumeAt = at;
            came = Came.RESUME;
        }
    }

    private boolean canProbe(Endpoint server) {
        return config.probing().enabled() && server.tellsHealth();
    }

    private long nextLook() {
        return now + (long) (LOOK.toNanos() * (1 + LOOK_SPREAD * chance.nextDouble()));
    }

    private Duration floor(Failure failure) {
        Duration most = config.schedule().maxRetryAfter();
        return failure.floor().compareTo(most) > 0 ? most : failure.floor();
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }
}
