// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.disk.FaultyDisk.Done;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What people are told when a disk fails. */
class OutboxTroubleTest {

    private final Logger logger = (Logger) LoggerFactory.getLogger(Outbox.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
    private final VirtualTime time = new VirtualTime();
    private Outbox outbox;

    @BeforeEach
    void open() throws IOException {
        lines.start();
        logger.setAdditive(false);
        logger.addAppender(lines);
        OutboxPolicy policy = OutboxPolicy.DEFAULT.withSegment(64 << 10);
        outbox = Outbox.open(disk, policy, time, new SplittableRandom(1), Outbox.Threads.none());
    }

    @AfterEach
    void close() throws IOException {
        disk.heal();
        outbox.close();
        logger.detachAppender(lines);
        logger.setAdditive(true);
    }

    private static NewRecord record() {
        return NewRecord.of("a", "text/plain", new byte[10]);
    }

    private List<String> told() {
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void aDiskThatTakesNothingIsToldInWordsThatSayWhatToDo() throws Exception {
        for (List<String> words : List.of(
                List.of(FaultyDisk.FULL, "no space is left on its disk (expected: free space there; "),
                List.of(
                        FaultyDisk.READ_ONLY,
                        "its file system is mounted read-only (expected: one that can be written; "),
                List.of(FaultyDisk.BROKEN, "its disk fails (expected: one that works; "))) {
            disk.fail(disk.operations().size(), Done.NOTHING, true, words.get(0));
            assertThatThrownBy(() -> outbox.append(record()))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(OutboxFullException.class)
                    .hasMessageStartingWith("outbox in memory cannot be written: " + words.get(1));
            disk.heal();
        }
        assertThat(outbox.append(record())).isEqualTo(1);
    }

    @Test
    void aDiskThatGoesOnFailingIsToldAFewTimesWithACount() throws Exception {
        for (int n = 0; n < 20; n++) {
            disk.fail(disk.operations().size(), Done.NOTHING, false, FaultyDisk.FULL);
            outbox.append(record());
        }
        assertThat(told())
                .hasSize(3)
                .allMatch(line -> line.startsWith("outbox in memory: writing failed, going on in a new segment: "));
        time.advance(Duration.ofMinutes(1));
        disk.fail(disk.operations().size(), Done.NOTHING, false, FaultyDisk.FULL);
        outbox.append(record());
        assertThat(told()).hasSize(4).last().asString().endsWith("(17 such lines left out before it)");
    }
}
