// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import dev.holdfast.cli.command.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The wish that this process should stop: SIGINT, SIGTERM, or the end of the process that started it, told by
 * that process or by the end of the pipe from it, whichever is noticed first.
 *
 * <p>After a signal the JVM ends as soon as its shutdown hooks are done. The hook installed here waits, for as long as
 * closing may take, until {@link #close} says that everything is closed, and then ends the process with exit code 0:
 * being told to stop is no failure. A second signal ends it at once where no
 * parent started it. Safe for use by any thread.
 */
public final class StopSignal implements AutoCloseable {

    /** How long closing may take once the wish is there. */
    static final Duration LIMIT = Duration.ofSeconds(12);

    private final CompletableFuture<Void> signal = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final CompletableFuture<?> requested;
    private final Duration limit;

    /** Whether signals come from people, rather than from a parent that may send one beside theirs. */
    private final boolean alone;

    private final Thread hook = Thread.ofPlatform().name("stop-signal").unstarted(this::signalled);

    private StopSignal(@Nullable Long parent, Duration limit) {
        this.limit = limit;
        this.alone = parent == null;
        requested =
                CompletableFuture.anyOf(signal, parent == null ? new CompletableFuture<>() : end(parent, System.in));
    }

    /**
     * Begins to listen.
     *
     * @param parent the process whose end is a wish too, and which holds the other end of standard input; or null
     */
    public static StopSignal listen(@Nullable Long parent) {
        return listen(parent, Duration.ZERO);
    }

    /**
     * Begins to listen on behalf of somebody who takes a while to close.
     *
     * @param parent as above
     * @param more how much longer than {@link #LIMIT} closing may take
     */
    static StopSignal listen(@Nullable Long parent, Duration more) {
        StopSignal listening = new StopSignal(parent, LIMIT.plus(more));
        Runtime.getRuntime().addShutdownHook(listening.hook);
        return listening;
    }

    /** Completed when the process has ended or nothing more can come from it. */
    static CompletableFuture<?> end(long pid, InputStream pipe) {
        CompletableFuture<?> process = ProcessHandle.of(pid)
                .<CompletableFuture<?>>map(ProcessHandle::onExit)
                .orElseGet(() -> CompletableFuture.completedFuture(null));
        CompletableFuture<Void> drained = new CompletableFuture<>();
        Thread.ofPlatform().name("parent").daemon().start(() -> {
            drain(pipe);
            drained.complete(null);
        });
        return CompletableFuture.anyOf(process, drained);
    }

    private static void drain(InputStream pipe) {
        try {
            pipe.transferTo(OutputStream.nullOutputStream());
        } catch (IOException broken) {
            // A pipe that cannot be read any more has no other end either.
        }
    }

    /** Completed once the wish is there. */
    public CompletableFuture<?> requested() {
        return requested;
    }

    /** Waits for it. */
    void await() {
        requested.join();
    }

    /** Says that everything is closed. */
    @Override
    public void close() {
        closed.complete(null);
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // Then the hook runs, and ends the process now that it need not wait any more.
        }
    }

    private void signalled() {
        if (alone) {
            SecondSignal.ends();
        }
        signal.complete(null);
        int exitCode = ExitCode.DONE;
        try {
            closed.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException | InterruptedException e) {
            System.err.println("not stopped within " + limit.toSeconds() + " s: ended all the same");
            exitCode = ExitCode.FAILED;
        }
        System.out.flush();
        Runtime.getRuntime().halt(exitCode);
    }
}
