// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static dev.holdfast.cli.RunningCommand.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.agent.http.HttpTransport;
import dev.holdfast.agent.http.Proxies;
import dev.holdfast.agent.link.Link;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.LinkListener;
import dev.holdfast.agent.route.Delay;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A hundred links with the defaults, and a server that is killed and started again under them. */
class FleetRestartIT {

    private static final int AGENTS = 100;
    private static final long SEED = 20261122;

    @TempDir
    Path temp;

    private final SystemTime time = SystemTime.start("hundred-links");
    private final List<Link> links = new ArrayList<>();
    private final AtomicInteger registered = new AtomicInteger();
    private final ConcurrentLinkedQueue<Instant> rejoined = new ConcurrentLinkedQueue<>();

    /** When each of those that rejoined was to dial: a machine that is busy makes no crowd of them. */
    private final ConcurrentLinkedQueue<Instant> meant = new ConcurrentLinkedQueue<>();

    @AfterEach
    void endWhatRuns() {
        CompletableFuture<?>[] stopped =
                links.stream().map(link -> link.stop().toCompletableFuture()).toArray(CompletableFuture<?>[]::new);
        CompletableFuture.allOf(stopped).join();
        time.close();
    }

    @Test
    void allRejoinNoneRegistersAndTheyDoNotComeAtOnce() throws Exception {
        try (Rig rig = new Rig(temp)) {
            RunningCommand server = rig.server("127.0.0.1:0");
            String address = rig.listen();
            begin(URI.create("ws://" + address));
            await().atMost(PATIENCE).until(() -> registered.get() == AGENTS);

            Instant gone = Instant.now();
            server.kill();
            RunningCommand again = rig.server(address);
            Instant reachable =
                    RunningCommand.date(again.lines("listens for agents on").getFirst());
            await().atMost(PATIENCE).until(() -> rejoined.size() >= AGENTS);

            List<Duration> back = since(reachable, rejoined);
            long busiest = busiestTenthOfASecond(since(reachable, meant));
            System.out.printf(
                    "recovery: scenario=hundred-restarted outage=%s reachable_to_attached=%s p50=%s"
                            + " busiest_tenth_of_a_second=%d%n",
                    Delay.seconds(Duration.between(gone, reachable)),
                    Delay.seconds(back.getLast()),
                    Delay.seconds(back.get(AGENTS / 2)),
                    busiest);
            assertThat(back).hasSize(AGENTS);
            assertThat(registered).hasValue(AGENTS);
            assertThat(rig.metric("holdfast_registrations_total")).isZero();
            assertThat(rig.metric("holdfast_rejoins_total")).isEqualTo(AGENTS);
            assertThat(busiest).as("dials of %s in a tenth of a second", AGENTS).isLessThanOrEqualTo(AGENTS / 4);
        }
    }

    private void begin(URI server) {
        SplittableRandom chance = new SplittableRandom(SEED);
        LinkConfig config = LinkConfig.of(server);
        for (int agent = 0; agent < AGENTS; agent++) {
            SplittableRandom own = chance.split();
            AgentState self = new AgentState(
                    InstanceUid.random(time.instant(), own),
                    AgentDescription.EMPTY,
                    Health.good(),
                    Capabilities.OF_AGENT,
                    List.of());
            HttpTransport transport = new HttpTransport(config, Proxies.none(), time);
            links.add(new Link(config, self, "%032x".formatted(agent), new Ears(), time, own, transport));
        }
        links.forEach(Link::start);
    }

    private static List<Duration> since(Instant reachable, Collection<Instant> times) {
        return times.stream()
                .map(at -> Duration.between(reachable, at))
                .sorted()
                .toList();
    }

    private static long busiestTenthOfASecond(List<Duration> times) {
        return times.stream()
                .map(at -> at.toMillis() / 100)
                .collect(Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()))
                .values()
                .stream()
                .mapToLong(Long::longValue)
                .max()
                .orElseThrow();
    }

    private final class Ears implements LinkListener {

        private Instant next = Instant.MIN;

        @Override
        public void registered() {
            registered.incrementAndGet();
        }

        @Override
        public void waits(Delay delay) {
            next = time.instant().plus(delay.delay());
        }

        @Override
        public void rejoined() {
            meant.add(next);
            rejoined.add(time.instant());
        }
    }
}
