// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.CircuitBreaker;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The servers of one link, in its own order, and which of them is next. Belongs to one {@link Route}; not safe
 * for use by several threads.
 */
final class Endpoints {

    private final List<Endpoint> inOrder;
    private int current;

    /** @param clock the machine's own time */
    Endpoints(RouteConfig config, LongSupplier clock, RandomGenerator chance) {
        List<URI> urls = new ArrayList<>(config.servers().urls());
        if (config.servers().shuffle()) {
            Collections.shuffle(urls, Random.from(chance));
        }
        // As with the ladder: a check-in's is for an agent that was told to poll.
        BreakerPolicy policy = config.servers().only() == Way.POLLING
                ? config.polling().breaker()
                : config.schedule().breaker();
        inOrder = urls.stream()
                .map(url -> new Endpoint(url, way -> breaker(policy, clock, chance)))
                .toList();
    }

    private static CircuitBreaker breaker(@Nullable BreakerPolicy policy, LongSupplier clock, RandomGenerator chance) {
        CircuitBreaker breaker = new CircuitBreaker(policy == null ? BreakerPolicy.LINK : policy, clock, chance);
        if (policy == null) {
            breaker.disable();
        }
        return breaker;
    }

    /** Whose turn it is. */
    Endpoint current() {
        return inOrder.get(current);
    }

    /** The one that is returned to whenever it keeps well. */
    Endpoint preferred() {
        return inOrder.getFirst();
    }

    boolean isPreferred() {
        return current == 0;
    }

    void takePreferred() {
        current = 0;
    }

    /**
     * Passes the turn on to the next one after {@link #current} that may be dialled at a time; if there is none, to the
     * next that may be asked for its health; if there is none, to the one that may be dialled first.
     *
     * @param probing whether servers may be asked for their health
     */
    Endpoint takeNext(Way way, boolean probing, long now, Duration from) {
        List<Endpoint> turns = new ArrayList<>(inOrder);
        Collections.rotate(turns, -current - 1);
        long nanos = from.toNanos();
        Endpoint next = turns.stream()
                .filter(each -> each.untilDial(way, now) <= nanos)
                .findFirst()
                .or(() -> turns.stream()
                        .filter(each -> probing && each.tellsHealth() && each.untilAsked(now) <= nanos)
                        .findFirst())
                .orElseGet(() ->
                        Collections.min(turns, (a, b) -> Long.compare(a.untilDial(way, now), b.untilDial(way, now))));
        current = inOrder.indexOf(next);
        return next;
    }

    void suspended(Duration gap) {
        inOrder.forEach(each -> each.suspended(gap));
    }
}
