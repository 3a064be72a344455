// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.value.Nearest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What can be set, in words. */
final class Reference {

    private Reference() {}

    /**
     * A file of settings that says what is so without it.
     *
     * @param only the role whose keys to list, at the top level; null for both, in sections
     */
    static String defaults(@Nullable Role only) {
        StringBuilder text = new StringBuilder();
        if (only != null) {
            defaults(only, "", text);
            return text.toString();
        }
        for (Role role : Role.values()) {
            text.append(text.isEmpty() ? "" : "\n").append(role.title()).append(":\n");
            defaults(role, "  ", text);
        }
        return text.toString();
    }

    /**
     * All there is to know of a key.
     *
     * @throws ConfigurationException if there is no such key; the message names the nearest
     */
    static String explain(String name) throws ConfigurationException {
        List<String> parts = new ArrayList<>();
        Set<String> known = new TreeSet<>();
        for (Role role : Role.values()) {
            role.keys().forEach(key -> known.add(key.name()));
            Optional<Key<?>> key = role.key(name);
            key.ifPresent(present -> parts.add(explain(role, present)));
        }
        if (parts.isEmpty()) {
            throw new ConfigurationException(List.of(
                    name + ": unknown key (expected: a known key; the nearest is " + Nearest.to(name, known) + ")"));
        }
        return String.join("\n", parts);
    }

    private static void defaults(Role role, String indent, StringBuilder text) {
        for (Key<?> key : role.keys()) {
            text.append(indent).append("# ").append(key.doc()).append('\n');
            text.append(indent);
            if (key.fallback() == null) {
                text.append("# ").append(key.name()).append(": unset\n");
            } else {
                text.append(key.name())
                        .append(": ")
                        .append(yaml(key.fallback()))
                        .append('\n');
            }
        }
    }

    private static String explain(Role role, Key<?> key) {
        String fallback = key.fallback() == null ? "unset" : yaml(key.fallback());
        return key.name() + " (" + role.title() + ")\n"
                + "  " + key.doc() + "\n"
                + "  type       " + key.type().name() + "\n"
                + "  expected   " + key.type().expected() + "\n"
                + "  default    " + fallback + "\n"
                + "  in a file  " + key.name() + ", in the section " + role.title() + " or at the top for every role\n"
                + "  variables  " + key.variable(role) + ", then " + key.variable() + "\n";
    }

    /** Where the default is empty, so are the labels. */
    private static String yaml(String fallback) {
        return fallback.isEmpty() ? "{}" : fallback;
    }
}
