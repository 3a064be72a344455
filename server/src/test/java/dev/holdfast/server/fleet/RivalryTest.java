// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RivalryTest {

    /** {@code mvn -pl server -am verify -Dholdfast.seed=N} replays seed N alone. */
    private static final @Nullable Long REPLAYED = Long.getLong("holdfast.seed");

    private static final AgentProcess A = new AgentProcess(1, 1);
    private static final AgentProcess B = new AgentProcess(1, 2);
    private static final AgentProcess C = new AgentProcess(2, 1);

    private final VirtualTime time = new VirtualTime();
    private Rivalry rivalry = Rivalry.NONE;

    @Test
    void theOneThatComesBackAfterAnotherCameBackIsTurnedAway() {
        displace(A, B);
        assertThat(turnsAway(A, B)).as("A may be what a proxy held back").isFalse();
        displace(B, A);
        assertThat(turnsAway(B, A)).isTrue();
        assertThat(turnsAway(C, A)).as("a third that was never displaced").isFalse();
        assertThat(turnsAway(A, A)).as("its own reconnect").isFalse();
    }

    @Test
    void threeThatTakeTurnsAreToldApartAsWell() {
        displace(A, B);
        displace(B, C);
        displace(C, A);
        assertThat(turnsAway(B, A)).isTrue();
        assertThat(turnsAway(C, A)).isTrue();
    }

    @Test
    void restartsNeverCountHoweverManyAndHoweverFast() {
        AgentProcess before = A;
        for (int restart = 0; restart < 10_000; restart++) {
            AgentProcess next = new AgentProcess(7, restart);
            assertThat(turnsAway(next, before)).isFalse();
            displace(before, next);
            displace(next, next);
            before = next;
            time.advance(Duration.ofMillis(10));
        }
        assertThat(rivalry.losses()).hasSize(Rivalry.MOST_LOSSES);
    }

    @Test
    void whatIsLongAgoIsForgotten() {
        displace(A, B);
        displace(B, A);
        time.advance(Rivalry.MEMORY.minusNanos(1));
        assertThat(turnsAway(B, A)).isTrue();
        time.advance(Duration.ofNanos(1));
        assertThat(turnsAway(B, A)).isFalse();
        assertThat(rivalry.at(time.nanoTime())).isSameAs(Rivalry.NONE);
    }

    @Test
    void amongThoseThatDoNotSayWhoTheyAreOnlyAnswersToTheCloseCount() {
        for (int i = 0; i < 100; i++) {
            displace(null, null);
        }
        assertThat(turnsAway(null, null)).isFalse();
        for (int i = 1; i <= Rivalry.MOST_ANSWERED; i++) {
            assertThat(turnsAway(null, null)).isFalse();
            rivalry = rivalry.answered(time.nanoTime());
        }
        assertThat(turnsAway(null, null)).isTrue();
        assertThat(turnsAway(A, null)).as("one that says").isFalse();
        assertThat(turnsAway(null, A))
                .as("one that does not, against one that does")
                .isFalse();
        time.advance(Rivalry.ANSWER_MEMORY);
        assertThat(turnsAway(null, null)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "cafe", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0", "\u0660"})
    void aProcessIsThirtyTwoDigits(String text) {
        assertThatThrownBy(() -> AgentProcess.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("process: \"")
                .hasMessageContaining(text.length() + " characters (expected: ");
    }

    @Test
    void aProcessIsReadWhateverTheCaseAndShownInShort() {
        AgentProcess process = AgentProcess.parse("0123456789abcdefFEDCBA9876543210");
        assertThat(process).isEqualTo(new AgentProcess(0x0123456789abcdefL, 0xfedcba9876543210L));
        assertThat(process).hasToString("01234567");
        assertThatThrownBy(() -> AgentProcess.parse("x".repeat(10_000)))
                .hasMessageContaining("10000 characters")
                .extracting(e -> String.valueOf(e.getMessage()).length())
                .satisfies(length -> assertThat(length).isLessThan(200));
    }

    @Test
    void whateverHappensOnlyCopiesAreTurnedAwayAndInTheEndNoneShareAUid() {
        int turnedAway = 0;
        for (long seed : REPLAYED == null ? LongStream.range(0, 500).toArray() : new long[] {REPLAYED}) {
            World world = new World(seed);
            try {
                world.run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed " + seed + "; mvn -pl server -am verify -Dholdfast.seed=" + seed + " replays it alone",
                        e);
            }
            turnedAway += world.turnedAway;
        }
        if (REPLAYED == null) {
            assertThat(turnedAway).as("or this shows nothing").isGreaterThan(500);
        }
    }

    private boolean turnsAway(@Nullable AgentProcess newcomer, @Nullable AgentProcess present) {
        return rivalry.turnsAway(newcomer, present, time.nanoTime());
    }

    private void displace(@Nullable AgentProcess loser, @Nullable AgentProcess newcomer) {
        rivalry = rivalry.displaced(loser, newcomer, time.nanoTime());
    }

    /**
     * Some hosts with the same uid, of which each runs one process at a time, restarts it now and then, and reconnects
     * now and then with its old connection half open. Written without a look at how it is decided.
     */
    private static final class World {

        private static final Duration FAULTS = Duration.ofMinutes(20);

        private final SplittableRandom chance;
        private final VirtualTime time = new VirtualTime();
        private final Map<Integer, Rivalry> uids = new HashMap<>();
        private final Map<Integer, Host> attached = new HashMap<>();
        private final List<Host> hosts = new ArrayList<>();
        private final int copies;
        private boolean faulty = true;
        private int processes;
        private int turnedAway;

        World(long seed) {
            this.chance = new SplittableRandom(seed);
            this.copies = 1 + chance.nextInt(6);
        }

        void run() {
            for (int i = 0; i < copies; i++) {
                Host host = new Host();
                hosts.add(host);
                host.dialIn(Duration.ofSeconds(chance.nextInt(60)));
                host.faultIn();
            }
            time.advance(FAULTS);
            faulty = false;
            time.advance(Duration.ofMinutes(5));
            Set<Integer> names = new HashSet<>();
            assertThat(hosts).allSatisfy(host -> assertThat(names.add(host.uid)).isTrue());
            assertThat(attached).hasSize(copies);
            assertThat(turnedAway).as("renamed without need").isEqualTo(copies - 1);
        }

        private final class Host {

            private int uid;
            private int dials;
            private AgentProcess process = next();
            private AgentProcess linked = process;

            AgentProcess next() {
                return new AgentProcess(chance.nextLong(), processes++);
            }

            void faultIn() {
                time.schedule(Duration.ofMillis(1 + chance.nextInt(60_000)), () -> {
                    if (faulty) {
                        if (chance.nextBoolean()) {
                            process = next();
                        }
                        dialIn(Duration.ofMillis(chance.nextInt(2_000)));
                        faultIn();
                    }
                });
            }

            /** What was dialled before is given up. */
            void dialIn(Duration delay) {
                int dial = ++dials;
                time.schedule(delay, () -> {
                    if (dial == dials) {
                        attach();
                    }
                });
            }

            private void attach() {
                Host present = attached.get(uid);
                Rivalry rivalry = uids.getOrDefault(uid, Rivalry.NONE);
                if (present == null) {
                    take();
                } else if (rivalry.turnsAway(process, present.linked, time.nanoTime())) {
                    turnedAway++;
                    assertThat(hosts.stream().filter(host -> host.uid == uid))
                            .as("hosts with this uid")
                            .hasSizeGreaterThan(1);
                    uid = turnedAway;
                    take();
                } else {
                    uids.put(uid, rivalry.displaced(present.linked, process, time.nanoTime()));
                    take();
                    if (present != this) {
                        present.dialIn(Duration.ofMillis(375 + chance.nextInt(250)));
                    }
                }
            }

            private void take() {
                linked = process;
                attached.put(uid, this);
            }
        }
    }
}
