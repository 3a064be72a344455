// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.metrics;

import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.Outbox.Figures;
import dev.holdfast.core.record.LaneState;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * What there is to count of an outbox, which counts itself: each figure is looked up when it is asked for. While the
 * outbox is not open all are 0. Safe for use by any thread.
 */
final class OutboxMeters {

    private final MeterRegistry registry;
    private final Supplier<Optional<Outbox>> outbox;

    OutboxMeters(MeterRegistry registry, Supplier<Optional<Outbox>> outbox) {
        this.registry = registry;
        this.outbox = outbox;
        gauge("open", "1 while records can be kept", figures -> 1);
        gauge("waiting", "records that the server is not known to have", all(LaneState::waiting));
        gauge("dead", "dead letters", Figures::dead);
        gauge("bytes", "bytes on the disk", Figures::bytes);
        gauge("quota.bytes", "bytes that it may take", Figures::quota);
        counter("appended", "records kept, since the outbox was made", all(LaneState::last));
        counter(
                "settled",
                "of those, the ones that the server has, or was told to do without",
                all(lane -> lane.acknowledged().sequence()));
        counter("lost", "records found damaged or missing", Figures::lost);
        counter("dropped", "records given up for want of room", Figures::dropped);
        counter("expired", "records given up since they were too old", Figures::expired);
    }

    private void gauge(String name, String description, ToLongFunction<Figures> figure) {
        Gauge.builder("holdfast.agent.outbox." + name, () -> figure(figure))
                .description(description)
                .register(registry);
    }

    private void counter(String name, String description, ToLongFunction<Figures> figure) {
        FunctionCounter.builder("holdfast.agent.outbox." + name, this, meters -> meters.figure(figure))
                .description(description)
                .register(registry);
    }

    private long figure(ToLongFunction<Figures> figure) {
        return outbox.get().map(Outbox::figures).map(figure::applyAsLong).orElse(0L);
    }

    private static ToLongFunction<Figures> all(ToLongFunction<LaneState> figure) {
        return figures -> figures.lanes().stream()
                .mapToLong(lane -> figure.applyAsLong(lane.state()))
                .sum();
    }
}
