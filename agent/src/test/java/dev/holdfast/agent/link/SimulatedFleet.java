// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.Delay;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentState;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** Agents, a server and the time they live in. Every random choice comes from one seed. */
final class SimulatedFleet {

    final VirtualTime time;
    final SimulatedServer server;
    final List<Link> links = new ArrayList<>();

    /** What the agents heard, each line with its time and, among several agents, whose it is. */
    final List<String> heard = new ArrayList<>();

    /** How long after the beginning each attachment came about. */
    final List<Duration> attachments = new ArrayList<>();

    /** The longest delay that any of them was given. */
    Duration longestDelay = Duration.ZERO;

    SimulatedFleet(long seed, int agents) {
        this(seed, agents, VirtualTime.BEGINNING);
    }

    /** @param date what the agents' clock says when they start */
    SimulatedFleet(long seed, int agents, Instant date) {
        time = new VirtualTime(date);
        server = new SimulatedServer(time);
        SplittableRandom chance = new SplittableRandom(seed);
        for (int agent = 0; agent < agents; agent++) {
            links.add(link(chance.split(), agents == 1 ? "" : agent + " "));
        }
        links.forEach(Link::start);
    }

    long attached() {
        return links.stream().filter(link -> link.phase() == LinkPhase.ATTACHED).count();
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

    private Link link(SplittableRandom chance, String name) {
        AgentState self = TestAgent.state(time, chance);
        LinkConfig config = LinkConfig.of(URI.create("ws://server.example"));
        return new Link(config, self, "cafe", new Ear(name), time, chance, server);
    }

    private final class Ear implements LinkListener {

        private final String name;

        Ear(String name) {
            this.name = name;
        }

        private void hear(String what) {
            heard.add(String.format(Locale.ROOT, "%9.3f %s%s", time.elapsed().toNanos() / 1e9, name, what));
        }

        @Override
        public void attached(URI server) {
            attachments.add(time.elapsed());
        }

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
            longestDelay = delay.delay().compareTo(longestDelay) > 0 ? delay.delay() : longestDelay;
            hear("%s attempt %d waits %s"
                    .formatted(delay.failure().cause(), delay.attempt(), Delay.seconds(delay.delay())));
        }
    }
}
