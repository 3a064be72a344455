// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.server.fleet.Silence;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Pings one WebSocket, and looks after the heartbeats of its agent. Used by its event loop alone. */
final class Watch {

    private final EventExecutor loop;
    private final BooleanSupplier waiting;
    private final Runnable ask;
    private final Consumer<Duration> gone;

    /** Null while nothing is expected of it. */
    private @Nullable Silence silence;

    private @Nullable Future<?> look;
    private @Nullable Future<?> pings;

    /**
     * A watch that has not begun.
     *
     * @param waiting whether it is the server's turn to say something
     * @param ask asks the agent whether it lives
     * @param gone is told how long the agent was silent when that is too long
     */
    Watch(EventExecutor loop, BooleanSupplier waiting, Runnable ask, Consumer<Duration> gone) {
        this.loop = loop;
        this.waiting = waiting;
        this.ask = ask;
        this.gone = gone;
    }

    /** Pings from now on. */
    void ping(Duration interval) {
        pings = loop.scheduleAtFixedRate(ask, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Expects heartbeats from now on, unless it does already. */
    void begin(@Nullable Duration told, Duration longest) {
        if (silence == null) {
            silence = new Silence(told, longest, now());
            look();
        }
    }

    /** Neither pings nor expects anything any more. */
    void end() {
        silence = null;
        if (pings != null) {
            pings.cancel(false);
        }
        if (look != null) {
            look.cancel(false);
        }
    }

    void spoke() {
        if (silence != null) {
            silence.spoke(now());
        }
    }

    void lives() {
        if (silence != null) {
            silence.lives(now());
        }
    }

    private void look() {
        if (silence == null) {
            return;
        }
        if (waiting.getAsBoolean()) {
            silence.excused(now());
        }
        switch (silence.look(now())) {
            case Silence.Step.Wait wait -> lookIn(wait.left());
            case Silence.Step.Ask asked -> {
                ask.run();
                lookIn(asked.left());
            }
            case Silence.Step.Gone over -> {
                end();
                gone.accept(over.silent());
            }
        }
    }

    private void lookIn(Duration left) {
        look = loop.schedule(this::look, left.toNanos(), TimeUnit.NANOSECONDS);
    }

    private long now() {
        return loop.ticker().nanoTime();
    }
}
