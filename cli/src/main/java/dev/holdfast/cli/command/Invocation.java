// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The command as a person types it, for what is printed to be tried. */
public final class Invocation {

    private static final Pattern PLAIN = Pattern.compile("[\\w./:,=@%+~-]+");

    private Invocation() {}

    /** How this command was called. */
    public static String name() {
        return quoted(System.getProperty("holdfast.command", "./holdfast"));
    }

    /**
     * What starts a server again where it was.
     *
     * @param config the file of settings that it had, or null
     */
    public static String restart(Path data, ServerFile server, @Nullable Path config) {
        List<String> words = new ArrayList<>(
                List.of("server", "--data", data.toString(), "--listen", server.listen(), "--admin", server.admin()));
        if (config != null) {
            words.add("--config");
            words.add(config.toAbsolutePath().toString());
        }
        return line(words);
    }

    /** The command with {@code words}, each fit for a shell. */
    public static String line(List<String> words) {
        return name() + words.stream().map(word -> " " + quoted(word)).collect(Collectors.joining());
    }

    private static String quoted(String word) {
        return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
