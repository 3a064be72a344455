// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.OutboxMessage;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Where one link's messages of an outbox come in. Safe for use by any thread; does not wait.
 */
public final class Inlet {

    private final Intake intake;
    private final Assembly assembly;

    /** What of this link waits to be stored. */
    private final Budget share;

    /** Guarded by this. */
    private boolean isClosed;

    Inlet(Intake intake, Assembly assembly, Budget share) {
        this.intake = intake;
        this.assembly = assembly;
        this.share = share;
    }

    /**
     * Takes a message.
     *
     * @param agent whose link it is
     * @return what to answer, once what was taken is durable; nothing for what needs no answer. It is completed on the
     *     store's thread, which must not be held up, unless it is complete at once; it never fails.
     */
    public CompletionStage<Optional<OutboxMessage>> received(InstanceUid agent, OutboxMessage message) {
        return switch (message) {
            case OutboxMessage.Part part -> {
                add(part);
                yield CompletableFuture.completedStage(Optional.empty());
            }
            case OutboxMessage.Batch batch -> batch(agent, batch);
            case OutboxMessage.Resume resume -> intake.offer(agent, resume, share);
            // These are the server's own to say.
            case OutboxMessage.Mark mark -> CompletableFuture.completedStage(Optional.empty());
            case OutboxMessage.Refused refused -> CompletableFuture.completedStage(Optional.empty());
        };
    }

    /** Forgets what of the link is not whole. What waits to be stored still is. */
    public synchronized void close() {
        isClosed = true;
        assembly.clear();
    }

    private synchronized void add(OutboxMessage.Part part) {
        // What comes behind the end of its link would be kept for ever.
        if (!isClosed) {
            assembly.add(part);
        }
    }

    private CompletionStage<Optional<OutboxMessage>> batch(InstanceUid agent, OutboxMessage.Batch batch) {
        OutboxMessage whole;
        synchronized (this) {
            whole = assembly.complete(batch);
        }
        return whole instanceof OutboxMessage.Refused refused
                ? intake.refuse(refused)
                : intake.offer(agent, whole, share);
    }
}
