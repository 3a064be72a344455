// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.server.admission.Entrance;
import dev.holdfast.server.admission.Guest;
import dev.holdfast.server.fleet.AgentLink;
import dev.holdfast.server.fleet.AgentProcess;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
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

    /** How long an answer is held for what its message leads to. */
    static final Duration HELD = Duration.ofSeconds(1);

    /** How many messages wait for the next answer of one agent, which has room for one. */
    private static final int MOST_UNSAID = 16;

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

    /** Takes a message of an agent that polls. Who is not attached by that has to be let in first. */
    CompletionStage<ServerMessage> received(AgentMessage message, Announced announced) {
        reception.meters().overHttp.increment();
        Poller poller = new Poller(message.uid(), announced.process());
        while (true) {
            Poll poll = polls.get(poller);
            if (poll == null) {
                Optional<Entrance.Refusal> refusal = reception.entrance().ask(message.uid());
                if (refusal.isPresent()) {
                    return CompletableFuture.completedStage(refused(message.uid(), refusal.get()));
                }
                poll = polls.computeIfAbsent(poller, who -> new Poll(who, announced.stateHash()));
            }
            CompletionStage<ServerMessage> answer = poll.received(message);
            if (answer != null) {
                return answer;
            }
        }
    }

    private static ServerMessage refused(InstanceUid uid, Entrance.Refusal refusal) {
        return ServerMessage.refusal(
                uid,
                refusal.draining()
                        ? ServerMessage.Failure.drain(refusal.after())
                        : new ServerMessage.Failure(
                                ServerMessage.Failure.Kind.UNAVAILABLE, refusal.reason(), refusal.after()));
    }

    /** All that are attached by polling. */
    List<Guest> guests() {
        return List.copyOf(polls.values());
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

    /** What an agent is told at its next poll, and who is told when it is gone. */
    private record Leaving(Duration after, Consumer<Boolean> gone) {}

    /** Whose polls they are: two processes under one uid are two links, as they are over WebSockets. */
    private record Poller(InstanceUid uid, @Nullable AgentProcess process) {}

    /** One process's polls. */
    private final class Poll implements AgentLink, Guest {

        private final Poller poller;
        private final long number = reception.fleet().nextLinkNumber();
        private final Conversation conversation;

        /** What its outbox is to be told and was not yet, the oldest first. */
        private final Deque<CustomMessage> unsaid = new ArrayDeque<>();

        /** Done when an answer need not be held any more for what it could take along; null if none is held. */
        private @Nullable CompletableFuture<Void> held;

        private long lastHeard = time.nanoTime();
        private boolean over;

        /** Set when the server takes its leave. */
        private @Nullable Leaving leaving;

        Poll(Poller poller, @Nullable String announcedHash) {
            this.poller = poller;
            this.conversation = new Conversation(reception, this, announcedHash, this::push);
        }

        /** The answer, or null if this is over and another has to take its place. */
        synchronized @Nullable CompletionStage<ServerMessage> received(AgentMessage message) {
            if (over) {
                return null;
            }
            if (leaving != null) {
                ServerMessage goodbye =
                        ServerMessage.refusal(message.uid(), ServerMessage.Failure.drain(leaving.after()));
                end("the server stops");
                return CompletableFuture.completedStage(goodbye);
            }
            lastHeard = time.nanoTime();
            CompletionStage<ServerMessage> answer = answered(conversation.received(message));
            if (message.disconnect()) {
                end("it took its leave");
            } else if (!conversation.isUnderWay()) {
                // A uid alone is soon made up: who is not attached begins anew next time, with the same answers.
                end("it is not attached");
                reception.entrance().expect(message.uid());
            }
            return answer;
        }

        /** An answer that takes along what its outbox is told, if that is known soon; else the next one does. */
        private CompletionStage<ServerMessage> answered(CompletionStage<ServerMessage> answer) {
            if (!conversation.owes()) {
                return answer.thenApply(this::withUnsaid);
            }
            CompletableFuture<Void> settled = new CompletableFuture<>();
            held = settled;
            Time.Scheduled alarm = time.schedule(HELD, () -> settled.complete(null));
            return answer.thenCombine(settled, (reply, done) -> {
                alarm.cancel();
                return withUnsaid(reply);
            });
        }

        private synchronized ServerMessage withUnsaid(ServerMessage reply) {
            CustomMessage next = reply.error() == null ? unsaid.poll() : null;
            return next == null
                    ? reply
                    : conversation.say(next).map(said -> reply.withCustom(next)).orElse(reply);
        }

        /** Takes what its outbox is to be told, on any thread. */
        private void push(Optional<CustomMessage> message) {
            CompletableFuture<Void> settled;
            synchronized (this) {
                message.ifPresent(unsaid::add);
                if (unsaid.size() > MOST_UNSAID) {
                    // Who hears nothing asks again.
                    unsaid.remove();
                }
                conversation.settled();
                settled = conversation.owes() ? null : held;
            }
            if (settled != null) {
                settled.complete(null);
            }
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
            if (leaving != null) {
                leaving.gone().accept(true);
                leaving = null;
            }
        }

        @Override
        public boolean listens() {
            return false;
        }

        @Override
        public synchronized void leave(Duration after, Consumer<Boolean> gone) {
            if (over) {
                gone.accept(true);
            } else {
                leaving = new Leaving(after, gone);
            }
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
