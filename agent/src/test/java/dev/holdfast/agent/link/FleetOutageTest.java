// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.link.SimulatedServer.Condition;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A fleet's outage and one agent's life, without a thread and without waiting. Every random choice comes from one seed;
 * {@code -Dholdfast.seed=N} plays another.
 */
class FleetOutageTest {

    private static final long DEFAULT_SEED = 20261122;
    private static final long SEED = Long.getLong("holdfast.seed", DEFAULT_SEED);
    private static final int AGENTS = 1_000;

    /** Where the same is played over and over. */
    private static final int FEWER = 200;

    @Test
    void aThousandAgentsAllRejoinOnceAndSpreadOut() {
        SimulatedFleet fleet = new SimulatedFleet(SEED, AGENTS);
        fleet.time.advance(Duration.ofSeconds(45));
        assertThat(fleet.attached()).isEqualTo(AGENTS);

        fleet.server.crash();
        fleet.time.advance(Duration.ofSeconds(60));
        assertThat(fleet.attached()).isZero();
        fleet.server.be(Condition.UP);
        int busiest = fleet.busiestTenthOfASecond(Duration.ofSeconds(20));

        assertThat(fleet.attached()).as("seed %s", SEED).isEqualTo(AGENTS);
        assertThat(fleet.server.registrations).isEqualTo(AGENTS);
        assertThat(fleet.server.rejoins).isEqualTo(AGENTS);
        // Delays at the cap are 7.5 s wide: even arrivals would be 13 in a tenth of a second.
        assertThat(busiest).as("seed %s", SEED).isLessThan(40);
    }

    @Test
    void aServerThatLostItsMemoryIsSentEachFullStateOnce() {
        SimulatedFleet fleet = attachedFleet(AGENTS);
        fleet.server.crash();
        fleet.server.forget();
        fleet.time.advance(Duration.ofSeconds(20));
        fleet.server.be(Condition.UP);
        fleet.time.advance(Duration.ofSeconds(20));

        assertThat(fleet.server.registrations).isEqualTo(2 * AGENTS);
        assertThat(fleet.server.rejoins).isZero();
        assertLawful(fleet, AGENTS);
    }

    @ParameterizedTest
    @EnumSource(names = {"CLOSING", "DEAF", "FROZEN", "UNAVAILABLE", "REFUSING", "DOWN"})
    void whateverWasWrongForTenMinutesAllComeBackAndNobodyWasHammered(Condition wrong) {
        SimulatedFleet fleet = attachedFleet(FEWER);
        int before = fleet.server.dials;
        if (wrong == Condition.CLOSING || wrong == Condition.REFUSING || wrong == Condition.DOWN) {
            fleet.server.crash();
        }
        fleet.server.be(wrong);
        fleet.time.advance(Duration.ofMinutes(10));
        assertThat(fleet.attached()).isZero();
        // At the cap a dial every 15 s and no sooner, and what went before: no more than 48 an agent.
        assertThat(fleet.server.dials - before).isBetween(FEWER * 10, FEWER * 48);

        fleet.server.be(Condition.UP);
        fleet.time.advance(Duration.ofSeconds(70));
        assertLawful(fleet, FEWER);
    }

    /** One thing after the other goes wrong, as the seed has it: safety all along, and all is well once it stops. */
    @Test
    void whateverHappensInWhateverOrderTheLawsHold() {
        SimulatedFleet fleet = troubledFleet(SEED, AGENTS);
        fleet.server.be(Condition.UP);
        fleet.time.advance(Duration.ofSeconds(70));
        assertLawful(fleet, AGENTS);
        // The faults must have been felt, else this shows nothing; another seed may happen to bring fewer.
        if (SEED == DEFAULT_SEED) {
            assertThat(fleet.server.registrations).isGreaterThan(AGENTS);
            assertThat(fleet.server.rejoins).isGreaterThan(AGENTS);
        }
    }

    @Test
    void aFleetsHistoryIsTheSameFromTheSameSeedAndAnotherFromAnother() {
        List<String> history = troubledFleet(SEED, 50).heard;
        assertThat(troubledFleet(SEED, 50).heard).isEqualTo(history);
        assertThat(troubledFleet(SEED + 1, 50).heard).isNotEqualTo(history);
    }

    private static SimulatedFleet attachedFleet(int agents) {
        SimulatedFleet fleet = new SimulatedFleet(SEED, agents);
        fleet.time.advance(Duration.ofSeconds(45));
        assertThat(fleet.attached()).isEqualTo(agents);
        return fleet;
    }

    private static SimulatedFleet troubledFleet(long seed, int agents) {
        SimulatedFleet fleet = new SimulatedFleet(seed, agents);
        SplittableRandom chance = new SplittableRandom(seed);
        List<Condition> conditions = List.of(Condition.values());
        for (int trouble = 0; trouble < 30; trouble++) {
            fleet.time.advance(Duration.ofMillis(chance.nextInt(1, 40_000)));
            switch (chance.nextInt(4)) {
                case 0 -> fleet.server.crash();
                case 1 -> {
                    fleet.server.crash();
                    fleet.server.forget();
                }
                default -> {}
            }
            fleet.server.be(conditions.get(chance.nextInt(conditions.size())));
        }
        return fleet;
    }

    /** All are back, nobody dialled too soon or twice at once, and no full state was sent without need. */
    private static void assertLawful(SimulatedFleet fleet, int agents) {
        assertThat(fleet.attached()).as("attached, seed %s", SEED).isEqualTo(agents);
        assertThat(fleet.server.connections()).isEqualTo(agents);
        assertThat(fleet.server.visits()).hasSize(agents).allSatisfy(visit -> {
            assertThat(Duration.ofNanos(visit.shortestGap))
                    .as("from dial to dial, seed %s", SEED)
                    .isGreaterThanOrEqualTo(Duration.ofMillis(375));
            assertThat(visit.twoAtOnce).as("two at once, seed %s", SEED).isZero();
            assertThat(visit.tooSoon).as("sooner than told, seed %s", SEED).isZero();
            assertThat(visit.fullStates).as("full states, seed %s", SEED).isLessThanOrEqualTo(1 + visit.excuses);
        });
    }

    @Test
    void theSameSeedGivesTheSameRunToTheLastNanosecond() {
        assertThat(life(SEED)).isEqualTo(life(SEED)).isNotEqualTo(life(SEED + 1));
    }

    /**
     * Two short outages, a server that forgot, one that freezes, a stop: every line of it is meant. From the fifth
     * attempt on it is a probe that is waited for, which takes half of what a dial takes.
     */
    @Test
    void oneAgentsLifeReadsAsWritten() {
        assertThat(life(7))
                .containsExactly(
                        "    0.008 registered",
                        "   40.002 lost NETWORK",
                        "   40.002 NETWORK attempt 1 waits 0.527s",
                        "   40.533 NETWORK attempt 2 waits 0.414s",
                        "   40.951 NETWORK attempt 3 waits 0.593s",
                        "   41.549 NETWORK attempt 4 waits 1.173s",
                        "   42.725 NETWORK attempt 5 waits 1.633s",
                        "   44.370 rejoined",
                        "   93.002 lost NETWORK",
                        "   93.002 NETWORK attempt 1 waits 0.599s",
                        "   93.613 registered",
                        "  113.609 lost TIMEOUT",
                        "  113.609 TIMEOUT attempt 2 waits 0.536s",
                        "  124.145 TIMEOUT attempt 3 waits 0.488s",
                        "  134.633 TIMEOUT attempt 4 waits 1.083s",
                        "  140.716 TIMEOUT attempt 5 waits 0.959s",
                        "  146.676 TIMEOUT attempt 6 waits 2.337s",
                        "  154.012 TIMEOUT attempt 7 waits 4.253s",
                        "  163.265 TIMEOUT attempt 8 waits 9.080s",
                        "  172.357 rejoined");
    }

    private static List<String> life(long seed) {
        SimulatedFleet fleet = new SimulatedFleet(seed, 1);
        VirtualTime time = fleet.time;
        time.advance(Duration.ofSeconds(40));
        fleet.server.crash();
        time.advance(Duration.ofSeconds(3));
        fleet.server.be(Condition.UP);
        time.advance(Duration.ofSeconds(50));
        fleet.server.crash();
        fleet.server.forget();
        fleet.server.be(Condition.UP);
        time.advance(Duration.ofSeconds(10));
        fleet.server.be(Condition.FROZEN);
        time.advance(Duration.ofSeconds(60));
        fleet.server.be(Condition.UP);
        time.advance(Duration.ofSeconds(30));
        fleet.links.getFirst().stop();
        time.advance(Duration.ofSeconds(30));
        return fleet.heard;
    }
}
