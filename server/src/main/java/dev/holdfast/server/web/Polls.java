// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.server.fleet.AgentLink;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The links of agents that poll. Each counts as attached until it has not polled for {@link #SILENCE}. Nothing is kept
 * of those that only asked.
 *
 * <p>Safe for use by any thread; nothing waits.
 */
final class Polls implements AutoCloseable {

    /** How often an agent polls unless told otherwise. */
    private static final Duration POLL_INTERVAL = Duration.ofSeconds(30);

    /** How long an agent may be silent before it counts as gone: three polls. */
    static final Duration SILENCE = POLL_INTERVAL.multipliedBy(3);

    private static final Duration SWEEP_INTERVAL = Duration.ofSeconds(5);

    private final Reception reception;
    private final Time time;
    private final Map<InstanceUid, Poll> polls = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Polls(Reception reception, Time time) {
        this.reception = reception;
        this.time = time;
        time.schedule(SWEEP_INTERVAL, this::sweep);
    }

    /** Takes a message of an agent that polls. */
    CompletionStage<ServerMessage> received(AgentMessage message, @Nullable String announcedHash) {
        reception.meters().overHttp.increment();
        while (true) {
            Poll poll = polls.computeIfAbsent(message.uid(), uid -> new Poll(uid, announcedHash));
            CompletionStage<ServerMessage> answer = poll.received(message);
            if (answer != null) {
                return answer;
            }
        }
    }

    /** How many are kept. */
    int size() {
        return polls.size();
    }

    /** Counts all of them as gone. */
    @Override
    public void close() {
        closed = true;
        List.copyOf(polls.values()).forEach(poll -> poll.end("the server stops"));
    }

    private void sweep() {
        try {
            long now = time.nanoTime();
            polls.values().forEach(poll -> poll.sweep(now));
        } finally {
            if (!closed) {
                time.schedule(SWEEP_INTERVAL, this::sweep);
            }
        }
    }

    /** One agent's polls. */
    private final class Poll implements AgentLink {

        private final InstanceUid uid;
        private final long number = reception.fleet().nextLinkNumber();
        private final Conversation conversation;
        private long lastHeard = time.nanoTime();
        private boolean over;

        Poll(InstanceUid uid, @Nullable String announcedHash) {
            this.uid = uid;
            this.conversation = new Conversation(reception, this, announcedHash);
        }

        /** The answer, or null if this is over and another has to take its place. */
        synchronized @Nullable CompletionStage<ServerMessage> received(AgentMessage message) {
            if (over) {
                return null;
            }
            lastHeard = time.nanoTime();
            CompletionStage<ServerMessage> answer = conversation.received(message);
            if (message.disconnect()) {
                end("it took its leave");
            } else if (!conversation.attached()) {
                // A uid alone is soon made up: who is not attached begins anew next time, with the same answers.
                end("it is not attached");
            }
            return answer;
        }

        synchronized void sweep(long now) {
            if (now - lastHeard >= SILENCE.toNanos()) {
                end("it has not polled for " + SILENCE.toSeconds() + " s");
            }
        }

        synchronized void end(String reason) {
            over = true;
            polls.remove(uid, this);
            conversation.ended(reason);
        }

        @Override
        public long number() {
            return number;
        }

        @Override
        public String transport() {
            return "HTTP polling";
        }

        @Override
        public void displaced() {
            end("a newer link took its place");
        }
    }
}
