// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What an agent may look at to find out where it runs: variables of its environment, and files that the system keeps of
 * itself. Nothing is asked over a network. Immutable; safe for use by any thread.
 *
 * @param variables of those it is given, only the ones that say something of the place are kept, so that no secret of
 *     the environment is
 * @param root the directory that stands for {@code /}
 */
public record Surroundings(Map<String, String> variables, Path root) {

    /** The files of this system, and no variables: what an agent has that is told nothing else. */
    public static final Surroundings FILES = new Surroundings(Map.of(), Path.of("/"));

    /** How much of a variable is believed: {@value} characters. */
    private static final int LONGEST_VARIABLE = 16 << 10;

    /** Keeps what is known to say something. */
    public Surroundings {
        Map<String, String> kept = new TreeMap<>();
        for (String name : Cloud.VARIABLES) {
            keep(name, variables, kept);
        }
        for (String name : Kubernetes.VARIABLES) {
            keep(name, variables, kept);
        }
        keep(ResourceAttributes.VARIABLE, variables, kept);
        variables = Collections.unmodifiableMap(kept);
    }

    private static void keep(String name, Map<String, String> from, Map<String, String> kept) {
        String value = from.getOrDefault(name, "").strip();
        if (!value.isEmpty() && value.length() <= LONGEST_VARIABLE) {
            kept.put(name, value);
        }
    }

    /** The first of these variables that is there. */
    Optional<String> variable(String... names) {
        for (String name : names) {
            String value = variables.get(name);
            if (value != null) {
                return Optional.of(value);
            }
        }
        return Optional.empty();
    }

    /** Whether any of these variables is there. */
    boolean has(String... names) {
        return variable(names).isPresent();
    }

    /**
     * A file that is short, without the white space around it. Nothing if it is not there, empty, longer, no file, or
     * cannot be read.
     *
     * @param path below {@code /}, without that
     */
    Optional<String> file(String path, int longest) {
        Path file = root.resolve(path);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(longest + 1);
            String text = new String(bytes, StandardCharsets.UTF_8).strip();
            return bytes.length > longest || text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (IOException unreadable) {
            // Much of /sys is for its owner alone; what cannot be read is left out of the description.
            return Optional.empty();
        }
    }
}
