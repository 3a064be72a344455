// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.RateLimit;
import dev.holdfast.core.work.Entry.Detail;
import dev.holdfast.core.work.Entry.Place;
import dev.holdfast.core.work.Terms.Priority;
import dev.holdfast.core.work.WorkLog.Setback;
import java.time.Duration;
import java.time.Instant;
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

    /** What longer delays count as; far before {@link Entry#NOT_ADDED}. */
    private static final Duration LONGEST = Duration.ofNanos(Entry.NOT_ADDED / 2);

    /** A few milliseconds of work. */
    private static final int MOST_AT_ONCE = 1000;

    private final WorkPolicy policy;
    private final RandomGenerator chance;
    private final RateLimit rate;
    private final long begun;

    /** Every key that is in some place. */
    private final Entries<K> entries = new Entries<>();

    /** The keys that were given up on, in that order; none of them is in a place. */
    private final Map<K, Terminal<K>> terminals = new LinkedHashMap<>();

    private final Lines<K> lines = new Lines<>();
    private final Waiting<K> waiting = new Waiting<>();
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
        release(now);
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
        entries.put(fresh);
        if (terms.within() != null) {
            fresh.detail().deadline = dueAfter(terms.within(), now);
        }
        place(fresh, dueAfter(terms.delay(), now), now);
        return Added.QUEUED;
    }

    private void merge(Entry<K> entry, Terms terms, long now) {
        if (entry.place == Place.RUNNING) {
            addWhileItRuns(entry, terms, now);
            return;
        }
        if (terms.priority().compareTo(entry.priority) < 0) {
            raise(entry, terms.priority());
        }
        if (terms.within() != null) {
            Detail detail = entry.detail();
            detail.deadline = Math.min(detail.deadline, dueAfter(terms.within(), now));
        }
        switch (entry.place) {
            case WAITING -> moveUp(entry, Math.min(dueAfter(terms.delay(), now), deadline(entry)));
            case BACKING_OFF, IN_TURN -> moveUp(entry, Math.max(deadline(entry), entry.detail().floor));
            case READY -> {}
            case RUNNING, GONE -> throw new IllegalStateException("not to be merged in place " + entry.place);
        }
        release(now);
    }

    private void raise(Entry<K> entry, Priority priority) {
        boolean stands = entry.place == Place.READY;
        if (stands) {
            lines.remove(entry);
        }
        entry.priority = priority;
        if (stands) {
            lines.add(entry);
        }
    }

    private void addWhileItRuns(Entry<K> entry, Terms terms, long now) {
        entry.addedWhileItRuns(terms.priority());
        if (terms.within() != null) {
            Detail detail = entry.detail();
            detail.nextDeadline = Math.min(detail.nextDeadline, dueAfter(terms.within(), now));
        }
        entry.due = Math.min(entry.due, dueAfter(terms.delay(), now));
    }

    /** The next key to run, or null if none is due. It stays with the caller until it is settled. */
    @Nullable
    Entry<K> next(long now) {
        release(now);
        Entry<K> entry = lines.next();
        if (entry == null) {
            return null;
        }
        running++;
        entry.place = Place.RUNNING;
        entry.due = Entry.NOT_ADDED;
        return entry;
    }

    /**
     * Puts the keys that have become due into their lines; before anything else is, so that they come first. A flood of
     * them comes in parts, for nobody else gets on meanwhile.
     */
    void release(long now) {
        long elapsed = now - begun;
        int left = MOST_AT_ONCE;
        for (Entry<K> first = waiting.first(); first != null && left > 0; first = waiting.first(), left--) {
            if (first.due > elapsed) {
                return;
            }
            waiting.removeFirst();
            long turn = first.place == Place.BACKING_OFF ? turn(first, now) : elapsed;
            if (turn > elapsed) {
                first.place = Place.IN_TURN;
                first.due = turn;
                waiting.add(first);
            } else {
                stand(first);
            }
        }
    }

    /** When a key whose backoff is over has its place among all retries: taken now, so that nobody saves places up. */
    private long turn(Entry<K> entry, long now) {
        long wait = Math.min(rate.reserve(now), LONGEST.toNanos());
        return wait == 0 ? now - begun : Math.min(now - begun + wait, deadline(entry));
    }

    /**
     * Takes back a running key.
     *
     * @param date for the history; asked only if the key failed
     * @return what it is told of if it failed, else null
     */
    @Nullable
    Setback<K> settle(Entry<K> entry, Outcome outcome, long now, Supplier<Instant> date) {
        release(now);
        running--;
        long addedFor = entry.due;
        Priority asked = entry.addedPriority();
        switch (outcome) {
            case Outcome.Done done -> {
                succeeded(entry);
                if (asked == null) {
                    leave(entry);
                } else {
                    entry.priority = asked;
                    place(entry, addedFor, now);
                }
                return null;
            }
            case Outcome.Again again -> {
                succeeded(entry);
                entry.priority = entry.priority.orHigher(asked);
                place(entry, Math.min(addedFor, dueAfter(again.after(), now)), now);
                return null;
            }
            case Outcome.Retry retry -> {
                entry.priority = entry.priority.orHigher(asked);
                return failed(entry, retry.failure(), now, date.get());
            }
            case Outcome.Permanent permanent -> {
                noteFailure(entry, permanent.failure(), date.get());
                return end(entry, Terminal.Reason.PERMANENT);
            }
        }
    }

    private void leave(Entry<K> entry) {
        entry.place = Place.GONE;
        entries.remove(entry);
    }

    private Setback<K> failed(Entry<K> entry, Failure failure, long now, Instant date) {
        Detail detail = noteFailure(entry, failure, date);
        if (detail.failures() > policy.maxRetries()) {
            return end(entry, Terminal.Reason.RETRIES_USED_UP);
        }
        long elapsed = now - begun;
        if (elapsed >= detail.deadline) {
            return end(entry, Terminal.Reason.DEADLINE);
        }
        detail.deadline = Math.min(detail.deadline, detail.nextDeadline);
        detail.nextDeadline = Detail.NO_DEADLINE;
        detail.nextPriority = null;
        Duration delay = policy.backoff()
                .delay(detail.failures(), Duration.ofNanos(detail.lastDelayNanos), failure.floor(), chance);
        detail.lastDelayNanos = delay.toNanos();
        // What the other side asked for holds in spite of a deadline: it would only refuse the last attempt.
        detail.floor = dueAfter(failure.floor(), now);
        long due = Math.max(Math.min(dueAfter(delay, now), detail.deadline), detail.floor);
        entry.due = due;
        entry.place = Place.BACKING_OFF;
        detail.patience = due < detail.deadline ? Waiting.Patience.of(delay) : Waiting.Patience.NONE;
        waiting.add(entry);
        release(now);
        return new Setback<>(entry, null, Duration.ofNanos(Math.max(0, due - elapsed)));
    }

    private Detail noteFailure(Entry<K> entry, Failure failure, Instant date) {
        Detail detail = entry.detail();
        if (detail.failures() == 0) {
            failing++;
        }
        detail.failed(failure, date);
        return detail;
    }

    private Setback<K> end(Entry<K> entry, Terminal.Reason why) {
        leave(entry);
        failing--;
        Setback<K> setback = new Setback<>(entry, why, Duration.ZERO);
        terminals.put(entry.key, new Terminal<>(entry.key, why, setback.history()));
        return setback;
    }

    private void succeeded(Entry<K> entry) {
        Detail detail = entry.detail;
        if (detail == null) {
            return;
        }
        if (detail.failures() > 0) {
            failing--;
        }
        entry.detail = null;
        if (detail.nextDeadline != Detail.NO_DEADLINE) {
            entry.detail().deadline = detail.nextDeadline;
        }
    }

    /** Lets a key that waits run as soon as its turn comes, its backoff notwithstanding. */
    boolean hasten(K key, long now) {
        release(now);
        Entry<K> entry = entries.get(key);
        if (entry == null || entry.place == Place.READY || entry.place == Place.RUNNING) {
            return false;
        }
        waiting.remove(entry);
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
            lines.remove(entry);
        } else {
            waiting.remove(entry);
        }
        if (entry.failures() > 0) {
            failing--;
        }
        leave(entry);
        return true;
    }

    /** Queues a terminal key anew, its failures forgotten. */
    boolean releaseTerminal(K key, long now) {
        release(now);
        if (closed || terminals.remove(key) == null) {
            return false;
        }
        Entry<K> entry = new Entry<>(key, Priority.NORMAL);
        entries.put(entry);
        stand(entry);
        return true;
    }

    List<Terminal<K>> terminals() {
        return List.copyOf(terminals.values());
    }

    /** The failures of a key since it last went well, or null if there are none. */
    @Nullable
    History history(K key) {
        Terminal<K> terminal = terminals.get(key);
        if (terminal != null) {
            return terminal.history();
        }
        Entry<K> entry = entries.get(key);
        return entry == null || entry.detail == null ? null : entry.detail.history();
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
        return entries.keys();
    }

    /** When to {@link #release} what is due by then if that was last done at {@code last}, or {@link #NEVER}. */
    long nextRelease(long last) {
        return waiting.size() == 0 ? NEVER : begun + waiting.nextLook(last - begun);
    }

    WorkQueue.Figures figures() {
        return new WorkQueue.Figures(lines.size(), waiting.size(), running, terminals.size(), failing);
    }

    int ready() {
        return lines.size();
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
            waiting.add(entry);
        }
    }

    private void stand(Entry<K> entry) {
        entry.place = Place.READY;
        lines.add(entry);
    }

    private void moveUp(Entry<K> entry, long due) {
        if (due < entry.due) {
            entry.due = due;
            waiting.movedUp(entry);
        }
    }

    private static long deadline(Entry<?> entry) {
        return entry.detail == null ? Detail.NO_DEADLINE : entry.detail.deadline;
    }

    private long dueAfter(Duration delay, long now) {
        long elapsed = now - begun;
        if (!delay.isPositive()) {
            return elapsed;
        }
        return elapsed + (delay.compareTo(LONGEST) > 0 ? LONGEST : delay).toNanos();
    }
}
