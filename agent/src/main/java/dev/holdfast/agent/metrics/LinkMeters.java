// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.metrics;

import dev.holdfast.agent.link.LinkListener;
import dev.holdfast.agent.link.LinkPhase;
import dev.holdfast.agent.route.Delay;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Time;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Supplier;

/** What is counted of a link. It hears of it on the link's own thread; all else may be asked by any thread. */
final class LinkMeters implements LinkListener {

    /** Where the buckets of times without a link end. */
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(15),
        Duration.ofSeconds(30),
        Duration.ofMinutes(1),
        Duration.ofMinutes(2),
        Duration.ofMinutes(5),
        Duration.ofMinutes(15),
        Duration.ofHours(1),
        Duration.ofHours(6)
    };

    private static final String SECONDS = "seconds";

    private final MeterRegistry registry;
    private final Time time;
    private final Timer down;
    private final Counter rejoins;
    private final Counter registrations;

    private volatile Uptime uptime;

    LinkMeters(MeterRegistry registry, Supplier<LinkPhase> phase, Time time, Duration allowedGap) {
        this.registry = registry;
        this.time = time;
        this.uptime = Uptime.start(time.nanoTime(), allowedGap);
        for (LinkPhase each : LinkPhase.values()) {
            gauge(
                            "holdfast.agent.link.state",
                            "1 for where the link stands, 0 for the others",
                            () -> phase.get() == each ? 1 : 0)
                    .tag("state", word(each))
                    .register(registry);
        }
        for (Cause cause : Cause.values()) {
            failed(cause);
            lost(cause);
        }
        for (Delay.Source source : Delay.Source.values()) {
            delay(source);
        }
        this.rejoins = arrivals("rejoined");
        this.registrations = arrivals("registered");
        this.down = Timer.builder("holdfast.agent.link.down")
                .description("how long the link was gone before each arrival, the first since the start included")
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
        gauge(
                        "holdfast.agent.link.down.current",
                        "how long the link has been gone, 0 while attached",
                        () -> seconds(uptime.down(time.nanoTime())))
                .baseUnit(SECONDS)
                .register(registry);
        gauge(
                        "holdfast.agent.rejoin.share",
                        "rejoins as a share of all arrivals but the first registration; NaN before there is one",
                        this::rejoinShare)
                .register(registry);
        gauge(
                        "holdfast.agent.uptime.share",
                        "share of the time since the start that the link was attached, or gone for no longer than is"
                                + " allowed",
                        () -> uptime.share(time.nanoTime()))
                .register(registry);
        gauge("holdfast.agent.running", "time since the start", () -> seconds(time.nanoTime() - uptime.start()))
                .baseUnit(SECONDS)
                .register(registry);
    }

    @Override
    public void attached(URI server) {
        long now = time.nanoTime();
        if (uptime.downSince() != null) {
            down.record(Duration.ofNanos(uptime.down(now)));
        }
        uptime = uptime.attached(now);
    }

    @Override
    public void rejoined() {
        rejoins.increment();
    }

    @Override
    public void registered() {
        registrations.increment();
    }

    @Override
    public void lost(Failure failure) {
        uptime = uptime.lost(time.nanoTime());
        lost(failure.cause()).increment();
    }

    @Override
    public void waits(Delay delay) {
        failed(delay.failure().cause()).increment();
        delay(delay.source()).record(delay.delay());
    }

    private double rejoinShare() {
        double others = Math.max(0, registrations.count() - 1);
        double all = rejoins.count() + others;
        return all == 0 ? Double.NaN : rejoins.count() / all;
    }

    private Counter failed(Cause cause) {
        return Counter.builder("holdfast.agent.attempts.failed")
                .tag("cause", word(cause))
                .description("attempts that failed, and losses of the link, each of which is followed by a delay")
                .register(registry);
    }

    private Counter lost(Cause cause) {
        return Counter.builder("holdfast.agent.link.lost")
                .tag("cause", word(cause))
                .description("attached links that were lost")
                .register(registry);
    }

    private Timer delay(Delay.Source source) {
        return Timer.builder("holdfast.agent.link.delay")
                .tag("source", word(source))
                .description("delays before a dial, by where they came from")
                .register(registry);
    }

    private Counter arrivals(String kind) {
        return Counter.builder("holdfast.agent.arrivals")
                .tag("kind", kind)
                .description("times that the link was attached")
                .register(registry);
    }

    private static Gauge.Builder<Supplier<Number>> gauge(String name, String description, Supplier<Number> value) {
        return Gauge.builder(name, value).description(description);
    }

    private static double seconds(long nanos) {
        return nanos / 1e9;
    }

    private static String word(Enum<?> of) {
        return of.name().toLowerCase(Locale.ROOT);
    }
}
