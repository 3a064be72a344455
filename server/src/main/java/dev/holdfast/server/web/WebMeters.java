// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;

/** What is counted on the agent port. */
final class WebMeters {

    private final MeterRegistry registry;
    final Counter overWebSocket;
    final Counter overHttp;
    final Counter malformed;
    final Counter failures;
    final Counter fullStateRequests;
    final Counter statusRecords;
    final Counter statusRecordsIgnored;
    final Counter inputRefused;

    WebMeters(MeterRegistry registry) {
        this.registry = registry;
        this.overWebSocket = messages("websocket");
        this.overHttp = messages("http");
        this.malformed = counter("holdfast.malformed", "messages and requests that were none");
        this.failures = counter("holdfast.failures", "messages and requests that the server failed at");
        this.fullStateRequests = counter("holdfast.full.state.requests", "answers that asked for the full state");
        this.statusRecords = counter("holdfast.status.records", "status records taken");
        this.statusRecordsIgnored = counter("holdfast.status.records.ignored", "status records too large or not JSON");
        this.inputRefused = counter("holdfast.input.refused", "unfinished messages past what all may hold together");
    }

    void connections(Supplier<Number> count) {
        Gauge.builder("holdfast.connections", count)
                .description("open connections of the agent port")
                .register(registry);
    }

    void inputHeld(Supplier<Number> bytes) {
        Gauge.builder("holdfast.input.held", bytes)
                .description("what unfinished messages hold together, beyond what each connection may")
                .baseUnit("bytes")
                .register(registry);
    }

    private Counter messages(String transport) {
        return Counter.builder("holdfast.messages")
                .description("messages taken from agents")
                .tag("transport", transport)
                .register(registry);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }
}
