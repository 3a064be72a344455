// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.link.SimulatedServer.Condition;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A host whose date is wrong, or jumps: only monotonic time measures, so that nothing comes of it. */
class ClockJumpTest {

    private static final Duration TEN_YEARS = Duration.ofDays(3_652);
    private static final Duration HOUR = Duration.ofHours(1);

    @ParameterizedTest
    @ValueSource(ints = {-1, 1})
    void anAgentThatStartsTenYearsOffLivesTheSameLife(int sign) {
        assertThat(life(VirtualTime.BEGINNING.plus(TEN_YEARS.multipliedBy(sign)), Duration.ZERO))
                .isEqualTo(life(VirtualTime.BEGINNING, Duration.ZERO));
        assertThat(life(Instant.EPOCH, Duration.ZERO)).isEqualTo(life(VirtualTime.BEGINNING, Duration.ZERO));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1})
    void anAgentWhoseClockJumpsTenYearsLivesTheSameLife(int sign) {
        assertThat(life(VirtualTime.BEGINNING, TEN_YEARS.multipliedBy(sign)))
                .isEqualTo(life(VirtualTime.BEGINNING, Duration.ZERO));
    }

    @Test
    void aJumpWhileAttachedCostsNeitherADialNorAMessage() {
        SimulatedFleet fleet = new SimulatedFleet(7, 1);
        fleet.time.advance(HOUR);
        int quiet = fleet.server.frames;
        fleet.time.shiftWallClock(TEN_YEARS);
        fleet.time.advance(HOUR);
        fleet.time.shiftWallClock(TEN_YEARS.multipliedBy(-2));
        fleet.time.advance(HOUR);
        assertThat(fleet.server.dials).isEqualTo(1);
        assertThat(fleet.server.frames).isBetween(3 * quiet - 3, 3 * quiet);
    }

    /** The server names a date half a minute away, and its own date or not; this host's clock is ten years off. */
    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1})
    void nobodySleepsForYearsWhateverDateTheServerNames(int sign) {
        assertThat(refused(sign, true).longestDelay).isBetween(Duration.ofSeconds(29), Duration.ofSeconds(45));
        SimulatedFleet undated = refused(sign, false);
        assertThat(undated.longestDelay).isBetween(Duration.ofSeconds(11), Duration.ofMinutes(90));
        assertThat(undated.server.visits())
                .allSatisfy(visit -> assertThat(visit.shortestGap)
                        .isGreaterThanOrEqualTo(Duration.ofMillis(375).toNanos()));
    }

    private static SimulatedFleet refused(int sign, boolean dated) {
        SimulatedFleet fleet = new SimulatedFleet(7, 1);
        fleet.time.shiftWallClock(TEN_YEARS.multipliedBy(sign));
        fleet.server.refusal = () -> {
            Instant there = VirtualTime.BEGINNING.plus(fleet.time.elapsed());
            String retryAfter = httpDate(there.plusSeconds(30));
            return dated
                    ? Map.of("Retry-After", retryAfter, "Date", httpDate(there))
                    : Map.of("Retry-After", retryAfter);
        };
        fleet.server.be(Condition.REFUSING);
        fleet.time.advance(HOUR.multipliedBy(3));
        fleet.server.be(Condition.UP);
        fleet.time.advance(HOUR.multipliedBy(2));
        assertThat(fleet.attached()).isEqualTo(1);
        return fleet;
    }

    private static String httpDate(Instant date) {
        return DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.ofInstant(date, ZoneOffset.UTC));
    }

    /** An outage, with jumps of the clock while attached, while waiting and while dialling. */
    private static List<String> life(Instant date, Duration jump) {
        SimulatedFleet fleet = new SimulatedFleet(7, 1, date);
        fleet.time.advance(Duration.ofSeconds(40));
        fleet.time.shiftWallClock(jump);
        fleet.time.advance(Duration.ofSeconds(40));
        fleet.server.crash();
        fleet.time.advance(Duration.ofSeconds(30));
        assertThat(fleet.links.getFirst().phase()).isEqualTo(LinkPhase.WAITING);
        fleet.time.shiftWallClock(jump.multipliedBy(-2));
        fleet.time.advance(Duration.ofSeconds(30));
        fleet.server.be(Condition.FROZEN);
        while (fleet.links.getFirst().phase() != LinkPhase.PROBING) {
            fleet.time.advance(Duration.ofMillis(100));
        }
        fleet.time.shiftWallClock(jump);
        fleet.time.advance(Duration.ofSeconds(30));
        fleet.server.be(Condition.UP);
        fleet.time.advance(Duration.ofMinutes(1));
        assertThat(fleet.server.visits()).as("the uid stays").hasSize(1);
        assertThat(fleet.server.registrations).isEqualTo(1);
        assertThat(fleet.heard).last().asString().contains("rejoined");
        return fleet.heard;
    }
}
