// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * What a person was told.
 *
 * @param exitCode of a command that ended, or null for what goes on
 * @param lines all that was printed or logged
 */
record Told(@Nullable Integer exitCode, List<String> lines) {

    /** Runs a command in this process. */
    static Told by(Map<String, String> variables, Path home, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        PrintStream console = System.out;
        System.setOut(new PrintStream(log, true, StandardCharsets.UTF_8));
        int exitCode;
        try {
            Map<String, String> environment = new HashMap<>(variables);
            environment.put("HOME", home.toString());
            exitCode = Main.execute(environment, new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        } finally {
            System.setOut(console);
        }
        String all = out + log.toString(StandardCharsets.UTF_8) + err;
        return new Told(exitCode, all.lines().toList());
    }

    /** What our own classes log while it is open, from INFO on. */
    static final class Log implements AutoCloseable {

        private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        private final Logger ours = (Logger) LoggerFactory.getLogger("dev.holdfast");
        private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                if (event.getLevel().isGreaterOrEqual(Level.INFO)) {
                    lines.add(event.getFormattedMessage());
                    Stream.ofNullable(event.getThrowableProxy())
                            .forEach(thrown -> lines.add("\tat " + thrown.getClassName()));
                }
            }
        };

        private Log() {}

        static Log open() {
            Log log = new Log();
            log.appender.start();
            log.ours.addAppender(log.appender);
            return log;
        }

        /** Waits for a line that matches whole, and gives all that came until then. */
        Told await(Pattern line) throws InterruptedException {
            List<String> seen = new ArrayList<>();
            while (seen.isEmpty() || !line.matcher(seen.getLast()).matches()) {
                String next = lines.poll(RunningCommand.PATIENCE.toSeconds(), TimeUnit.SECONDS);
                if (next == null) {
                    throw new AssertionError("no line like " + line + " among\n" + String.join("\n", seen));
                }
                seen.add(next);
            }
            return new Told(null, List.copyOf(seen));
        }

        @Override
        public void close() {
            ours.detachAppender(appender);
        }
    }
}
