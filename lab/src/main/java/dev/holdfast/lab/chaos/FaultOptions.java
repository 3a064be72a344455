// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import dev.holdfast.lab.chaos.Fault.Kill;
import dev.holdfast.lab.chaos.Fault.Pause;
import dev.holdfast.lab.chaos.Fault.Target;
import dev.holdfast.lab.chaos.Step.Moment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Which faults there are and how often, all drawn from one seed, so that one run is mostly about starts and another
 * mostly about drains.
 *
 * @param agent out of the sum of it and the next two, how often the agent alone is meant; at least 1
 * @param server the server alone
 * @param both both at once
 * @param pausePercent of a hundred kills, before how many a process is stopped for a moment
 * @param starting out of the sum of it and the next two, how often a fault falls into a start; at least 1
 * @param draining into a drain
 * @param working into neither
 * @param downPercent of a hundred kills, after how many what was killed stays away for a moment
 */
record FaultOptions(
        int agent, int server, int both, int pausePercent, int starting, int draining, int working, int downPercent) {

    /** How long after its beginning a start is interrupted, at most: about as long as one takes. */
    static final Duration LONGEST_START = Duration.ofMillis(1200);

    /** The same of a drain. */
    static final Duration LONGEST_DRAIN = Duration.ofMillis(300);

    /** The same of work. */
    static final Duration LONGEST_WORK = Duration.ofMillis(1500);

    /** How long a process stays away, at most. */
    static final Duration LONGEST_DOWN = Duration.ofMillis(800);

    /** How long a process is stopped, at most. */
    static final Duration LONGEST_PAUSE = Duration.ofMillis(800);

    /** Some. */
    static FaultOptions draw(RandomGenerator chance) {
        return new FaultOptions(
                chance.nextInt(1, 5),
                chance.nextInt(1, 5),
                chance.nextInt(1, 4),
                chance.nextInt(5, 30),
                chance.nextInt(1, 4),
                chance.nextInt(1, 4),
                chance.nextInt(1, 4),
                chance.nextInt(10, 50));
    }

    /** Steps with so many kills, and pauses between them. */
    List<Step> schedule(int kills, RandomGenerator chance) {
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < kills; i++) {
            if (chance.nextInt(100) < pausePercent) {
                steps.add(step(new Pause(target(chance), upTo(LONGEST_PAUSE, chance)), chance));
            }
            boolean staysAway = chance.nextInt(100) < downPercent;
            steps.add(step(new Kill(target(chance), staysAway ? upTo(LONGEST_DOWN, chance) : Duration.ZERO), chance));
        }
        return steps;
    }

    private Step step(Fault fault, RandomGenerator chance) {
        Moment moment = drawn(chance, List.of(Moment.values()), starting, draining, working);
        Duration longest = switch (moment) {
            case STARTING -> LONGEST_START;
            case DRAINING -> LONGEST_DRAIN;
            case WORKING -> LONGEST_WORK;
        };
        return new Step(moment, upTo(longest, chance), fault);
    }

    private Target target(RandomGenerator chance) {
        return drawn(chance, List.of(Target.values()), agent, server, both);
    }

    /** One of them, each as often as its weight says. */
    private static <T> T drawn(RandomGenerator chance, List<T> things, int... weights) {
        int left = chance.nextInt(IntStream.of(weights).sum());
        int place = 0;
        while (left >= weights[place]) {
            left -= weights[place];
            place++;
        }
        return things.get(place);
    }

    private static Duration upTo(Duration longest, RandomGenerator chance) {
        return Duration.ofMillis(chance.nextLong(longest.toMillis() + 1));
    }
}
