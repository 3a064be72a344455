// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.link.SimulatedServer.Condition;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentState;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A fleet's outage and one agent's life, without a thread and without waiting. Every random choice comes from one seed;
 * {@code -Dholdfast.seed=N} plays another.
 */
class FleetOutageTest {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);
    private static final int AGENTS = 1_000;

    @Test
    void aThousandAgentsAllRejoinOnceAndSpreadOut() {
        Fleet fleet = new Fleet(SEED, AGENTS);
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
    void theSameSeedGivesTheSameRunToTheLastNanosecond() {
        assertThat(life(SEED)).isEqualTo(life(SEED)).isNotEqualTo(life(SEED + 1));
    }

    /** Two short outages, a server that forgot, one that freezes, a stop: every line of it is meant. */
    @Test
    void oneAgentsLifeReadsAsWritten() {
        assertThat(life(7))
                .containsExactly(
                        "    0.008 registered",
                        "   40.002 lost NETWORK",
                        "   40.002 NETWORK attempt 1 waits 0.527s",
                        "   40.533 NETWORK attempt 2 waits 0.414s",
                        "   40.951 NETWORK attempt 3 waits 0.593s",
                        "   41.549 NETWORK attempt 4 waits 0.923s",
                        "   42.475 NETWORK attempt 5 waits 1.637s",
                        "   44.120 rejoined",
                        "   93.002 lost NETWORK",
                        "   93.002 NETWORK attempt 1 waits 0.599s",
                        "   93.613 registered",
                        "  113.609 lost TIMEOUT",
                        "  113.609 TIMEOUT attempt 2 waits 0.536s",
                        "  124.145 TIMEOUT attempt 3 waits 0.488s",
                        "  134.633 TIMEOUT attempt 4 waits 0.833s",
                        "  145.466 TIMEOUT attempt 5 waits 1.919s",
                        "  157.385 TIMEOUT attempt 6 waits 4.673s",
                        "  172.059 TIMEOUT attempt 7 waits 8.505s",
                        "  180.572 rejoined");
    }

    private static List<String> life(long seed) {
        Fleet fleet = new Fleet(seed, 1);
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

    private static final class Fleet {

        private final VirtualTime time = new VirtualTime();
        private final SimulatedServer server = new SimulatedServer(time);
        private final List<Link> links = new ArrayList<>();
        private final List<String> heard = new ArrayList<>();

        Fleet(long seed, int agents) {
            SplittableRandom chance = new SplittableRandom(seed);
            for (int agent = 0; agent < agents; agent++) {
                links.add(link(chance.split()));
            }
            links.forEach(Link::start);
        }

        long attached() {
            return links.stream()
                    .filter(link -> link.phase() == LinkPhase.ATTACHED)
                    .count();
        }

        int busiestTenthOfASecond(Duration within) {
            int busiest = 0;
            for (long tenth = 0; tenth < within.toMillis() / 100; tenth++) {
                int before = server.dials;
                time.advance(Duration.ofMillis(100));
                busiest = Math.max(busiest, server.dials - before);
            }
            return busiest;
        }

        private Link link(SplittableRandom chance) {
            AgentState self = TestAgent.state(time, chance);
            LinkConfig config = LinkConfig.of(URI.create("ws://server.example"));
            return new Link(config, self, "cafe", new Ear(), time, chance, server);
        }

        private void hear(String what) {
            heard.add("%9.3f %s".formatted(time.elapsed().toNanos() / 1e9, what));
        }

        private final class Ear implements LinkListener {

            @Override
            public void rejoined() {
                hear("rejoined");
            }

            @Override
            public void registered() {
                hear("registered");
            }

            @Override
            public void lost(Failure failure) {
                hear("lost " + failure.cause());
            }

            @Override
            public void waits(Delay delay) {
                hear("%s attempt %d waits %s"
                        .formatted(delay.failure().cause(), delay.attempt(), Delay.seconds(delay.delay())));
            }
        }
    }
}
