// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.RateLimit;
import dev.holdfast.core.work.Terms.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a queue is meant to do, said as plainly and slowly as can be: everything is a list that is searched from end to
 * end, and what was asked of a running key is kept as it was asked. Times begin at 0; the backoff has no jitter.
 */
final class WorkModel {

    private static final SplittableRandom NO_CHANCE = new SplittableRandom(0);
    private static final long NONE = Long.MAX_VALUE;

    /** What was asked of a key while it ran. */
    record Ask(Priority priority, long due, long deadline) {}

    static final class Item {
        final int key;
        String place = "gone";
        Priority priority;
        long due;
        long deadline = NONE;
        long floor;
        int failures;
        boolean hasItsTurn;
        List<Ask> asked = new ArrayList<>();

        Item(int key, Priority priority) {
            this.key = key;
            this.priority = priority;
        }
    }

    private final WorkPolicy policy;
    private final RateLimit rate;
    final Map<Integer, Item> items = new TreeMap<>();
    final Map<Integer, Terminal.Reason> terminals = new LinkedHashMap<>();
    final Map<Integer, Integer> terminalFailures = new TreeMap<>();
    final List<Item> line = new ArrayList<>();
    private boolean closed;
    private long now;

    WorkModel(WorkPolicy policy) {
        this.policy = policy;
        this.rate = new RateLimit(policy.retriesPerSecond(), policy.retryBurst(), 0);
    }

    /** Time goes on; who is due stands in line, by when it was due. */
    void moveTo(long later) {
        now = later;
        settleDue();
    }

    private void settleDue() {
        for (Optional<Item> next = firstWaiting(); next.isPresent() && next.get().due <= now; next = firstWaiting()) {
            Item item = next.get();
            if (item.place.equals("backing off") && !item.hasItsTurn) {
                item.hasItsTurn = true;
                item.due = Math.min(now + rate.reserve(now), item.deadline);
            }
            if (item.due <= now) {
                stand(item);
            }
        }
    }

    private Optional<Item> firstWaiting() {
        return items.values().stream()
                .filter(item -> item.place.equals("waiting") || item.place.equals("backing off"))
                .min(Comparator.comparingLong(item -> item.due));
    }

    private void stand(Item item) {
        item.place = "ready";
        line.add(item);
    }

    Added add(int key, Terms terms) {
        if (closed) {
            return Added.CLOSED;
        }
        if (terminals.containsKey(key)) {
            return Added.TERMINAL;
        }
        long due = now + Math.max(0, terms.delay().toNanos());
        long deadline = terms.within() == null ? NONE : now + terms.within().toNanos();
        Item item = items.get(key);
        if (item == null) {
            if (items.size() + terminals.size() >= policy.capacity()) {
                return Added.FULL;
            }
            item = new Item(key, terms.priority());
            item.deadline = deadline;
            items.put(key, item);
            put(item, due);
            return Added.QUEUED;
        }
        if (item.place.equals("running")) {
            item.asked.add(new Ask(terms.priority(), due, deadline));
            return Added.MERGED;
        }
        if (terms.priority().compareTo(item.priority) < 0) {
            item.priority = terms.priority();
            if (line.remove(item)) {
                line.add(item);
            }
        }
        item.deadline = Math.min(item.deadline, deadline);
        if (item.place.equals("waiting")) {
            item.due = Math.min(item.due, Math.min(due, item.deadline));
        } else if (item.place.equals("backing off")) {
            item.due = Math.min(item.due, Math.max(item.deadline, item.floor));
        }
        settleDue();
        return Added.MERGED;
    }

    private void put(Item item, long due) {
        item.due = Math.min(due, item.deadline);
        if (item.due <= now) {
            stand(item);
        } else {
            item.place = "waiting";
        }
    }

    /** The keys of which one may be next: the first of each priority. */
    Map<Priority, Integer> heads() {
        Map<Priority, Integer> heads = new TreeMap<>();
        for (Item item : line) {
            heads.putIfAbsent(item.priority, item.key);
        }
        return heads;
    }

    void take(int key) {
        Item item = item(key);
        line.remove(item);
        item.place = "running";
    }

    void settle(int key, Outcome outcome) {
        Item item = item(key);
        List<Ask> asked = item.asked;
        item.asked = new ArrayList<>();
        long due = asked.stream().mapToLong(Ask::due).min().orElse(NONE);
        long deadline = asked.stream().mapToLong(Ask::deadline).min().orElse(NONE);
        @Nullable
        Priority priority =
                asked.stream().map(Ask::priority).min(Comparator.naturalOrder()).orElse(null);
        switch (outcome) {
            case Outcome.Done done -> {
                items.remove(key);
                if (priority != null) {
                    again(key, priority, due, deadline);
                }
            }
            case Outcome.Again more -> {
                items.remove(key);
                long next = now + Math.max(0, more.after().toNanos());
                again(key, higher(item.priority, priority), Math.min(due, next), deadline);
            }
            case Outcome.Permanent permanent -> {
                item.failures++;
                end(item, Terminal.Reason.PERMANENT);
            }
            case Outcome.Retry retry -> {
                item.priority = higher(item.priority, priority);
                item.failures++;
                fail(item, retry.failure(), deadline);
            }
        }
        settleDue();
    }

    private static Priority higher(Priority one, @Nullable Priority other) {
        return other != null && other.compareTo(one) < 0 ? other : one;
    }

    private void again(int key, Priority priority, long due, long deadline) {
        Item item = new Item(key, priority);
        item.deadline = deadline;
        items.put(key, item);
        put(item, due);
    }

    private void fail(Item item, Failure failure, long askedDeadline) {
        if (item.failures > policy.maxRetries()) {
            end(item, Terminal.Reason.RETRIES_USED_UP);
        } else if (item.deadline <= now) {
            end(item, Terminal.Reason.DEADLINE);
        } else {
            item.deadline = Math.min(item.deadline, askedDeadline);
            item.floor = now + failure.floor().toNanos();
            long delay = policy.backoff()
                    .delay(item.failures, Duration.ZERO, failure.floor(), NO_CHANCE)
                    .toNanos();
            item.due = Math.max(item.floor, Math.min(item.deadline, now + delay));
            item.hasItsTurn = false;
            item.place = "backing off";
        }
    }

    private void end(Item item, Terminal.Reason why) {
        items.remove(item.key);
        terminals.put(item.key, why);
        terminalFailures.put(item.key, item.failures);
    }

    boolean hasten(int key) {
        Item item = items.get(key);
        if (item == null || item.place.equals("ready") || item.place.equals("running")) {
            return false;
        }
        stand(item);
        return true;
    }

    boolean remove(int key) {
        if (terminals.remove(key) != null) {
            return true;
        }
        Item item = items.get(key);
        if (item == null || item.place.equals("running")) {
            return false;
        }
        line.remove(item);
        items.remove(key);
        return true;
    }

    boolean release(int key) {
        if (closed || terminals.remove(key) == null) {
            return false;
        }
        Item item = new Item(key, Priority.NORMAL);
        items.put(key, item);
        stand(item);
        return true;
    }

    void close() {
        closed = true;
    }

    WorkQueue.Figures figures() {
        int failing =
                (int) items.values().stream().filter(item -> item.failures > 0).count();
        int running = (int) items.values().stream()
                .filter(item -> item.place.equals("running"))
                .count();
        int waiting = items.size() - running - line.size();
        return new WorkQueue.Figures(line.size(), waiting, running, terminals.size(), failing);
    }

    long nextDue() {
        return firstWaiting().map(item -> item.due).orElse(WorkMachine.NEVER);
    }

    int failures(int key) {
        if (terminals.containsKey(key)) {
            return Objects.requireNonNull(terminalFailures.get(key));
        }
        Item item = items.get(key);
        return item == null ? 0 : item.failures;
    }

    private Item item(int key) {
        return Objects.requireNonNull(items.get(key));
    }
}
