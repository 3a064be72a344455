// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.key.Faults;
import dev.holdfast.cli.key.Key;
import dev.holdfast.cli.key.Role;
import dev.holdfast.cli.value.Given;
import dev.holdfast.cli.value.Nearest;
import dev.holdfast.cli.value.Place;
import dev.holdfast.cli.value.Written;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The part of the environment that is ours. */
final class Environment {

    /** What the launcher reads; nothing here does. */
    static final Set<String> LAUNCHER = Set.of("HOLDFAST_JAVA_HOME", "HOLDFAST_JAVA_OPTS", "HOLDFAST_BUILD");

    private final Map<String, Given> shared = new HashMap<>();
    private final EnumMap<Role, Map<String, Given>> own = new EnumMap<>(Role.class);
    private final Faults faults = new Faults();

    private Environment() {
        for (Role role : Role.values()) {
            own.put(role, new HashMap<>());
        }
    }

    /** What a variable sets: a key, for one role or, where {@code role} is null, for all. */
    private record Target(@Nullable Role role, String key) {}

    /** Reads the variables that begin with {@link Key#PREFIX}. */
    static Environment read(Map<String, String> variables, Path base, Path home) {
        Environment environment = new Environment();
        Map<String, Target> targets = targets();
        new TreeMap<>(variables).forEach((variable, value) -> {
            if (variable.startsWith(Key.PREFIX) && !LAUNCHER.contains(variable)) {
                Target target = targets.get(variable);
                if (target == null) {
                    environment.faults.add(variable + ": unknown environment variable (expected: one that sets"
                            + " a key; the nearest is " + Nearest.to(variable, targets.keySet()) + ")");
                } else {
                    Place place = new Place("in environment variable " + variable, base, home);
                    environment.layer(target.role()).put(target.key(), new Given(new Written.Text(value), place));
                }
            }
        });
        return environment;
    }

    private static Map<String, Target> targets() {
        Map<String, Target> targets = new HashMap<>();
        for (Role role : Role.values()) {
            for (Key<?> key : role.keys()) {
                targets.put(key.variable(), new Target(null, key.name()));
                targets.put(key.variable(role), new Target(role, key.name()));
            }
        }
        return targets;
    }

    Map<String, Given> shared() {
        return shared;
    }

    Map<String, Given> own(Role role) {
        return own.getOrDefault(role, Map.of());
    }

    Faults faults() {
        return faults;
    }

    private Map<String, Given> layer(@Nullable Role role) {
        return role == null ? shared : own(role);
    }
}
