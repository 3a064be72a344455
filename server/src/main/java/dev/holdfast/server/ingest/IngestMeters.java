// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.opamp.outbox.OutboxMessage.Refused;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** What is counted of what agents' outboxes bring. */
final class IngestMeters {

    private final MeterRegistry registry;
    final Counter records;
    final Counter gaps;
    final Counter bytes;
    final Counter batches;
    final Counter repeated;
    final Counter elsewhere;
    final Counter resumes;
    final Counter malformed;
    final Counter retired;
    final Counter failures;
    final Timer commit;
    final DistributionSummary group;
    private final Map<Refused.Why, Counter> refused = new EnumMap<>(Refused.Why.class);

    IngestMeters(MeterRegistry registry) {
        this.registry = registry;
        this.records = counter("holdfast.ingest.records", "records stored");
        this.gaps = counter("holdfast.ingest.gaps", "gaps stored: runs of records that will never come");
        this.bytes = counter("holdfast.ingest.bytes", "bytes of payload stored, as sent");
        this.batches = counter("holdfast.ingest.batches", "batches taken");
        this.repeated =
                counter("holdfast.ingest.batches.not.next", "batches answered with the mark: they do not follow it");
        this.elsewhere = counter(
                "holdfast.ingest.known", "records and gaps not stored again: another epoch of their lane has them");
        this.resumes = counter("holdfast.ingest.resumes", "resumes answered");
        this.malformed = counter("holdfast.ingest.malformed", "messages of an outbox that were none");
        this.retired = counter("holdfast.ingest.retired", "events removed for their age or for want of room");
        this.failures = counter("holdfast.ingest.commit.failures", "transactions that the store could not carry out");
        this.commit = Timer.builder("holdfast.ingest.commit")
                .description("time of one transaction, for all batches in it together")
                .register(registry);
        this.group = DistributionSummary.builder("holdfast.ingest.group")
                .description("batches in one transaction")
                .register(registry);
        for (Refused.Why why : Refused.Why.values()) {
            refused.put(
                    why,
                    Counter.builder("holdfast.ingest.refused")
                            .description("batches and parts refused")
                            .tag("why", why.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
    }

    void refused(Refused.Why why) {
        Counter counter = refused.get(why);
        if (counter != null) {
            counter.increment();
        }
    }

    void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }
}
