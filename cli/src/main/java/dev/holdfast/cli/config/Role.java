// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a process is started as. Each role has keys of its own; some names are keys of both. */
enum Role {
    /** The process on a host. */
    AGENT,
    /** The control plane. */
    SERVER;

    /** The name of its section in a file, and of the command that starts it. */
    String title() {
        return name().toLowerCase(Locale.ROOT);
    }

    List<Key<?>> keys() {
        return switch (this) {
            case AGENT -> AgentKeys.ALL;
            case SERVER -> ServerKeys.ALL;
        };
    }

    Optional<Key<?>> key(String name) {
        return keys().stream().filter(key -> key.name().equals(name)).findFirst();
    }
}
