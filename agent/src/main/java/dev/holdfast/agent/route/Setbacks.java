// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import dev.holdfast.core.policy.Backoff;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How many attempts failed in a row, and what that makes the link wait. Belongs to one {@link Route}; not safe
 * for use by several threads.
 */
final class Setbacks {

    /** A server is not asked for its health more often. */
    static final Duration PROBE_INTERVAL = Duration.ofSeconds(1);

    private final RouteConfig config;
    private final RandomGenerator chance;
    private int attempts;

    /** How far up the ladder the link is: probes that told nothing new are steps too. */
    private int rung;

    /** Whether the next attempt takes another way to a server that is there: once an outage that is worth haste. */
    private boolean turning;

    private boolean turned;

    private Duration previous = Duration.ZERO;

    Setbacks(RouteConfig config, RandomGenerator chance) {
        this.config = config;
        this.chance = chance;
    }

    /** How many attempts failed in a row. */
    int attempts() {
        return attempts;
    }

    /** Whether the fast start is over, after which a server is asked for its health before it is dialled. */
    boolean isPastFastStart() {
        return attempts > config.schedule().backoff().fastAttempts();
    }

    /**
     * One more attempt failed.
     *
     * @param turned whether the next one takes another way, since it was the way that failed and not the server
     */
    void failed(boolean turned) {
        attempts = more(attempts);
        rung = more(rung);
        turning = turned && !this.turned;
        this.turned |= turned;
    }

    /** Nothing failed, and there was no attempt to be made either. */
    void paused() {
        rung = more(rung);
        turning = false;
    }

    /** The delay without jitter. */
    Duration envelope() {
        return ladder().envelope(step());
    }

    /**
     * How long to wait.
     *
     * @param floor never undercut
     */
    Duration delay(Duration floor) {
        previous = ladder().delay(step(), previous, floor, chance);
        return previous;
    }

    /**
     * What is left of a delay that began when a probe did. At least half of it is, whatever its jitter made it: a fleet
     * whose probes all end by the same timeout would else ask again all at once where the delay is the shorter one.
     *
     * @param spent how long the probe took
     */
    static Duration left(Duration delay, Duration spent) {
        Duration left = delay.minus(spent);
        Duration half = delay.dividedBy(2);
        return left.compareTo(half) > 0 ? left : half;
    }

    /** Which way a link takes makes no difference to it, unless it was told to poll: then it has check-ins. */
    private Backoff ladder() {
        return checksIn() ? config.polling().backoff() : config.schedule().backoff();
    }

    private int step() {
        if (turning) {
            return 1;
        }
        return checksIn() ? (Math.max(1, rung) - 1) % config.polling().tries() + 1 : Math.max(1, rung);
    }

    private boolean checksIn() {
        return config.servers().only() == Way.POLLING;
    }

    private static int more(int count) {
        return count == Integer.MAX_VALUE ? count : count + 1;
    }

    void forget() {
        attempts = 0;
        rung = 0;
        turning = false;
        turned = false;
        previous = Duration.ZERO;
    }
}
