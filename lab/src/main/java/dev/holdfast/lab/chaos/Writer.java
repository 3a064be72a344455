// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import dev.holdfast.agent.access.AgentGoneException;
import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.Time;
import dev.holdfast.lab.check.Ledger;
import dev.holdfast.lab.check.Payload;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Appends to a lane of whatever agent runs, a group of records at a time, and notes the answers, on a thread of its
 * own. A record is never handed over a second time: what was not answered stays uncertain. All methods may be called
 * from any thread.
 */
final class Writer {

    /** How long an agent that runs may take to answer on a busy machine. */
    static final Duration PATIENCE = Duration.ofMinutes(10);

    /** Between two looks for an agent. */
    private static final Duration LOOK = Duration.ofMillis(50);

    private final Flow flow;
    private final Path data;
    private final Ledger ledger;
    private final Time time;
    private final RandomGenerator chance;
    private final Thread thread;
    private volatile boolean isClosed;
    private volatile @Nullable String problem;

    /** Touched by the writer's thread alone. */
    private long handedOver;

    /**
     * A writer that has not begun.
     *
     * @param data the agent's data directory
     * @param chance used by the writer's thread alone
     */
    Writer(Flow flow, Path data, Ledger ledger, Time time, RandomGenerator chance) {
        this.flow = flow;
        this.data = data;
        this.ledger = ledger;
        this.time = time;
        this.chance = chance;
        this.thread = Thread.ofPlatform().daemon().name("chaos-" + flow.lane()).unstarted(this::run);
    }

    /** Appends from now on, whenever an agent is there. */
    void begin() {
        thread.start();
    }

    /** @throws ChaosException if an agent that ran did not take what it was given */
    void requireWell() throws ChaosException {
        String found = problem;
        if (found != null) {
            throw new ChaosException("lane " + flow.lane() + ": " + found);
        }
    }

    /**
     * Appends nothing more, and waits for what is under way.
     *
     * @throws ChaosException if that is not answered in time, and as {@link #requireWell}
     */
    void close() throws InterruptedException, ChaosException {
        isClosed = true;
        if (!thread.join(PATIENCE)) {
            throw new ChaosException(
                    "lane " + flow.lane() + ": an append was not answered within " + PATIENCE.toSeconds() + " s");
        }
        requireWell();
    }

    /** The same without waiting. */
    void abandon() {
        isClosed = true;
    }

    private void run() {
        try {
            while (!isClosed) {
                appendWhileItRuns();
                time.pause(LOOK);
            }
        } catch (IOException e) {
            problem = e.toString();
        } catch (InterruptedException e) {
            problem = "it was interrupted";
        }
    }

    private void appendWhileItRuns() throws IOException, InterruptedException {
        try (OutboxAccess outbox = OutboxAccess.ofRunning(data, time).orElse(null)) {
            while (outbox != null && !isClosed) {
                append(outbox);
                time.pause(flow.pause(chance));
            }
        } catch (AgentGoneException killed) {
            // As it was to be; what it had not answered is uncertain.
        }
    }

    private void append(OutboxAccess outbox) throws IOException, InterruptedException {
        List<String> ids = new ArrayList<>();
        List<NewRecord> records = new ArrayList<>();
        for (int left = flow.count(chance); left > 0; left--) {
            String id = flow.lane() + "-" + handedOver++;
            String text = Payload.text(id, flow.size(chance), chance);
            ledger.offered(flow.lane(), Payload.of(text));
            ids.add(id);
            records.add(NewRecord.of(flow.lane(), "text/plain", text.getBytes(StandardCharsets.UTF_8)));
        }
        List<Long> sequences = outbox.append(records);
        if (sequences.size() != ids.size()) {
            throw new IOException(sequences.size() + " sequences for " + ids.size() + " records");
        }
        for (int n = 0; n < ids.size(); n++) {
            ledger.acknowledged(ids.get(n), sequences.get(n));
        }
    }
}
