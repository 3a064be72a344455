// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.key.Alias;
import dev.holdfast.cli.key.ConfigurationException;
import dev.holdfast.cli.key.Key;
import dev.holdfast.cli.key.Role;
import dev.holdfast.cli.key.Settings.Setting;
import dev.holdfast.cli.value.Nearest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * All there is to know of a key of a role.
 *
 * @param inForce the value in force, and where it was written; null where that is unset or faulty
 */
record Explanation(Role role, Key<?> key, @Nullable Setting<?> inForce) {

    private static final String SECRET = "…";

    /**
     * That of a key for each role that has it.
     *
     * @param name a key, or another system's name for one
     * @param configuration where to look for what is in force
     * @throws ConfigurationException if there is no such key; the message names the nearest
     */
    static List<Explanation> of(String name, Configuration configuration) throws ConfigurationException {
        String wanted = aliases(name).stream()
                .findFirst()
                .flatMap(alias -> Optional.ofNullable(alias.key()))
                .map(Key::name)
                .orElse(name);
        List<Explanation> found = new ArrayList<>();
        Set<String> known = new TreeSet<>();
        for (Role role : Role.values()) {
            role.keys().forEach(key -> known.add(key.name()));
            role.key(wanted)
                    .ifPresent(key -> found.add(new Explanation(
                            role, key, configuration.validSettings(role).find(key))));
        }
        if (found.isEmpty()) {
            throw new ConfigurationException(List.of(
                    name + ": unknown key (expected: a known key; the nearest is " + Nearest.to(name, known) + ")"));
        }
        return found;
    }

    /** Those of every key of a role. */
    static List<Explanation> all(Role role, Configuration configuration) {
        var settings = configuration.validSettings(role);
        List<Explanation> all = new ArrayList<>();
        role.keys().forEach(key -> all.add(new Explanation(role, key, settings.find(key))));
        return all;
    }

    private static List<Alias> aliases(String name) {
        return Alias.ALL.stream().filter(alias -> alias.name().equals(name)).toList();
    }

    /** For people. */
    String text() {
        StringBuilder text = new StringBuilder();
        text.append(key.name()).append(" (").append(role.title()).append(")\n");
        text.append("  ").append(key.doc()).append('\n');
        line(text, "type", key.type().name());
        line(text, "expected", key.type().expected());
        line(text, "default", Reference.shownDefault(key));
        line(text, "in a file", key.name() + ", in the section " + role.title() + " or at the top for every role");
        aliases().forEach(alias -> line(text, "also", alias + ", as other systems call it"));
        line(text, "variables", String.join(", then ", variables()));
        line(
                text,
                "in force",
                inForce == null
                        ? "unset"
                        : value(inForce) + ", " + inForce.given().place().text());
        return text.toString();
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append(String.format("  %-10s %s%n", name, value));
    }

    /** For programs. */
    Map<String, @Nullable Object> json() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("role", role.title());
        json.put("key", key.name());
        json.put("doc", key.doc());
        json.put("type", key.type().name());
        json.put("expected", key.type().expected());
        json.put("default", key.fallback());
        json.put("variables", variables());
        json.put("aliases", aliases());
        json.put("value", inForce == null ? null : value(inForce));
        json.put("from", inForce == null ? null : inForce.given().place().text());
        return json;
    }

    /** The one that comes first is the first. */
    private List<String> variables() {
        return List.of(key.variable(role), key.variable());
    }

    private List<String> aliases() {
        return role.aliases().stream()
                .filter(alias -> key.equals(alias.key()))
                .map(Alias::name)
                .toList();
    }

    private String value(Setting<?> setting) {
        String shown = setting.given().written().shown();
        return key.isSecret() ? SECRET : shown.isEmpty() ? "{}" : shown;
    }
}
