// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StopSignalTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private Process parent;

    @BeforeEach
    void startParent() throws IOException {
        // It runs until its standard input ends.
        parent = new ProcessBuilder("cat").start();
    }

    @AfterEach
    void stopParent() throws InterruptedException {
        parent.destroyForcibly().waitFor();
    }

    @Test
    void comesWhenThePipeFromTheParentEndsAndNotBefore() throws IOException {
        try (PipedInputStream pipe = new PipedInputStream()) {
            CompletableFuture<?> end;
            try (PipedOutputStream far = new PipedOutputStream(pipe)) {
                end = StopSignal.end(parent.pid(), pipe);
                far.write(1);
                assertThat(end).isNotDone();
            }
            assertThat(end).succeedsWithin(LIMIT);
        }
    }

    @Test
    void comesWhenThePipeBreaks() {
        // A pipe that was never connected cannot be read.
        InputStream broken = new PipedInputStream();

        assertThat(StopSignal.end(parent.pid(), broken)).succeedsWithin(LIMIT);
    }

    @Test
    void comesWhenTheParentEndsThoughThePipeStaysOpen() throws Exception {
        try (PipedOutputStream open = new PipedOutputStream();
                InputStream pipe = new PipedInputStream(open)) {
            CompletableFuture<?> end = StopSignal.end(parent.pid(), pipe);
            assertThat(end).isNotDone();

            parent.destroyForcibly().waitFor();

            assertThat(end).succeedsWithin(LIMIT);
            assertThat(StopSignal.end(parent.pid(), pipe)).succeedsWithin(LIMIT);
        }
    }
}
