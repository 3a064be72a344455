// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.config.Yaml.Mapping;
import dev.holdfast.cli.config.Yaml.Member;
import dev.holdfast.cli.config.Yaml.Node;
import dev.holdfast.cli.config.Yaml.Nothing;
import dev.holdfast.cli.config.Yaml.Scalar;
import dev.holdfast.cli.config.Yaml.Sequence;
import dev.holdfast.cli.key.Alias;
import dev.holdfast.cli.key.Faults;
import dev.holdfast.cli.key.Role;
import dev.holdfast.cli.value.Given;
import dev.holdfast.cli.value.MismatchException;
import dev.holdfast.cli.value.Nearest;
import dev.holdfast.cli.value.Place;
import dev.holdfast.cli.value.Written;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file of settings: keys for every role, and a section for each role whose keys are for that role alone.
 *
 * <p>Names may be nested or joined by dots. {@code server} with a mapping is the section, with anything else the
 * agent's key. Names that other systems have for a key are read as that key.
 */
final class ConfigFile {

    private final Path path;
    private final Path home;
    private final Map<String, Given> shared = new HashMap<>();
    private final EnumMap<Role, Map<String, Given>> own = new EnumMap<>(Role.class);
    private final List<Taken> taken = new ArrayList<>();
    private final Faults faults = new Faults();

    /** Another system's name for a key, and where it stands. */
    record Taken(Alias alias, Place place) {}

    private ConfigFile(Path path, Path home) {
        this.path = path;
        this.home = home;
        for (Role role : Role.values()) {
            own.put(role, new HashMap<>());
        }
    }

    /** A file that says nothing, where none is given. */
    static ConfigFile none(Path base, Path home) {
        return new ConfigFile(base.resolve("none"), home);
    }

    /** Reads a file; what is wrong with it is in {@link #faults}. */
    static ConfigFile read(Path path, Path home) {
        ConfigFile file = new ConfigFile(path.toAbsolutePath().normalize(), home);
        try {
            file.root(Yaml.parse(Files.readString(path)));
        } catch (Yaml.SyntaxException e) {
            file.faults.add(path + ": line " + e.line() + ", column " + e.column() + ": " + e.getMessage());
        } catch (NoSuchFileException e) {
            file.faults.add(path + ": no such file (expected: a file of settings in YAML)");
        } catch (CharacterCodingException e) {
            file.faults.add(path + ": not UTF-8 (expected: a file of settings in YAML)");
        } catch (IOException e) {
            file.faults.add(path + ": cannot be read: " + e + " (expected: a file of settings in YAML)");
        }
        return file;
    }

    Map<String, Given> shared() {
        return shared;
    }

    Map<String, Given> own(Role role) {
        return own.getOrDefault(role, Map.of());
    }

    /** What was read as something else, in the order in which it stands there. */
    List<Taken> taken() {
        return taken;
    }

    Faults faults() {
        return faults;
    }

    private void root(Node root) {
        switch (root) {
            case Nothing nothing -> {}
            case Mapping mapping -> {
                for (Member member : mapping.members()) {
                    top(member);
                }
            }
            case Scalar scalar -> notAMapping(path.toString(), scalar.text(), root.line());
            case Sequence sequence -> notAMapping(path.toString(), "a list", root.line());
        }
    }

    private void top(Member member) {
        Optional<Role> section = Arrays.stream(Role.values())
                .filter(role -> role.title().equals(member.name()))
                .findFirst();
        boolean opened = member.value() instanceof Mapping || member.value() instanceof Nothing;
        if (section.isPresent() && opened) {
            if (member.value() instanceof Mapping mapping) {
                members(mapping, "", section.get());
            }
        } else if (section.isPresent() && section.get() == Role.AGENT) {
            notAMapping(member.name(), shown(member.value()), member.line());
        } else {
            member("", member, null);
        }
    }

    private void members(Mapping mapping, String prefix, @Nullable Role role) {
        for (Member member : mapping.members()) {
            member(prefix, member, role);
        }
    }

    private void member(String prefix, Member member, @Nullable Role role) {
        String name = prefix + member.name();
        Set<String> known = names(role);
        boolean opens = known.stream().anyMatch(key -> key.startsWith(name + "."));
        if (known.contains(name) && !(opens && member.value() instanceof Mapping)) {
            take(name, member, role);
        } else if (opens) {
            switch (member.value()) {
                case Mapping mapping -> members(mapping, name + ".", role);
                case Nothing nothing -> {}
                case Scalar scalar -> notAMapping(name, scalar.text(), member.line());
                case Sequence sequence -> notAMapping(name, "a list", member.line());
            }
        } else {
            unknown(name, member.line(), role, known);
        }
    }

    private void take(String name, Member member, @Nullable Role role) {
        Map<String, Given> layer = role == null ? shared : own.getOrDefault(role, Map.of());
        Optional<Written> written = written(member.value());
        if (written.isEmpty()) {
            faults.add(
                    name,
                    "a nested value",
                    "a plain value, or a list or mapping of plain values",
                    place(member.line()));
            return;
        }
        Given given = new Given(written.get(), place(member.line()));
        Optional<Alias> alias =
                aliases(role).filter(each -> each.name().equals(name)).findFirst();
        if (alias.isPresent()) {
            takeAs(alias.get(), given, layer);
        } else {
            put(name, given, layer);
        }
    }

    private void takeAs(Alias alias, Given given, Map<String, Given> layer) {
        try {
            String text = alias.reading().parse(given);
            taken.add(new Taken(alias, given.place()));
            if (alias.key() != null) {
                Place place = new Place(
                        given.place().text() + ", as " + alias.name(),
                        given.place().base(),
                        home);
                put(alias.key().name(), new Given(new Written.Text(text), place), layer);
            }
        } catch (MismatchException e) {
            faults.add(alias.name(), given.written().shown(), String.valueOf(e.getMessage()), given.place());
        }
    }

    private void put(String name, Given given, Map<String, Given> layer) {
        Given earlier = layer.put(name, given);
        if (earlier != null) {
            faults.add(
                    name, "given twice", "once; the other is " + earlier.place().text(), given.place());
        }
    }

    private static Optional<Written> written(Node node) {
        return switch (node) {
            case Scalar scalar -> Optional.of(new Written.Text(scalar.text()));
            case Nothing nothing -> Optional.of(new Written.Text(""));
            case Sequence sequence -> texts(sequence.items()).map(Written.Items::new);
            case Mapping mapping ->
                texts(mapping.members().stream().map(Member::value).toList()).map(texts -> {
                    Map<String, String> entries = new LinkedHashMap<>();
                    for (int i = 0; i < texts.size(); i++) {
                        entries.put(mapping.members().get(i).name(), texts.get(i));
                    }
                    return new Written.Entries(entries);
                });
        };
    }

    private static Optional<List<String>> texts(List<Node> nodes) {
        List<String> texts = new ArrayList<>();
        for (Node node : nodes) {
            if (!(node instanceof Scalar scalar)) {
                return Optional.empty();
            }
            texts.add(scalar.text());
        }
        return Optional.of(texts);
    }

    private void unknown(String name, int line, @Nullable Role role, Set<String> known) {
        String full = role == null ? name : role.title() + "." + name;
        String expected = role != null && names(null).contains(name)
                ? "a key of the " + role.title() + ", which " + name + " is not"
                : "a known key; the nearest is " + Nearest.to(name, known);
        faults.add(full + ": unknown key (expected: " + expected + "), "
                + place(line).text());
    }

    private void notAMapping(String name, String shown, int line) {
        faults.add(name, shown, "keys with values", place(line));
    }

    private static String shown(Node node) {
        return node instanceof Scalar scalar ? scalar.text() : "a list";
    }

    private Place place(int line) {
        Path directory = path.getParent();
        return new Place("in " + path + " line " + line, directory == null ? path : directory, home);
    }

    private static Set<String> names(@Nullable Role only) {
        Set<String> names = new TreeSet<>();
        roles(only).forEach(role -> role.keys().forEach(key -> names.add(key.name())));
        aliases(only).forEach(alias -> names.add(alias.name()));
        return names;
    }

    private static Stream<Alias> aliases(@Nullable Role only) {
        return roles(only).flatMap(role -> role.aliases().stream());
    }

    private static Stream<Role> roles(@Nullable Role only) {
        return only == null ? Arrays.stream(Role.values()) : Stream.of(only);
    }
}
