// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.filter.ThresholdFilter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import dev.holdfast.cli.key.LogKeys.LogConfig;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * The log: a line for each event, as text or as a JSON object. Of a process that runs until it is stopped it is what
 * standard output is for.
 */
public final class Logging {

    /** What they say at a lower level concerns those who write them. */
    private static final List<String> THIRD_PARTIES =
            List.of("io.netty", "org.eclipse.jetty", "io.javalin", "org.flywaydb", "com.zaxxer", "oshi");

    private Logging() {}

    /**
     * Sends all that is logged from now on to standard output.
     *
     * @param role what every event names as its origin
     */
    static void start(String role, LogConfig config) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        configure(context, role, config);
    }

    /**
     * Sends what is amiss to standard error from now on, since standard output is for a result.
     *
     * @param role what every line names as its origin
     */
    public static void startAside(String role) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        configure(context, lines(role), Level.INFO, "System.err", Level.WARN);
    }

    static void configure(LoggerContext context, String role, LogConfig config) {
        Encoder<ILoggingEvent> encoder = switch (config.format()) {
            case TEXT -> lines(role);
            case JSON -> new JsonLines(role);
        };
        Level level = Level.convertAnSLF4JLevel(config.level());
        configure(context, encoder, level, "System.out", Level.TRACE);
    }

    private static PatternLayoutEncoder lines(String role) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        // What an event says may come from another machine: it must not be able to look like a line of its own.
        encoder.setPattern("%d{\"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\"} %-5level " + role
                + " %logger{0}: %replace(%replace(%msg %kvp){'[\\r\\n]+', ' '}){' $', ''}%n");
        return encoder;
    }

    /** @param printed the least that is printed of what is logged */
    private static void configure(
            LoggerContext context, Encoder<ILoggingEvent> encoder, Level level, String target, Level printed) {
        ThresholdFilter filter = new ThresholdFilter();
        filter.setLevel(printed.toString());
        filter.start();
        encoder.setContext(context);
        encoder.start();
        ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
        console.setContext(context);
        console.setEncoder(encoder);
        console.setTarget(target);
        console.addFilter(filter);
        console.start();
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(level.isGreaterOrEqual(Level.INFO) ? level : Level.INFO);
        root.addAppender(console);
        Level others = level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN;
        THIRD_PARTIES.forEach(name -> context.getLogger(name).setLevel(others));
        // Our own message says what its traces are about.
        context.getLogger("org.sqlite").setLevel(Level.OFF);
        context.getLogger("dev.holdfast").setLevel(level);
    }
}
