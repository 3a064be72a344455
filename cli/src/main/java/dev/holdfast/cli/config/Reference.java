// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.key.Key;
import dev.holdfast.cli.key.Role;
import org.jspecify.annotations.Nullable;

/** What can be set, as a file of settings. */
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

    private static void defaults(Role role, String indent, StringBuilder text) {
        for (Key<?> key : role.keys()) {
            text.append(indent).append("# ").append(key.doc()).append('\n');
            text.append(indent).append("# Takes ").append(key.type().expected()).append(".\n");
            text.append(indent).append(key.fallback() == null ? "# " : "");
            text.append(key.name()).append(": ").append(shownDefault(key)).append('\n');
        }
    }

    /** The default as a file would have it; where it is empty, so are the labels. */
    static String shownDefault(Key<?> key) {
        String fallback = key.fallback();
        return fallback == null ? "unset" : fallback.isEmpty() ? "{}" : fallback;
    }
}
