// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.cli.command.Format;
import dev.holdfast.cli.value.Types;
import java.util.List;
import org.slf4j.event.Level;

/** What every role can be told of its log. */
public final class LogKeys {

    static final Key<Format> FORMAT = new Key<>(
            "log.format",
            Types.choice(Format.class),
            Types.word(Format.TEXT),
            "How the log is written: lines for people, or a JSON object a line.");

    static final Key<Level> LEVEL = new Key<>(
            "log.level",
            Types.choice(Level.class),
            Types.word(Level.INFO),
            "The least that is logged of what Holdfast itself has to say.");

    static final List<Key<?>> ALL = List.of(FORMAT, LEVEL);

    private LogKeys() {}

    /**
     * How a process logs.
     *
     * @param format how events are written
     * @param level the least that is written of our own
     */
    public record LogConfig(Format format, Level level) {

        /** Text, from {@code INFO} on. */
        public static final LogConfig DEFAULT = new LogConfig(Format.TEXT, Level.INFO);
    }

    /** How a process logs by its settings. */
    public static LogConfig config(Settings settings) {
        return new LogConfig(settings.value(FORMAT), settings.value(LEVEL));
    }
}
