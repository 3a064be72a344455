// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.disk.FaultyDisk;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.random.RandomGenerator;

/** Does with a log what its owner does, beside a {@link LogModel}; puts once more what could not be forced. */
final class LogWriter {

    static final int SIZE = SegmentLog.LEAST_SIZE;

    final FaultyDisk disk;
    final LogModel model;
    final SegmentLog log;
    private int current;
    private boolean hasFailed;

    private LogWriter(FaultyDisk disk, LogModel model, RandomGenerator chance) {
        this.disk = disk;
        this.model = model;
        try {
            log = SegmentLog.open(disk, SIZE, chance);
        } catch (IOException e) {
            throw new AssertionError("opening changes nothing", e);
        }
        assertThat(log.unreadable()).isEmpty();
    }

    static LogWriter on(FaultyDisk disk, RandomGenerator chance) {
        return new LogWriter(disk, new LogModel(), chance);
    }

    /** Whether it has given up, since nothing could be begun any more. */
    boolean hasFailed() {
        return hasFailed;
    }

    int current() {
        return current;
    }

    /** Another process takes over. */
    LogWriter killed(RandomGenerator chance) throws IOException {
        disk.heal();
        log.close();
        model.failed();
        LogWriter after = new LogWriter(disk, model, chance);
        model.check(after.log);
        after.goOn(chance);
        return after;
    }

    /** Another process finds what the power loss left. */
    LogWriter powerLost(RandomGenerator chance) throws IOException {
        LogWriter after = new LogWriter(disk.powerLoss(chance), model, chance);
        model.check(after.log);
        model.reopened(after.log);
        after.goOn(chance);
        return after;
    }

    private void goOn(RandomGenerator chance) throws IOException {
        List<Integer> segments = log.segments();
        if (segments.isEmpty() || chance.nextInt(4) == 0) {
            begin(0);
            return;
        }
        current = segments.get(segments.size() - 1);
        Scan scan = log.scan(current);
        while (scan.next()) {
            assertThat(scan.size()).isPositive();
        }
        log.resume(current, scan.written());
    }

    void put(int frames, int mostPayload) {
        List<Frame> group = model.group(frames, mostPayload);
        if (!hasFailed && !log.fits(SegmentLog.size(group))) {
            begin(0);
            // Behind what may have been put once more.
            group = model.group(frames, mostPayload);
        }
        if (!hasFailed) {
            model.put(group, current);
            log.put(group);
        }
    }

    void flush() {
        run(log::flush);
    }

    void force() {
        run(() -> {
            log.force();
            model.forced();
        });
    }

    private interface Step {
        void run() throws IOException;
    }

    /** If it fails, the log must say so until something else is begun. */
    private void run(Step step) {
        if (!hasFailed) {
            try {
                step.run();
            } catch (IOException e) {
                assertThat(log.fits(0)).isFalse();
                assertThatThrownBy(() -> log.put(List.of())).isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(log::force).isInstanceOf(IOException.class);
                recover();
            }
        }
    }

    void begin(int frames) {
        if (!hasFailed) {
            List<Frame> first = frames == 0 ? List.of() : model.group(frames, 300);
            if (frames > 0) {
                // Behind all that is forced by beginning.
                model.put(first, current + 1);
            }
            try {
                current = log.begin(first, Instant.EPOCH, 0);
                model.forced();
            } catch (IOException e) {
                recover();
            }
        }
    }

    private void recover() {
        List<List<Frame>> again = model.failed();
        for (int attempt = 0; attempt < 2; attempt++) {
            try {
                current = log.begin(List.of(), Instant.EPOCH, 0);
                for (List<Frame> group : again) {
                    List<Frame> copy = model.group(group.size(), 300);
                    model.put(copy, current);
                    log.put(copy);
                }
                log.force();
                model.forced();
                return;
            } catch (IOException e) {
                model.failed();
            }
        }
        hasFailed = true;
    }

    /** A spare that cannot be made stops nothing. */
    void prepare() {
        boolean wasGood = log.fits(0);
        try {
            log.prepare();
        } catch (IOException e) {
            assertThat(log.fits(0)).isEqualTo(wasGood);
        }
    }

    /** A segment that cannot be deleted stops nothing; nothing of what it held is to be expected. */
    void delete(int segment) {
        if (segment != current && log.segments().contains(segment)) {
            model.deleted(segment);
            try {
                log.delete(segment);
            } catch (IOException e) {
                assertThat(log.segments()).contains(segment);
            }
        }
    }
}
