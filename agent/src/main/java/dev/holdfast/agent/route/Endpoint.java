// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import dev.holdfast.core.breaker.CircuitBreaker;
import dev.holdfast.core.breaker.Permit;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import java.net.URI;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One of the servers, and what keeps a link from dialling it now: an open breaker, its own word, or that it will not
 * have this agent. Belongs to one {@link Endpoints}; not safe for use by several threads.
 *
 * <p>A server that is well, or that answers at all after it did not, is dialled whatever its breaker says. One that
 * will not have this agent is dialled before its time only if that is news: that it is well was known when it said so.
 */
final class Endpoint {

    /** What is known of it. */
    private enum Known {
        /** It was not asked. */
        NOT_ASKED,
        /** It answered as one that is well, or at least answered. */
        WELL,
        /** It did not answer, or said that it is not well. */
        UNWELL,
        /** It has no word for it. */
        UNKNOWN
    }

    private final URI uri;
    private final Function<Way, CircuitBreaker> make;

    /** Made when they are first asked for: a breaker takes the time at which it is made for its beginning. */
    private final Map<Way, CircuitBreaker> breakers = new EnumMap<>(Way.class);

    private Known known = Known.NOT_ASKED;

    /** Until when it asked to be left alone, or null. */
    private @Nullable Long notBefore;

    /** Until when it is left alone since it will not have this agent, or null. */
    private @Nullable Long rejectedUntil;

    Endpoint(URI uri, Function<Way, CircuitBreaker> make) {
        this.uri = uri;
        this.make = make;
    }

    URI uri() {
        return uri;
    }

    CircuitBreaker breaker(Way way) {
        return breakers.computeIfAbsent(way, make);
    }

    /** Leave to dial it now, or null. */
    @Nullable
    Permit permit(Way way, long now) {
        return left(notBefore, now) > 0 || left(rejectedUntil, now) > 0
                ? null
                : breaker(way).tryAcquire();
    }

    /** How long until it may be dialled, in nanoseconds, unless it is found to be well before. */
    long untilDial(Way way, long now) {
        long rejected = left(rejectedUntil, now);
        long open = breaker(way).untilTrial().toNanos();
        return Math.max(untilAsked(now), Math.max(rejected, open));
    }

    /** How long until it may be asked anything, in nanoseconds: its own word is kept in any case. */
    long untilAsked(long now) {
        return left(notBefore, now);
    }

    /** Whether to ask it for its health can tell anything. */
    boolean tellsHealth() {
        return known != Known.UNKNOWN;
    }

    /** What a probe found: one that is good closes the gap that an open breaker makes. */
    void probed(ProbeResult found, Way way) {
        boolean news = known == Known.UNWELL;
        known = found == ProbeResult.WELL ? Known.WELL : Known.UNKNOWN;
        if (news || found == ProbeResult.WELL) {
            breaker(way).probeSucceeded();
        }
        if (news) {
            rejectedUntil = null;
        }
    }

    /**
     * An attempt on it failed.
     *
     * @param probing whether that was to ask for its health
     * @param floor how long it asked to be left alone
     */
    void failed(Failure failure, boolean probing, Duration floor, long now) {
        boolean there = switch (failure.cause()) {
            case AUTH, REJECTED, SERVER, PROTOCOL, DRAIN, OVERLOAD -> !probing;
            case NETWORK, TIMEOUT, TLS, LOCAL -> false;
        };
        if (!there) {
            known = Known.UNWELL;
        } else if (known != Known.UNKNOWN) {
            known = Known.WELL;
        }
        if (floor.isPositive()) {
            notBefore = now + floor.toNanos();
        }
    }

    /** It will not have this agent: it is left alone, but for probes. */
    void rejected(Duration delay, long now) {
        rejectedUntil = now + delay.toNanos();
    }

    /** It has kept the link for long enough: what was before is forgotten. */
    void stable() {
        known = Known.NOT_ASKED;
        rejectedUntil = null;
        for (CircuitBreaker breaker : breakers.values()) {
            if (breaker.state() != CircuitBreaker.State.DISABLED) {
                breaker.reset();
            }
        }
    }

    /** Time went by that the monotonic clock has not counted, and everything may have changed. */
    void suspended(Duration gap) {
        if (notBefore != null) {
            notBefore -= gap.toNanos();
        }
        stable();
    }

    /** What the permit of a failed attempt is to be told. */
    static void settle(@Nullable Permit permit, Failure failure) {
        if (permit == null) {
            return;
        }
        if (failure.cause() == Cause.LOCAL || failure.cause() == Cause.DRAIN) {
            permit.ignore();
        } else {
            permit.failure();
        }
    }

    private static long left(@Nullable Long until, long now) {
        return until == null ? 0 : Math.max(0, until - now);
    }
}
