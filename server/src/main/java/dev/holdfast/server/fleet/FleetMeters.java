// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** What is counted of a fleet and its store. */
final class FleetMeters {

    private final MeterRegistry registry;
    private final Map<Loss.Why, Counter> losses = new EnumMap<>(Loss.Why.class);
    final Counter registrations;
    final Counter rejoins;
    final Counter displaced;
    final Counter turnedAway;
    final Timer flush;
    final Counter flushFailures;

    FleetMeters(MeterRegistry registry) {
        this.registry = registry;
        this.registrations = counter("holdfast.registrations", "full states taken");
        this.rejoins = counter("holdfast.rejoins", "agents that came back without a full state");
        this.displaced = counter("holdfast.displaced", "links that gave way to a newer one of the same agent");
        this.turnedAway =
                counter("holdfast.uids.shared", "links of a second process under one uid, which was given another uid");
        for (Loss.Why why : Loss.Why.values()) {
            losses.put(
                    why,
                    Counter.builder("holdfast.losses")
                            .description("agents that are not attached any more")
                            .tag("why", why.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        this.flush = Timer.builder("holdfast.store.flush")
                .description("time to save one batch, failed ones included")
                .register(registry);
        this.flushFailures = counter("holdfast.store.flush.failures", "batches that could not be saved");
    }

    /** Counts an agent that is not attached any more. */
    void lost(Loss.Why why) {
        Objects.requireNonNull(losses.get(why), "there is one for each").increment();
    }

    /** How many agents are attached over one transport. */
    void links(AgentLink.Transport transport, Supplier<Number> count) {
        Gauge.builder("holdfast.links", count)
                .description("agents that are attached, by transport")
                .tag("transport", transport.word())
                .register(registry);
    }

    void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }
}
