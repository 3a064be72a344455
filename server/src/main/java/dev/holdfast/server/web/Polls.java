// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.server.fleet.AgentLink;
import dev.holdfast.server.fleet.AgentProcess;
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
    private final Map<Poller, Poll> polls = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Polls(Reception reception, Time time) {
        this.reception = reception;
        this.time = time;
        time.schedule(SWEEP_INTERVAL, this::sweep);
    }

    /** Takes a message of an agent that polls. */
    CompletionStage<ServerMessage> received(AgentMessage message, Announced announced) {
        reception.meters().overHttp.increment();
        Poller poller = new Poller(message.uid(), announced.process());
        while (true) {
            Poll poll = polls.computeIfAbsent(poller, who -> new Poll(who, announced.stateHash()));
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

    /** Whose polls they are: two processes under one uid are two links, as they are over WebSockets. */
    private record Poller(InstanceUid uid, @Nullable AgentProcess process) {}

    /** One process's polls. */
    private final class Poll implements AgentLink {

        private final Poller poller;
        private final long number = reception.fleet().nextLinkNumber();
        private final Conversation conversation;
        private long lastHeard = time.nanoTime();
        private boolean over;

        Poll(Poller poller, @Nullable String announcedHash) {
            this.poller = poller;
            this.conversation = new Conversation(reception, this, announcedHash, null);
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
            } else if (!conversation.isUnderWay()) {
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
            polls.remove(poller, this);
            conversation.ended(reason);
        }

        @Override
        public long number() {
            return number;
        }

        @Override
        public @Nullable AgentProcess process() {
            return poller.process();
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
