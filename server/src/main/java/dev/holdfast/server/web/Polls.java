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
import dev.holdfast.server.fleet.Loss;
import dev.holdfast.server.fleet.Silence;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The links of agents that poll. Each counts as attached until it has not polled for two of the intervals that it was
 * told, or for {@link #SILENCE} if it was told none. Nothing is kept of those that only asked.
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

    private static final Duration LONGEST_SWEEP = Duration.ofSeconds(5);

    /** A sweep that is so late tells that the server was held up: what came meanwhile may not be read yet. */
    private static final Duration LATE = Duration.ofSeconds(1);

    private final Reception reception;
    private final Time time;
    private final Map<Poller, Poll> polls = new ConcurrentHashMap<>();
    private final Duration sweepInterval;
    private volatile boolean closed;

    Polls(Reception reception, Time time) {
        this.reception = reception;
        this.time = time;
        Duration told = reception.offer().heartbeatInterval();
        this.sweepInterval = told == null || told.compareTo(LONGEST_SWEEP) > 0 ? LONGEST_SWEEP : told.dividedBy(2);
        sweepIn(sweepInterval);
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
        List.copyOf(polls.values()).forEach(poll -> poll.end(Loss.stopped()));
    }

    private void sweepIn(Duration delay) {
        long due = time.nanoTime() + delay.toNanos();
        time.schedule(delay, () -> sweep(due));
    }

    private void sweep(long due) {
        Duration next = LATE;
        try {
            long now = time.nanoTime();
            if (now - due < LATE.toNanos()) {
                polls.values().forEach(poll -> poll.sweep(now));
                next = sweepInterval;
            }
        } finally {
            if (!closed) {
                sweepIn(next);
            }
        }
    }

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

        /** When it last asked, or was answered if that was later. */
        private long lastHeard = time.nanoTime();

        /** How many of its messages are not answered. */
        private int underWay;

        private boolean over;

        /** Set when the server takes its leave. */
        private @Nullable Parting leaving;

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
                end(Loss.stopped());
                return CompletableFuture.completedStage(goodbye);
            }
            underWay++;
            CompletionStage<ServerMessage> answer =
                    held(conversation.received(message)).whenComplete((ready, failure) -> answered());
            if (message.disconnect()) {
                end(new Loss(Loss.Why.LEFT, "it took its leave"));
            } else if (!conversation.isUnderWay()) {
                // A uid alone is soon made up: who is not attached begins anew next time, with the same answers.
                end(new Loss(Loss.Why.REFUSED, "it is not attached"));
                reception.entrance().expect(message.uid());
            }
            return answer;
        }

        /** An answer that takes along what its outbox is told, if that is known soon; else the next one does. */
        private CompletionStage<ServerMessage> held(CompletionStage<ServerMessage> answer) {
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
            if (underWay == 0 && now - lastHeard >= patience().toNanos()) {
                end(new Loss(
                        Loss.Why.SILENT, "it has not polled for " + patience().toSeconds() + " s"));
            }
        }

        private Duration patience() {
            Duration told = conversation.beats() ? conversation.toldInterval() : null;
            return told == null ? SILENCE : told.multipliedBy(2).plus(Silence.GRACE);
        }

        private synchronized void answered() {
            underWay--;
            lastHeard = time.nanoTime();
        }

        synchronized void end(Loss loss) {
            over = true;
            polls.remove(poller, this);
            conversation.ended(loss);
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
        public synchronized void leave(Parting parting) {
            if (over) {
                parting.gone().accept(true);
            } else {
                leaving = parting;
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
        public Transport transport() {
            return Transport.POLLING;
        }

        @Override
        public void displaced() {
            end(new Loss(Loss.Why.DISPLACED, "a newer link took its place"));
        }
    }
}
