// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import dev.holdfast.agent.subsystem.Records;
import dev.holdfast.core.policy.LimitedLog;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.Time;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts what subsystems record into the outbox. What is refused there is told, with the number of those left out. */
public final class KeptRecords implements Records {

    private static final Logger log = LoggerFactory.getLogger(KeptRecords.class);

    private static final String JSON = "application/json";

    private final AgentOutbox outbox;
    private final LimitedLog lines;

    /** Nothing is recorded yet. */
    public KeptRecords(AgentOutbox outbox, Time time) {
        this.outbox = outbox;
        this.lines = new LimitedLog(1, Duration.ofMinutes(1), time::nanoTime);
    }

    @Override
    public void record(String lane, String json) {
        NewRecord record = NewRecord.of(lane, JSON, json.getBytes(StandardCharsets.UTF_8));
        var unused = outbox.append(List.of(record)).whenComplete((sequences, thrown) -> {
            if (thrown != null) {
                lines.write(
                        log::warn,
                        () -> "a record of lane " + lane + " is lost, since it could not be kept: "
                                + thrown.getMessage());
            }
        });
    }
}
