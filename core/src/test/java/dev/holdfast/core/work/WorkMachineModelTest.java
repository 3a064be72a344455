// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.work.Terms.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The machine beside {@link WorkModel} over random operations. Every random choice comes from one seed;
 * {@code -Dholdfast.seed=N} plays another, and with {@code -Dholdfast.runs=1} nothing but it.
 */
class WorkMachineModelTest {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);
    private static final List<Priority> PRIORITIES = List.of(Priority.values());
    private static final int RUNS = Integer.getInteger("holdfast.runs", 400);
    private static final int STEPS = 600;
    private static final int KEYS = 16;

    @Test
    void theMachineDoesWhatTheModelDoes() {
        for (long seed = SEED; seed < SEED + RUNS; seed++) {
            new Run(seed).play();
        }
    }

    private static final class Run {
        /** Not 0, and about to overflow: the machine may only subtract. */
        private static final long BEGUN = Long.MAX_VALUE - 1_000_000_000;

        final long seed;
        final SplittableRandom chance;
        final WorkMachine<Integer> machine;
        final WorkModel model;
        final List<Entry<Integer>> running = new ArrayList<>();
        final List<String> did = new ArrayList<>();
        long elapsed;

        Run(long seed) {
            this.seed = seed;
            this.chance = new SplittableRandom(seed);
            WorkPolicy policy = WorkPolicy.DEFAULT
                    .withBackoff(Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60)))
                    .withMaxRetries(chance.nextInt(5))
                    .withCapacity(4 + chance.nextInt(KEYS));
            if (chance.nextBoolean()) {
                policy = policy.withRetryRate(0.05 + chance.nextDouble(), 1 + chance.nextInt(3));
            }
            this.machine = new WorkMachine<>(policy, chance.split(), BEGUN);
            this.model = new WorkModel(policy);
        }

        void play() {
            for (int step = 0; step < STEPS; step++) {
                // Never none: what is due at the same instant comes in no order.
                elapsed +=
                        chance.nextInt(10) == 0 ? chance.nextLong(1, 40_000_000_000L) : chance.nextLong(1, 300_000_000);
                model.moveTo(elapsed);
                step(chance.nextInt(KEYS), BEGUN + elapsed);
                compare();
            }
        }

        private void step(int key, long now) {
            switch (chance.nextInt(100)) {
                case 0 -> did("release", key, machine.releaseTerminal(key, now), model.release(key));
                case 1, 2, 3 -> did("remove", key, machine.remove(key), model.remove(key));
                case 4, 5, 6 -> did("hasten", key, machine.hasten(key, now), model.hasten(key));
                case 7 -> {
                    if (chance.nextInt(STEPS / 10) == 0) {
                        machine.close();
                        model.close();
                        did.add("close");
                    }
                }
                default -> {
                    int which = chance.nextInt(3);
                    if (which == 0) {
                        Terms terms = terms();
                        did("add " + terms, key, machine.add(key, terms, now), model.add(key, terms));
                    } else if (which == 1) {
                        next(now);
                    } else if (!running.isEmpty()) {
                        settle(running.remove(chance.nextInt(running.size())), now);
                    }
                }
            }
            machine.release(now);
        }

        private void next(long now) {
            Map<Priority, Integer> heads = model.heads();
            Entry<Integer> entry = machine.next(now);
            did.add("next " + (entry == null ? null : entry.key));
            if (entry == null) {
                assertThat(heads).as(this::story).isEmpty();
                return;
            }
            // Whose turn it is, is shown in LinesTest.
            assertThat(heads).as(this::story).containsEntry(entry.priority, entry.key);
            assertThat(entry.failures()).as(this::story).isEqualTo(model.failures(entry.key));
            model.take(entry.key);
            running.add(entry);
        }

        private void settle(Entry<Integer> entry, long now) {
            Outcome outcome = outcome();
            WorkLog.Setback<Integer> setback = machine.settle(entry, outcome, now, () -> Instant.EPOCH);
            model.settle(entry.key, outcome);
            did(
                    "settle " + outcome,
                    entry.key,
                    setback == null ? null : setback.terminal(),
                    model.terminals.get(entry.key));
        }

        private Terms terms() {
            Duration delay = chance.nextInt(3) == 0 ? Duration.ZERO : nanos(-5_000_000_000L, 60_000_000_000L);
            @Nullable Duration within = chance.nextInt(4) == 0 ? nanos(1, 30_000_000_000L) : null;
            return new Terms(PRIORITIES.get(chance.nextInt(3)), delay, within);
        }

        private Outcome outcome() {
            return switch (chance.nextInt(8)) {
                case 0, 1 -> Outcome.done();
                case 2 -> Outcome.again(nanos(-1_000, 10_000_000_000L));
                case 3 -> Outcome.permanent("no");
                case 4 -> Outcome.retry(new Failure(Cause.OVERLOAD, nanos(0, 90_000_000_000L), "busy"));
                default -> Outcome.retry("later");
            };
        }

        private Duration nanos(long from, long to) {
            return Duration.ofNanos(chance.nextLong(from, to));
        }

        private void did(String what, int key, @Nullable Object machines, @Nullable Object models) {
            did.add(elapsed + " " + what + " " + key + ": " + machines);
            assertThat(machines).as(this::story).isEqualTo(models);
        }

        private void compare() {
            assertThat(machine.figures()).as(this::story).isEqualTo(model.figures());
            long due = machine.nextRelease(BEGUN - 1_000_000_000);
            assertThat(due == WorkMachine.NEVER ? due : due - BEGUN)
                    .as(this::story)
                    .isEqualTo(model.nextDue());
            Map<Integer, Terminal.Reason> terminals = new LinkedHashMap<>();
            machine.terminals().forEach(terminal -> terminals.put(terminal.key(), terminal.why()));
            assertThat(List.copyOf(terminals.entrySet()))
                    .as(this::story)
                    .isEqualTo(List.copyOf(model.terminals.entrySet()));
            assertThat(machine.left()).as(this::story).containsExactlyInAnyOrderElementsOf(model.items.keySet());
            for (int key = 0; key < KEYS; key++) {
                History history = machine.history(key);
                assertThat(history == null ? 0 : history.failures())
                        .as(this::story)
                        .isEqualTo(model.failures(key));
            }
        }

        private String story() {
            return "replay with -Dholdfast.seed=" + seed + " -Dholdfast.runs=1: ..."
                    + did.subList(Math.max(0, did.size() - 30), did.size());
        }
    }
}
