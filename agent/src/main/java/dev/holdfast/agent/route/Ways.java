// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which way a link takes next: WebSockets, and polling where those are blocked. Belongs to one {@link Route}; not
 * safe for use by several threads.
 */
final class Ways {

    /**
     * How many attempts in a row have to be cut before WebSockets count as blocked: servers that restart cut some. And
     * how many polls have to fail in a row before that counts as a mistake.
     */
    private static final int ENOUGH = 3;

    /** How much longer than configured a WebSocket is not tried at the most, so that a fleet's trials are spread. */
    private static final double SPREAD = 0.25;

    private final @Nullable Way only;
    private final Duration retry;
    private final RandomGenerator chance;
    private int cuts;
    private int failedPolls;

    /** When WebSockets, found blocked, are tried again; null while they are not. */
    private @Nullable Long retryAt;

    Ways(RouteConfig config, RandomGenerator chance) {
        this.only = config.servers().only();
        this.retry = config.polling().websocketRetry();
        this.chance = chance;
    }

    /** The way that a link begins with. */
    static Way first(RouteConfig config) {
        Way only = config.servers().only();
        return only == null ? Way.WEBSOCKET : only;
    }

    /** The way of an attempt that begins at a time. */
    Way at(long now) {
        if (only != null) {
            return only;
        }
        return retryAt == null || now - retryAt >= 0 ? Way.WEBSOCKET : Way.POLLING;
    }

    /** When a link that polls tries a WebSocket again, or null for never. */
    @Nullable
    Long retryAt() {
        return only == null ? retryAt : null;
    }

    /** The upgrade was answered with something else. */
    void refused(long now) {
        cuts = 0;
        failedPolls = 0;
        retryAt = now + (long) (retry.toNanos() * (1 + SPREAD * chance.nextDouble()));
    }

    /** The server is there, and the WebSocket ended without a word from it. */
    void cut(long now) {
        cuts++;
        if (cuts >= ENOUGH) {
            refused(now);
        }
    }

    /** A WebSocket failed in a way that does not say that they are blocked. */
    void notCut() {
        cuts = 0;
    }

    /** A poll failed: after some of them it is the server that is to blame, and not WebSockets. */
    void pollFailed() {
        failedPolls++;
        if (failedPolls >= ENOUGH) {
            retryAt = null;
        }
    }

    /** The link is attached. */
    void attached(Way way) {
        cuts = 0;
        failedPolls = 0;
        if (way == Way.WEBSOCKET) {
            retryAt = null;
        }
    }
}
