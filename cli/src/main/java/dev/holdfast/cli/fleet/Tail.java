// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.Time;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a server's list page by page, and goes on as it grows. Where nothing comes it asks ever more seldom; where the
 * server cannot be reached it waits, and goes on after what it printed last. Used by one thread.
 */
final class Tail {

    /** How long it waits where nothing came. */
    static final Backoff IDLE = Backoff.exponential(Duration.ofMillis(250), 2, Duration.ofSeconds(4))
            .withJitter(Jitter.proportional(0.25));

    /** How long it waits where the server cannot be reached. */
    static final Backoff AWAY = Backoff.LINK;

    /** Digits that a server wrote stay. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    /** How a server is found, which may be another since it was asked last. */
    @FunctionalInterface
    interface Server {

        AdminApi.Answer ask(String path) throws CommandException;
    }

    private final Server server;
    private final Time time;
    private final RandomGenerator chance;
    private final Consumer<JsonNode> print;
    private final Consumer<String> tell;

    private long after;
    private long left;
    private int failures;

    /**
     * One that has read nothing.
     *
     * @param print takes each item
     * @param tell takes what is to be said of the server, while it cannot be reached
     */
    Tail(Server server, Time time, RandomGenerator chance, Consumer<JsonNode> print, Consumer<String> tell) {
        this.server = server;
        this.time = time;
        this.chance = chance;
        this.print = print;
        this.tell = tell;
    }

    /** Reads what there is. */
    void read(EventQuery query) throws CommandException {
        left = query.limit();
        boolean end = false;
        while (!end && left > 0) {
            end = page(query);
        }
    }

    /** Reads what there is and what comes, until there were as many as wanted. */
    void follow(EventQuery query) throws CommandException, InterruptedException {
        left = query.limit();
        int idle = 0;
        while (left > 0) {
            long before = left;
            boolean end;
            try {
                end = page(query);
            } catch (CommandException e) {
                waitForServer(e);
                continue;
            }
            idle = left < before || !end ? 0 : idle + 1;
            if (end && left > 0) {
                time.pause(IDLE.delay(Math.max(1, idle), Duration.ZERO, Duration.ZERO, chance));
            }
        }
    }

    private void waitForServer(CommandException e) throws CommandException, InterruptedException {
        if (e.exitCode() != ExitCode.UNREACHABLE) {
            throw e;
        }
        failures++;
        Duration delay = AWAY.delay(failures, Duration.ZERO, Duration.ZERO, chance);
        if (failures == 1) {
            tell.accept(e.getMessage() + " (it is waited for)");
        }
        time.pause(delay);
    }

    /** Whether that was all for now. */
    private boolean page(EventQuery query) throws CommandException {
        AdminApi.Answer answer = server.ask(query.page(after, left));
        if (failures > 0) {
            tell.accept("the server answers again, after " + failures + (failures == 1 ? " try" : " tries"));
            failures = 0;
        }
        long next = number(answer.header("Holdfast-Next"));
        boolean end = Boolean.parseBoolean(answer.header("Holdfast-End"));
        for (JsonNode item : tree(answer.body())) {
            print.accept(item);
            left--;
        }
        after = next;
        return end;
    }

    private static long number(String text) throws CommandException {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new CommandException(
                    ExitCode.FAILED, "the server answered Holdfast-Next: " + text + " (expected: a number)");
        }
    }

    private static JsonNode tree(String json) throws CommandException {
        try {
            return JSON.readTree(json);
        } catch (JacksonException e) {
            throw new CommandException(
                    ExitCode.FAILED, "the server answered what is not JSON: " + e.getOriginalMessage());
        }
    }
}
