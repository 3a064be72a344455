// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.time.Time;
import dev.holdfast.lab.chaos.Fault.Kill;
import dev.holdfast.lab.chaos.Fault.Pause;
import dev.holdfast.lab.check.Arrival;
import dev.holdfast.lab.check.Checker;
import dev.holdfast.lab.check.Drop;
import dev.holdfast.lab.check.Ledger;
import dev.holdfast.lab.check.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One run: faults, then peace, then the judgement. For use by one thread. */
final class Chaos {

    /** How long records flow before the first fault, and after the last. */
    private static final Duration CALM = Duration.ofMillis(500);

    /** How long the outbox may take to become empty once nothing is killed any more. */
    private static final Duration DRAINING = Duration.ofMinutes(10);

    private static final Duration LOOK = Duration.ofMillis(200);

    private final long seed;
    private final List<Step> steps;
    private final Duration most;
    private final Path directory;
    private final Time time;
    private final Launcher launcher;
    private final Scene scene;
    private final Ledger ledger = new Ledger();
    private final List<Writer> writers = new ArrayList<>();
    private final List<Fault> done = new ArrayList<>();
    private final long begun;

    /**
     * One that has not begun.
     *
     * @param most for how long faults go on, at most
     * @param directory an empty one, for data and logs
     */
    Chaos(long seed, int kills, Duration most, Path directory, Launcher launcher, Time time) {
        SplittableRandom chance = new SplittableRandom(seed);
        this.seed = seed;
        this.steps = FaultOptions.draw(chance).schedule(kills, chance.split());
        this.most = most;
        this.directory = directory;
        this.time = time;
        this.launcher = launcher;
        this.scene = new Scene(launcher, directory, time);
        this.begun = time.nanoTime();
        for (Flow flow : Flow.ALL) {
            writers.add(new Writer(flow, scene.agentData(), ledger, time, chance.split()));
        }
    }

    /** What was found wrong, and what the run came to. */
    record Outcome(ChaosRow row, List<String> findings) {}

    /**
     * Runs.
     *
     * @throws ChaosException if something did not come back in time, or ended unasked
     */
    Outcome run() throws IOException, InterruptedException, ChaosException {
        try {
            writers.forEach(Writer::begin);
            scene.begin();
            scene.watch(CALM);
            inflictAll();
            long peace = time.nanoTime();
            note("no more faults");
            scene.awaitAttached();
            scene.watch(CALM);
            note("the writers end");
            for (Writer writer : writers) {
                writer.close();
            }
            note("the outbox is to become empty");
            awaitDrained();
            note("it is");
            return judge(since(peace));
        } finally {
            writers.forEach(Writer::abandon);
            scene.close();
        }
    }

    /** For people who look into a run that failed. */
    private void note(String what) throws IOException {
        String line = time.instant() + " " + what + System.lineSeparator();
        Files.writeString(directory.resolve("chaos.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private void inflictAll() throws IOException, InterruptedException, ChaosException {
        for (Step step : steps) {
            if (since(begun).compareTo(most) > 0) {
                return;
            }
            switch (step.moment()) {
                case STARTING -> {}
                case DRAINING, WORKING -> scene.awaitAttached();
            }
            scene.watch(step.delay());
            for (Writer writer : writers) {
                writer.requireWell();
            }
            note(step.moment() + ": " + step.fault());
            inflict(step.fault());
            done.add(step.fault());
        }
    }

    private void inflict(Fault fault) throws IOException, InterruptedException, ChaosException {
        List<Role> roles = fault.target().roles();
        switch (fault) {
            case Pause pause -> scene.pause(roles, pause.length());
            case Kill kill -> {
                scene.kill(roles);
                time.pause(kill.down());
                for (Role role : roles) {
                    scene.start(role);
                }
            }
        }
    }

    private void awaitDrained() throws IOException, InterruptedException, ChaosException {
        long since = time.nanoTime();
        long waiting = waiting();
        while (waiting > 0) {
            if (since(since).compareTo(DRAINING) > 0) {
                throw new ChaosException(waiting + " records still wait in the outbox " + DRAINING.toSeconds()
                        + " s after the last was appended");
            }
            scene.watch(LOOK);
            waiting = waiting();
        }
    }

    private long waiting() throws IOException, ChaosException {
        try (OutboxAccess outbox = OutboxAccess.ofRunning(scene.agentData(), time)
                .orElseThrow(() -> new ChaosException("the agent does not answer for its outbox"))) {
            return outbox.lanes().stream().mapToLong(LaneState::waiting).sum();
        }
    }

    private JsonNode deadInOutbox() throws IOException, InterruptedException, ChaosException {
        String json = launcher.run(
                directory.resolve("dead.json"),
                Scene.PATIENCE,
                List.of("outbox", "dead", "--data", scene.agentData().toString(), "--format", "json"));
        try {
            return JsonMapper.shared().readTree(json);
        } catch (JacksonException e) {
            throw new ChaosException("outbox dead: " + json + " (expected: JSON)");
        }
    }

    private Outcome judge(Duration drained) throws IOException, InterruptedException, ChaosException {
        scene.stop(Role.AGENT);
        List<Arrival> arrivals = scene.api().arrivals();
        List<Drop> dead = new ArrayList<>(scene.api().deadLetters());
        for (JsonNode letter : deadInOutbox()) {
            long sequence = letter.path("sequence").asLong(-1);
            dead.add(new Drop(letter.path("lane").asString(""), sequence, sequence));
        }
        scene.stop(Role.SERVER);
        for (Flow flow : Flow.ALL) {
            if (ledger.acknowledgedIn(flow.lane()) == 0) {
                throw new ChaosException("lane " + flow.lane() + ": nothing was ever acknowledged");
            }
        }
        Verdict verdict = Checker.check(ledger.lines(), arrivals, dead);
        return new Outcome(row(verdict, drained), verdict.findings());
    }

    private ChaosRow row(Verdict verdict, Duration drained) throws IOException {
        List<Duration> reattached = scene.reattached().stream().sorted().toList();
        long agentLines = lines(scene.agentLog());
        long serverLines = lines(scene.serverLog());
        int kills = (int) done.stream().filter(Kill.class::isInstance).count();
        return new ChaosRow(
                seed,
                verdict.isClean(),
                done.size(),
                kills,
                kills(Role.AGENT),
                kills(Role.SERVER),
                done.size() - kills,
                verdict.acknowledged(),
                verdict.delivered(),
                verdict.lost(),
                verdict.duplicated(),
                verdict.outOfOrder(),
                verdict.corrupted(),
                verdict.misnumbered(),
                verdict.unknown(),
                verdict.deadLetters(),
                verdict.uncertain(),
                verdict.uncertainDelivered(),
                reattached.size(),
                percentile(reattached, 50),
                percentile(reattached, 99),
                percentile(reattached, 100),
                seconds(drained),
                seconds(since(begun)),
                agentLines + serverLines,
                agentLines,
                serverLines,
                Math.max(scene.peakAgentKib(), scene.peakServerKib()) / 1024.0,
                scene.peakAgentKib() / 1024.0,
                scene.peakServerKib() / 1024.0);
    }

    private int kills(Role role) {
        return (int) done.stream()
                .filter(fault -> fault instanceof Kill && fault.target().roles().contains(role))
                .count();
    }

    /** The smallest that at least so many of a hundred do not exceed, in seconds; 0 of none. */
    static double percentile(List<Duration> sorted, int percent) {
        return sorted.isEmpty() ? 0 : seconds(sorted.get((sorted.size() * percent + 99) / 100 - 1));
    }

    private static double seconds(Duration length) {
        return length.toMillis() / 1000.0;
    }

    private Duration since(long nanos) {
        return Duration.ofNanos(time.nanoTime() - nanos);
    }

    private static long lines(Path log) throws IOException {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.count();
        }
    }
}
