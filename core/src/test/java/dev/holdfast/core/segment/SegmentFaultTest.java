// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.disk.FaultyDisk.Done;
import dev.holdfast.core.disk.FaultyDisk.Kept;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever fails, and however the power goes: what was forced is there, whole and in order, and nothing else. */
class SegmentFaultTest {

    private static final int ROUNDS = 20;
    private static final int STEPS = 60;

    /** All that is done to a log, once. */
    private static LogWriter script(FaultyDisk disk) {
        LogWriter writer = LogWriter.on(disk, new SplittableRandom(7));
        writer.begin(1);
        writer.put(1, 70);
        writer.put(3, 400);
        writer.flush();
        writer.put(2, 900);
        writer.force();
        writer.prepare();
        writer.put(2, 12_000);
        writer.flush();
        writer.put(1, 10);
        int old = writer.current();
        writer.begin(2);
        writer.put(2, 5_000);
        writer.force();
        writer.delete(old);
        writer.put(3, 2_000);
        writer.force();
        writer.begin(0);
        writer.put(4, 1_500);
        writer.flush();
        writer.put(2, 200);
        return writer;
    }

    @ParameterizedTest
    @CsvSource({"NOTHING,false", "PART,false", "ALL,false", "NOTHING,true", "PART,true", "ALL,true"})
    void everyOperationFailsOnceOrFromThenOn(Done done, boolean lasts) throws Exception {
        int operations = script(new FaultyDisk(new SplittableRandom(0)))
                .disk
                .operations()
                .size();
        assertThat(operations).isGreaterThan(25);
        for (int at = 0; at <= operations; at++) {
            FaultyDisk disk = new FaultyDisk(new SplittableRandom(at));
            disk.fail(at, done, lasts, FaultyDisk.FULL);
            LogModel model = script(disk).model;
            disk.heal();
            String what = at + " of " + disk.operations();
            check(what + ", killed", model, disk);
            SplittableRandom how = new SplittableRandom(at);
            for (Kept kept : Kept.values()) {
                Kept names = any(Kept.values(), how);
                check(what + ", kept " + kept + " and of names " + names, model, disk.powerLoss(kept, names, how));
            }
        }
    }

    private static <T> T any(T[] of, SplittableRandom chance) {
        return of[chance.nextInt(of.length)];
    }

    private static void check(String what, LogModel model, FaultyDisk disk) throws IOException {
        try (SegmentLog log = SegmentLog.open(disk, LogWriter.SIZE, new SplittableRandom(8))) {
            assertThat(log.unreadable()).isEmpty();
            model.check(log);
        } catch (AssertionError e) {
            throw new AssertionError(what, e);
        }
    }

    static LongStream seeds() {
        Long replayed = Long.getLong("holdfast.seed");
        return replayed == null ? LongStream.of(1, 2, 20261122) : LongStream.of(replayed);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anythingInAnyOrder(long seed) throws Exception {
        SplittableRandom seeds = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            List<String> story = new ArrayList<>();
            try {
                play(seeds.split(), story);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("-Dholdfast.seed=" + seed + ", round " + round + ": " + story, e);
            }
        }
    }

    private static void play(SplittableRandom chance, List<String> story) throws IOException {
        LogWriter writer = LogWriter.on(new FaultyDisk(chance.split()), chance);
        writer.begin(0);
        for (int step = 0; step < STEPS; step++) {
            int what = chance.nextInt(100);
            if (what < 4 || writer.hasFailed()) {
                story.add("power lost");
                writer = writer.powerLost(chance.split());
            } else if (what < 7) {
                story.add("killed");
                writer = writer.killed(chance.split());
            } else {
                step(writer, what, chance, story);
            }
        }
        writer.disk.heal();
        writer.model.check(writer.log);
        check("killed", writer.model, writer.disk);
        check("power lost", writer.model, writer.disk.powerLoss(chance));
    }

    private static void step(LogWriter writer, int what, SplittableRandom chance, List<String> story) {
        if (what < 45) {
            story.add("put");
            writer.put(1 + chance.nextInt(4), what < 10 ? 9_000 : 600);
        } else if (what < 60) {
            story.add("flush");
            writer.flush();
        } else if (what < 75) {
            story.add("force");
            writer.force();
        } else if (what < 80) {
            story.add("begin");
            writer.begin(chance.nextInt(3));
        } else if (what < 84) {
            story.add("delete");
            writer.delete(1 + chance.nextInt(Math.max(1, writer.current())));
        } else if (what < 88) {
            story.add("prepare");
            writer.prepare();
        } else if (what < 92) {
            story.add("heal");
            writer.disk.heal();
        } else if (what < 93) {
            story.add("full");
            writer.disk.limit(chance.nextInt(4 * LogWriter.SIZE));
        } else if (what < 94) {
            story.add("read-only");
            writer.disk.readOnly();
        } else {
            int at = writer.disk.operations().size() + chance.nextInt(6);
            Done done = any(Done.values(), chance);
            story.add("fail " + at + " " + done);
            writer.disk.fail(at, done, chance.nextInt(3) == 0, FaultyDisk.BROKEN);
        }
    }
}
