// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.RateLimit;
import dev.holdfast.core.work.Entry.Detail;
import dev.holdfast.core.work.Entry.Place;
import dev.holdfast.core.work.Terms.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which key runs next, without threads or clocks: it is told what happens and what time it is.
 *
 * <p>A key is in at most one {@link Place}, so it is never queued twice and never run by two at a time. Times are
 * monotonic nanoseconds. Not safe for use by several threads.
 */
final class WorkMachine<K> {

    /** No time that anything is due at. */
    static final long NEVER = Long.MIN_VALUE;

    /**
     * A failed run, and what comes of it.
     *
     * @param terminal why the key was given up on, or null if it is tried again
     * @param delay until it is tried again; zero if it is not
     */
    record Setback<K>(K key, History history, Terminal.@Nullable Reason terminal, Duration delay) {}

    private final WorkPolicy policy;
    private final RandomGenerator chance;
    private final RateLimit rate;
    private final long begun;

    /** Every key that is in some place. */
    private final Map<K, Entry<K>> entries = new HashMap<>();

    /** The keys that were given up on, in that order; none of them is in a place. */
    private final Map<K, Terminal<K>> terminals = new LinkedHashMap<>();

    private final Lines<K> lines = new Lines<>();
    private final DueHeap<K> heap = new DueHeap<>();
    private int ready;
    private int running;
    private int failing;
    private boolean closed;

    WorkMachine(WorkPolicy policy, RandomGenerator chance, long now) {
        this.policy = policy;
        this.chance = chance;
        this.begun = now;
        this.rate = new RateLimit(policy.retriesPerSecond(), policy.retryBurst(), now);
    }

    /** Adds a key, or merges it with what is there of it. */
    Added add(K key, Terms terms, long now) {
        if (closed) {
            return Added.CLOSED;
        }
        Entry<K> entry = entries.get(key);
        if (entry != null) {
            merge(entry, terms, now);
            return Added.MERGED;
        }
        if (!terminals.isEmpty() && terminals.containsKey(key)) {
            return Added.TERMINAL;
        }
        if (entries.size() + terminals.size() >= policy.capacity()) {
            return Added.FULL;
        }
        Entry<K> fresh = new Entry<>(key, terms.priority());
        entries.put(key, fresh);
        if (terms.within() != null) {
            fresh.detail().deadline = dueAfter(terms.within(), now);
        }
        place(fresh, dueAfter(terms.delay(), now), now);
        return Added.QUEUED;
    }

    private void merge(Entry<K> entry, Terms terms, long now) {
        boolean raised = terms.priority().compareTo(entry.priority) < 0;
        if (raised) {
            entry.priority = terms.priority();
        }
        if (terms.within() != null) {
            Detail detail = entry.detail();
            long deadline = dueAfter(terms.within(), now);
            if (entry.place == Place.RUNNING) {
                detail.nextDeadline = Math.min(detail.nextDeadline, deadline);
            } else {
                detail.deadline = Math.min(detail.deadline, deadline);
            }
        }
        switch (entry.place) {
            case READY -> {
                if (raised) {
                    lines.left();
                    lines.add(entry);
                }
            }
            case WAITING -> moveUp(entry, Math.min(dueAfter(terms.delay(), now), deadline(entry)));
            case BACKING_OFF -> moveUp(entry, Math.max(deadline(entry), entry.detail().floor));
            case RUNNING -> entry.due = Math.min(entry.due, dueAfter(terms.delay(), now));
            case GONE -> throw new IllegalStateException("a key that is gone is not merged");
        }
        release(now);
    }

    /** The next key to run, or null if none is due. It stays with the caller until it is settled. */
    @Nullable
    Entry<K> next(long now) {
        release(now);
        Entry<K> entry = lines.next();
        if (entry == null) {
            return null;
        }
        ready--;
        running++;
        entry.place = Place.RUNNING;
        entry.due = Entry.NOT_ADDED;
        return entry;
    }

    /** Puts the keys that have become due into their lines. */
    void release(long now) {
        long elapsed = now - begun;
        for (Entry<K> first = heap.first(); first != null && first.due <= elapsed; first = heap.first()) {
            heap.remove(first);
            stand(first);
        }
    }

    /**
     * Takes back a running key.
     *
     * @param date for the history; asked only if the key failed
     * @return what it is told of if it failed, else null
     */
    @Nullable
    Setback<K> settle(Entry<K> entry, Outcome outcome, long now, Supplier<Instant> date) {
        running--;
        long addedFor = entry.due;
        switch (outcome) {
            case Outcome.Done done -> {
                succeeded(entry);
                if (addedFor == Entry.NOT_ADDED) {
                    leave(entry);
                } else {
                    place(entry, addedFor, now);
                }
                return null;
            }
            case Outcome.Again again -> {
                succeeded(entry);
                place(entry, Math.min(addedFor, dueAfter(again.after(), now)), now);
                return null;
            }
            case Outcome.Retry retry -> {
                return failed(entry, retry.failure(), now, date.get());
            }
            case Outcome.Permanent permanent -> {
                return end(entry, Terminal.Reason.PERMANENT, noteFailure(entry, permanent.failure(), date.get()));
            }
        }
    }

    private void leave(Entry<K> entry) {
        // A line may still hold it.
        entry.place = Place.GONE;
        entries.remove(entry.key);
    }

    private Setback<K> failed(Entry<K> entry, Failure failure, long now, Instant date) {
        History history = noteFailure(entry, failure, date);
        Detail detail = entry.detail();
        detail.deadline = Math.min(detail.deadline, detail.nextDeadline);
        detail.nextDeadline = Detail.NO_DEADLINE;
        if (history.failures() > policy.maxRetries()) {
            return end(entry, Terminal.Reason.RETRIES_USED_UP, history);
        }
        long elapsed = now - begun;
        if (elapsed >= detail.deadline) {
            return end(entry, Terminal.Reason.DEADLINE, history);
        }
        Duration delay = policy.backoff()
                .delay(history.failures(), Duration.ofNanos(detail.lastDelayNanos), failure.floor(), chance);
        detail.lastDelayNanos = delay.toNanos();
        long reserved = elapsed + Math.max(delay.toNanos(), rate.reserve(now));
        // What the other side asked for holds even so: it would only refuse the last attempt.
        detail.floor = dueAfter(failure.floor(), now);
        entry.due = Math.max(Math.min(reserved, detail.deadline), detail.floor);
        entry.place = Place.BACKING_OFF;
        heap.add(entry);
        return new Setback<>(entry.key, history, null, Duration.ofNanos(entry.due - elapsed));
    }

    private History noteFailure(Entry<K> entry, Failure failure, Instant date) {
        Detail detail = entry.detail();
        History before = detail.history;
        if (before == null) {
            failing++;
        }
        History history = before == null ? History.first(date, failure) : before.and(date, failure);
        detail.history = history;
        return history;
    }

    private Setback<K> end(Entry<K> entry, Terminal.Reason why, History history) {
        leave(entry);
        failing--;
        terminals.put(entry.key, new Terminal<>(entry.key, why, history));
        return new Setback<>(entry.key, history, why, Duration.ZERO);
    }

    private void succeeded(Entry<K> entry) {
        Detail detail = entry.detail;
        if (detail == null) {
            return;
        }
        if (detail.history != null) {
            failing--;
        }
        entry.detail = null;
        if (detail.nextDeadline != Detail.NO_DEADLINE) {
            entry.detail().deadline = detail.nextDeadline;
        }
    }

    /** Lets a key that waits run as soon as its turn comes, its backoff notwithstanding. */
    boolean hasten(K key) {
        Entry<K> entry = entries.get(key);
        if (entry == null || (entry.place != Place.WAITING && entry.place != Place.BACKING_OFF)) {
            return false;
        }
        heap.remove(entry);
        stand(entry);
        return true;
    }

    /** Forgets a key that is not running. */
    boolean remove(K key) {
        if (terminals.remove(key) != null) {
            return true;
        }
        Entry<K> entry = entries.get(key);
        if (entry == null || entry.place == Place.RUNNING) {
            return false;
        }
        if (entry.place == Place.READY) {
            ready--;
            lines.left();
        } else {
            heap.remove(entry);
        }
        if (entry.failures() > 0) {
            failing--;
        }
        leave(entry);
        return true;
    }

    /** Queues a terminal key anew, its failures forgotten. */
    boolean releaseTerminal(K key) {
        if (closed || terminals.remove(key) == null) {
            return false;
        }
        Entry<K> entry = new Entry<>(key, Priority.NORMAL);
        entries.put(key, entry);
        stand(entry);
        return true;
    }

    /** The keys that have been given up on, the oldest first. */
    List<Terminal<K>> terminals() {
        return List.copyOf(terminals.values());
    }

    /** The failures of a key since it last went well, or null if there are none. */
    @Nullable
    History history(K key) {
        Entry<K> entry = entries.get(key);
        if (entry == null) {
            Terminal<K> terminal = terminals.get(key);
            return terminal == null ? null : terminal.history();
        }
        return entry.detail == null ? null : entry.detail.history;
    }

    /** Takes no more keys. */
    void close() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    /** The keys that are due, wait, or run. */
    List<K> left() {
        return List.copyOf(entries.keySet());
    }

    /** When the next waiting key is due, in the caller's nanoseconds, or {@link #NEVER}. */
    long nextDue() {
        Entry<K> first = heap.first();
        return first == null ? NEVER : begun + first.due;
    }

    Figures figures() {
        return new Figures(ready, heap.size(), running, terminals.size(), failing);
    }

    int ready() {
        return ready;
    }

    int running() {
        return running;
    }

    private void place(Entry<K> entry, long wanted, long now) {
        long due = Math.min(wanted, deadline(entry));
        if (due <= now - begun) {
            stand(entry);
        } else {
            entry.due = due;
            entry.place = Place.WAITING;
            heap.add(entry);
        }
    }

    private void stand(Entry<K> entry) {
        entry.place = Place.READY;
        ready++;
        lines.add(entry);
    }

    private void moveUp(Entry<K> entry, long due) {
        if (due < entry.due) {
            entry.due = due;
            heap.movedUp(entry);
        }
    }

    private static long deadline(Entry<?> entry) {
        return entry.detail == null ? Detail.NO_DEADLINE : entry.detail.deadline;
    }

    /** Saturates far before {@link Entry#NOT_ADDED}. */
    private long dueAfter(Duration delay, long now) {
        long elapsed = now - begun;
        long most = Entry.NOT_ADDED / 2;
        return delay.compareTo(Duration.ofNanos(most)) > 0 ? elapsed + most : elapsed + Math.max(0, delay.toNanos());
    }
}
