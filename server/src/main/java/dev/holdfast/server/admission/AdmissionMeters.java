// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.Supplier;

/** What is counted at the door. */
final class AdmissionMeters {

    private final MeterRegistry registry;
    final Counter admitted;
    final Counter drained;
    private final Counter overRate;
    private final Counter whileDraining;
    private final Timer delays;

    AdmissionMeters(MeterRegistry registry) {
        this.registry = registry;
        this.admitted = counter("holdfast.admission.admitted", "newcomers admitted");
        this.overRate = refused("rate");
        this.whileDraining = refused("drain");
        this.delays = Timer.builder("holdfast.admission.delay")
                .description("how long those that were refused are to stay away")
                .register(registry);
        this.drained = counter("holdfast.drain.told", "agents told to come back later, since the server stops");
    }

    void refused(Duration after, boolean draining) {
        (draining ? whileDraining : overRate).increment();
        delays.record(after);
    }

    void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    private Counter refused(String why) {
        return Counter.builder("holdfast.admission.refused")
                .description("newcomers told to come back later")
                .tag("why", why)
                .register(registry);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }
}
