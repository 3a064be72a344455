// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a process is started as. Each role has keys of its own; some names are keys of both. */
public enum Role {
    /** The process on a host. */
    AGENT,
    /** The control plane. */
    SERVER;

    /** The name of its section in a file, and of the command that starts it. */
    public String title() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What it can be told. */
    public List<Key<?>> keys() {
        return switch (this) {
            case AGENT -> AgentKeys.ALL;
            case SERVER -> ServerKeys.ALL;
        };
    }

    /** Other systems' names for what it can be told. */
    public List<Alias> aliases() {
        return switch (this) {
            case AGENT -> Alias.ALL;
            case SERVER -> List.of();
        };
    }

    /** The key of that name, if it has one. */
    public Optional<Key<?>> key(String name) {
        return keys().stream().filter(key -> key.name().equals(name)).findFirst();
    }
}
