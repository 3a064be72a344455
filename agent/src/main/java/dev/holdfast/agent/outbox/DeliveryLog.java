// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import dev.holdfast.core.delivery.Action;
import dev.holdfast.core.policy.LimitedLog;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.WireException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells what becomes of an outbox, each kind of line at most 5 times in a row and then once a minute, with the number
 * of those left out. Safe for use by any thread.
 */
final class DeliveryLog {

    private static final Logger log = LoggerFactory.getLogger(Deliverer.class);

    private static final int BURST = 5;
    private static final Duration INTERVAL = Duration.ofMinutes(1);

    private enum Kind {
        WAITS,
        GAVE_UP,
        UNREAD,
        UNKEPT,
        MALFORMED
    }

    private final Map<Kind, LimitedLog> lines = new EnumMap<>(Kind.class);

    DeliveryLog(Time time) {
        for (Kind kind : Kind.values()) {
            lines.put(kind, new LimitedLog(BURST, INTERVAL, time::nanoTime));
        }
    }

    void waits(Action.Waits waits) {
        warn(
                Kind.WAITS,
                "lane %s waits %s (by %s) before it sends again: %s; attempt %d of the record it stands at, %d left"
                        .formatted(
                                waits.lane(),
                                Durations.print(waits.delay()),
                                waits.source().name().toLowerCase(Locale.ROOT),
                                waits.reason(),
                                waits.attempts(),
                                waits.left()));
    }

    void gaveUp(String lane, Attempts attempts) {
        warn(
                Kind.GAVE_UP,
                "lane %s: record %d becomes a dead letter after %d attempts since %s: %s (see holdfast outbox dead)"
                        .formatted(
                                lane,
                                attempts.sequence(),
                                attempts.total(),
                                attempts.first(),
                                String.join("; ", attempts.reasons().keySet())));
    }

    void unread(String lane, Throwable thrown) {
        warn(
                Kind.UNREAD,
                "lane %s cannot be read now (%s); it is tried again and nothing is given up"
                        .formatted(lane, thrown.getMessage()));
    }

    /** Tells that something could not be written down. Returns null, as what a future that failed so is worth. */
    @Nullable
    Boolean unkept(String lane, String what, Throwable thrown) {
        warn(Kind.UNKEPT, "lane %s: %s cannot be written down now (%s)".formatted(lane, what, thrown.getMessage()));
        return null;
    }

    void malformed(WireException thrown) {
        warn(Kind.MALFORMED, "the server sent a message for an outbox that is none: " + thrown.getMessage());
    }

    /** Never left out: it says that the two sides do not have the same, and comes once for each time they part. */
    void tell(Action.Tell tell) {
        String what = switch (tell.news()) {
            case SERVER_LOST ->
                "the server had acknowledged records %d to %d and does not have them any more: it was restored"
                        + " or its events were damaged. They are not here either";
            case UNCERTAIN ->
                "whether the server still has records %d to %d, which it had acknowledged, cannot be known: it"
                        + " was restored";
            case SERVER_AHEAD ->
                "the server has records %d to %d from this outbox that are not what is here: this data"
                        + " directory was restored or copied. What is here is sent as another stream";
        };
        log.warn("outbox: lane {}: {}", tell.lane(), what.formatted(tell.first(), tell.last()));
    }

    private void warn(Kind kind, String line) {
        Objects.requireNonNull(lines.get(kind)).write(log::warn, () -> "outbox: " + line);
    }
}
