// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.agent.access.AccessSocket;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.lab.check.Ledger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A writer, and what an agent has open in place of an agent. */
class WriterIT {

    private static final Flow FLOW = new Flow("small", 20, 60, 200, 5, Duration.ofMillis(2), 4);
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Ledger ledger = new Ledger();
    private final SystemTime time = SystemTime.start("writer-test");

    @TempDir
    private Path directory;

    @AfterEach
    void end() {
        time.close();
    }

    @Test
    void whatIsAnsweredIsNotedAndWhatIsNotIsNeverHandedOverAgain() throws Exception {
        try (Outbox outbox = outbox(OutboxPolicy.DEFAULT)) {
            Writer writer = writer(FLOW);
            writer.begin();
            // Each of these keeps one answer to itself.
            for (int cut = 0; cut < 2; cut++) {
                try (DeafSocket socket = DeafSocket.open(directory, outbox, time)) {
                    long before = ledger.acknowledgedIn("small");
                    await().atMost(PATIENCE).until(() -> ledger.acknowledgedIn("small") > before + 6);
                    socket.swallowAnAnswer(PATIENCE);
                }
            }
            try (AccessSocket socket = AccessSocket.open(directory, outbox, time)) {
                long before = ledger.acknowledgedIn("small");
                await().atMost(PATIENCE).until(() -> ledger.acknowledgedIn("small") > before + 6);
                writer.close();
                assertThat(socket).isNotNull();
            }
            assertKept(outbox.read("small", 1, 100_000, Long.MAX_VALUE));
        }
    }

    private void assertKept(List<Item> items) {
        List<String> kept = items.stream()
                .map(item -> new String(((Item.Stored) item).payload(), UTF_8))
                .toList();
        List<Ledger.Line> answered = ledger.lines().stream()
                .filter(line -> line.sequence().isPresent())
                .toList();
        assertThat(kept).doesNotHaveDuplicates().hasSizeGreaterThanOrEqualTo(answered.size() + 2);
        assertThat(answered)
                .hasSizeGreaterThan(18)
                .allSatisfy(line -> assertThat(kept.get((int) line.sequence().orElseThrow() - 1))
                        .startsWith(line.payload().id() + " "));
        assertThat(ledger.lines().size() - answered.size()).as("uncertain").isGreaterThanOrEqualTo(2);
    }

    @Test
    void whatAnAgentRefusesIsAProblem() throws Exception {
        OutboxPolicy small =
                OutboxPolicy.DEFAULT.withSegment(64 << 10).withQuota(512 << 10, OutboxPolicy.WhenFull.REJECT);
        Flow large = new Flow("large", 20_000, 24_000, 30_000, 2, Duration.ofMillis(1), 1);
        try (Outbox outbox = outbox(small);
                AccessSocket socket = AccessSocket.open(directory, outbox, time)) {
            Writer writer = writer(large);
            writer.begin();
            await().atMost(PATIENCE).until(() -> isUnwell(writer));
            assertThatThrownBy(writer::close)
                    .isInstanceOf(ChaosException.class)
                    .hasMessageContaining("lane large: ")
                    .hasMessageContaining("outbox full");
            assertThat(socket).isNotNull();
        }
    }

    private static boolean isUnwell(Writer writer) {
        try {
            writer.requireWell();
            return false;
        } catch (ChaosException e) {
            return true;
        }
    }

    private Outbox outbox(OutboxPolicy policy) throws Exception {
        return Outbox.open(SystemDisk.of(directory.resolve("log")), policy, time, new SplittableRandom(1));
    }

    private Writer writer(Flow flow) {
        return new Writer(flow, directory, ledger, time, new SplittableRandom(1));
    }
}
