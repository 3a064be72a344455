// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.agent.outbox.OutboxConfig;
import dev.holdfast.cli.key.Settings.Setting;
import dev.holdfast.cli.value.Sizes;
import dev.holdfast.cli.value.Types;
import dev.holdfast.core.delivery.DeliveryPolicy;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.outbox.OutboxPolicy.Durability;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What an agent can be told of its outbox. The defaults are those of {@link OutboxConfig}. */
final class OutboxKeys {

    private static final OutboxPolicy KEEPING = OutboxConfig.DEFAULT.keeping();
    private static final DeliveryPolicy DELIVERY = OutboxConfig.DEFAULT.delivery();

    static final Key<Long> QUOTA = new Key<>(
            "outbox.quota",
            Types.largeSize(),
            Sizes.print(KEEPING.quota()),
            "How much disk the outbox may take; at least four segments.");

    static final Key<WhenFull> WHEN_FULL = new Key<>(
            "outbox.when_full",
            Types.choice(WhenFull.class),
            Types.word(KEEPING.whenFull()),
            "What happens to a record for which there is no room: it is refused, or waits, or the oldest records go.");

    static final Key<Duration> MAX_AGE = new Key<>(
            "outbox.max_age",
            Types.DURATION,
            null,
            "How old a record may become before it goes undelivered, its lane being told; any age if unset.");

    static final Key<Durability> DURABILITY = new Key<>(
            "outbox.durability",
            Types.choice(Durability.class),
            Types.word(KEEPING.durability()),
            "When a record counts as kept: once it is on the disk, or, relaxed, once the operating system has it, where a"
                    + " power loss takes what came in the second before.");

    static final Key<Integer> SEGMENT = new Key<>(
            "outbox.segment_size",
            Types.size(),
            Sizes.print(KEEPING.segment()),
            "How large each file of the outbox is; a multiple of 4KiB, at least 64KiB.");

    static final Key<Integer> COMPRESS_FROM = new Key<>(
            "outbox.compress_from",
            Types.size(),
            null,
            "From which size on payloads are kept compressed if that makes them smaller; not at all if unset.");

    static final Key<Duration> INITIAL_DELAY = duration(
            "outbox.initial_delay", DELIVERY.backoff().initial(), "How long a lane waits after a failed delivery.");

    static final Key<Double> MULTIPLIER = new Key<>(
            "outbox.multiplier",
            Types.number(1, 1000, "a number from 1 to 1000, such as 2"),
            AgentKeys.plain(DELIVERY.backoff().multiplier()),
            "What that grows by from one failure to the next.");

    static final Key<Duration> MAX_DELAY =
            duration("outbox.max_delay", DELIVERY.backoff().cap(), "The longest such wait, before jitter.");

    static final Key<Double> JITTER = new Key<>(
            "outbox.jitter",
            Types.number(0, 1, "a share from 0 to 1, such as 0.25 for ± 25 %"),
            AgentKeys.plain(AgentKeys.share(DELIVERY.backoff())),
            "How far each wait may be from that, either way, as a share of it.");

    static final Key<Integer> MAX_ATTEMPTS = new Key<>(
            "outbox.max_attempts",
            Types.integer(1, Integer.MAX_VALUE),
            Integer.toString(DELIVERY.attempts().max()),
            "How many failed deliveries make a record a dead letter.");

    static final Key<Map<String, Integer>> MAX_ATTEMPTS_OF = new Key<>(
            "outbox.max_attempts_of", Types.COUNTS, print(DELIVERY.attempts().maxOf()), "The same for single lanes.");

    static final Key<Integer> PERMANENT_ATTEMPTS = new Key<>(
            "outbox.permanent_attempts",
            Types.integer(1, Integer.MAX_VALUE),
            Integer.toString(DELIVERY.attempts().permanent()),
            "How often a record that the server will never take is refused alone before it is a dead letter.");

    static final Key<Boolean> COUNT_UNREACHABLE = new Key<>(
            "outbox.count_unreachable",
            Types.FLAG,
            Boolean.toString(DELIVERY.attempts().countUnreachable()),
            "Whether time without a server uses up attempts.");

    static final Key<Integer> WINDOW = new Key<>(
            "outbox.window",
            Types.integer(1, 1000),
            Integer.toString(DELIVERY.flight().window()),
            "How many batches of a lane may be unanswered.");

    static final Key<Integer> BATCH_ITEMS = new Key<>(
            "outbox.batch_items",
            Types.integer(1, 4096),
            Integer.toString(DELIVERY.flight().batchItems()),
            "How many records a batch has at most.");

    static final Key<Integer> BATCH_SIZE = new Key<>(
            "outbox.batch_size",
            Types.size(),
            Sizes.print(DELIVERY.flight().batchBytes()),
            "How large a batch is at most, unless it is one record; what a message has room for is the limit anyway.");

    static final Key<Long> IN_FLIGHT_SIZE = new Key<>(
            "outbox.in_flight_size",
            Types.largeSize(),
            Sizes.print(DELIVERY.flight().maxBytes()),
            "How much of all lanes together may be unanswered; at least outbox.batch_size.");

    static final Key<Duration> ANSWER_TIMEOUT =
            duration("outbox.answer_timeout", DELIVERY.answerTimeout(), "How long an answer to a batch may take.");

    static final Key<Duration> MAX_RETRY_AFTER = duration(
            "outbox.max_retry_after",
            DELIVERY.maxRetryAfter(),
            "The longest wait that a server may ask of the outbox; a longer one counts as this.");

    static final List<Key<?>> ALL = List.of(
            QUOTA,
            WHEN_FULL,
            MAX_AGE,
            DURABILITY,
            SEGMENT,
            COMPRESS_FROM,
            INITIAL_DELAY,
            MULTIPLIER,
            MAX_DELAY,
            JITTER,
            MAX_ATTEMPTS,
            MAX_ATTEMPTS_OF,
            PERMANENT_ATTEMPTS,
            COUNT_UNREACHABLE,
            WINDOW,
            BATCH_ITEMS,
            BATCH_SIZE,
            IN_FLIGHT_SIZE,
            ANSWER_TIMEOUT,
            MAX_RETRY_AFTER);

    private OutboxKeys() {}

    /** What must hold between values. */
    static void check(Settings settings, Faults faults) {
        settings.requireAtLeast(MAX_DELAY, INITIAL_DELAY, faults);
        Setting<Integer> segment = settings.find(SEGMENT);
        Setting<Long> quota = settings.find(QUOTA);
        Setting<Integer> batch = settings.find(BATCH_SIZE);
        Setting<Long> inFlight = settings.find(IN_FLIGHT_SIZE);
        if (segment != null && (segment.value() < SegmentLog.LEAST_SIZE || segment.value() % 4096 != 0)) {
            String expected = "a multiple of 4KiB, at least " + Sizes.print(SegmentLog.LEAST_SIZE);
            faults.add(
                    SEGMENT.name(),
                    Sizes.print(segment.value()),
                    expected,
                    segment.given().place());
        } else if (segment != null && quota != null && quota.value() < 4L * segment.value()) {
            String expected = "at least four times " + SEGMENT.name() + ", " + Sizes.print(4L * segment.value());
            faults.add(
                    QUOTA.name(),
                    Sizes.print(quota.value()),
                    expected,
                    quota.given().place());
        }
        if (batch != null && inFlight != null && inFlight.value() < batch.value()) {
            String expected = ">= " + BATCH_SIZE.name() + ", which is " + Sizes.print(batch.value());
            faults.add(
                    IN_FLIGHT_SIZE.name(),
                    Sizes.print(inFlight.value()),
                    expected,
                    inFlight.given().place());
        }
    }

    static OutboxConfig config(Settings settings) {
        return new OutboxConfig(keeping(settings), delivery(settings));
    }

    private static OutboxPolicy keeping(Settings settings) {
        Setting<Integer> compressFrom = settings.find(COMPRESS_FROM);
        Setting<Duration> maxAge = settings.find(MAX_AGE);
        return new OutboxPolicy(
                settings.value(QUOTA),
                settings.value(WHEN_FULL),
                maxAge == null ? OutboxPolicy.NO_MAX_AGE : maxAge.value(),
                settings.value(DURABILITY),
                settings.value(SEGMENT),
                compressFrom == null ? Integer.MAX_VALUE : compressFrom.value());
    }

    private static DeliveryPolicy delivery(Settings settings) {
        Backoff backoff = Backoff.exponential(
                        settings.value(INITIAL_DELAY), settings.value(MULTIPLIER), settings.value(MAX_DELAY))
                .withJitter(AgentKeys.jitter(settings.value(JITTER)));
        return new DeliveryPolicy(
                backoff,
                new DeliveryPolicy.AttemptLimits(
                        settings.value(MAX_ATTEMPTS),
                        settings.value(MAX_ATTEMPTS_OF),
                        settings.value(PERMANENT_ATTEMPTS),
                        settings.value(COUNT_UNREACHABLE)),
                new DeliveryPolicy.Flight(
                        settings.value(WINDOW),
                        settings.value(BATCH_ITEMS),
                        settings.value(BATCH_SIZE),
                        settings.value(IN_FLIGHT_SIZE)),
                settings.value(ANSWER_TIMEOUT),
                settings.value(MAX_RETRY_AFTER));
    }

    private static Key<Duration> duration(String name, Duration fallback, String doc) {
        return new Key<>(name, Types.DURATION, Durations.print(fallback), doc);
    }

    private static String print(Map<String, Integer> counts) {
        return counts.entrySet().stream()
                .map(count -> count.getKey() + "=" + count.getValue())
                .collect(Collectors.joining(","));
    }
}
