// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import static java.util.Map.entry;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Who may depend on whom. */
final class ModuleRules {

    /** What each room of the house may use beside itself: the rooms named, with all that is in them. */
    private static final Map<String, Set<String>> ROOMS = Map.ofEntries(
            entry("core", Set.of()),
            entry("core.time", Set.of()),
            entry("core.disk", Set.of()),
            entry("core.policy", Set.of("core.time")),
            entry("core.breaker", Set.of("core.policy", "core.time")),
            entry("core.retry", Set.of("core.policy", "core.time")),
            entry("core.work", Set.of("core.policy", "core.time")),
            entry("core.segment", Set.of("core.disk")),
            entry("core.record", Set.of("core.policy")),
            entry("core.outbox", Set.of("core.policy", "core.time", "core.disk", "core.segment", "core.record")),
            entry("core.delivery", Set.of("core.policy", "core.time", "core.record")),
            entry("opamp", Set.of("core.time", "core.policy", "core.work", "core.record")),
            entry("agent", Set.of("opamp", "core")),
            entry("server", Set.of("opamp", "core")),
            entry("lab", Set.of("lab.check", "agent", "server", "opamp", "core")),
            entry("lab.check", Set.of()),
            entry("cli", Set.of("agent", "server", "opamp", "core")));

    private static final Pattern CORE_LIBRARIES =
            Pattern.compile("(java|javax\\.net\\.ssl|org\\.slf4j|org\\.jspecify)\\..*");
    private static final Pattern PROTOBUF =
            Pattern.compile("com\\.google\\.protobuf\\..*|" + Pattern.quote(Classes.WIRE) + "\\..*");

    static final List<Rule<JavaClasses>> ALL = List.of(
            Rule.of(
                    "each room uses only the rooms below it",
                    dependencies(
                            (from, to) -> Classes.isOurs(from) && Classes.isOurs(to) && !mayUse(room(from), room(to)),
                            "against the order of the rooms (expected: cli and lab above agent and server, which never"
                                    + " see each other, above opamp, above core; in core: breaker, retry, work and outbox above"
                                    + " policy above time)"),
                    Sample.java("""
                            package dev.holdfast.agent;
                            class Sees {
                                Object server() {
                                    return dev.holdfast.server.ServerConfig.of(null); /* breaks */
                                }
                                Object opamp() { return dev.holdfast.opamp.Value.of(""); }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.core.time;
                            class LooksUp {
                                Object policy() {
                                    return dev.holdfast.core.policy.RetryAfter.parse("", null); /* breaks */
                                }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.opamp;
                            class Writes {
                                Object disk() throws Exception {
                                    return dev.holdfast.core.disk.DataDirectory.hold(null); /* breaks */
                                }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.attic;
                            class Unplanned {
                                Object time() { return new dev.holdfast.core.time.VirtualTime(); } /* breaks */
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.core.breaker;
                            class Retries {
                                Object budget() {
                                    return dev.holdfast.core.retry.RetryBudget.standard(null); /* breaks */
                                }
                                Object ladder() { return dev.holdfast.core.policy.Backoff.LINK; }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.core.work;
                            class Works {
                                Object time() { return new dev.holdfast.core.time.VirtualTime(); }
                            }
                            """)),
            Rule.of(
                    "core uses the JDK, SLF4J and JSpecify alone",
                    dependencies(
                            (from, to) -> from.getName().startsWith("dev.holdfast.core.")
                                    && !Classes.isOurs(to)
                                    && !to.isPrimitive()
                                    && !CORE_LIBRARIES.matcher(to.getName()).matches(),
                            "a library in core (expected: the JDK, SLF4J and JSpecify alone, so that any program can embed it)"),
                    Sample.java("""
                            package dev.holdfast.core.work;
                            class Borrows {
                                Object bytes() {
                                    org.slf4j.LoggerFactory.getLogger("a").info("b");
                                    return com.google.protobuf.ByteString.empty(); /* breaks */
                                }
                            }
                            """)),
            Rule.of(
                    "no package depends on one that depends on it",
                    ModuleRules::cycles,
                    Sample.java("""
                            package dev.holdfast.agent.one;
                            public class One {
                                public void call() { new dev.holdfast.agent.two.Two().call(); } /* breaks */
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.agent.two;
                            public class Two {
                                public void call() { new dev.holdfast.agent.one.One().call(); } /* breaks */
                            }
                            """)),
            Rule.of(
                    "protobuf stays inside opamp",
                    dependencies(
                            (from, to) ->
                                    isProtobuf(to) && !from.getPackageName().startsWith("dev.holdfast.opamp"),
                            "protobuf outside opamp (expected: the types of dev.holdfast.opamp)"),
                    Sample.java("""
                            package dev.holdfast.agent;
                            class Parses {
                                Object wire() {
                                    return dev.holdfast.opamp.wire.AgentToServer.getDefaultInstance(); /* breaks */
                                }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.opamp;
                            class Translates {
                                Object wire() { return dev.holdfast.opamp.wire.AgentToServer.getDefaultInstance(); }
                            }
                            """)),
            Rule.of(
                    "opamp shows no protobuf",
                    classes -> classes.stream()
                            .filter(type ->
                                    type.getPackageName().equals("dev.holdfast.opamp") && Classes.isPublic(type))
                            .filter(type -> Classes.shownBy(type).anyMatch(ModuleRules::isProtobuf))
                            .map(type -> Classes.at(
                                    type,
                                    type.getSimpleName() + " shows a protobuf type in a public or"
                                            + " protected member (expected: a type of our own, or package-private)")),
                    Sample.java("""
                            package dev.holdfast.opamp; /* breaks */
                            public class Shows {
                                public java.util.List<com.google.protobuf.ByteString> all() { return null; }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.opamp;
                            public class Hides {
                                com.google.protobuf.ByteString hidden() { return null; }
                            }
                            """)));

    private ModuleRules() {}

    private static Function<JavaClasses, Stream<Finding>> dependencies(
            BiPredicate<JavaClass, JavaClass> wrong, String what) {
        return classes -> classes.stream()
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .filter(dependency -> wrong.test(
                        dependency.getOriginClass(), dependency.getTargetClass().getBaseComponentType()))
                .map(dependency -> Classes.at(dependency, names(dependency) + ": " + what));
    }

    private static String names(Dependency dependency) {
        return dependency.getOriginClass().getSimpleName() + " uses "
                + dependency.getTargetClass().getName();
    }

    private static boolean mayUse(String from, String to) {
        return from.equals(to)
                || ROOMS.getOrDefault(from, Set.of()).stream()
                        .anyMatch(allowed -> to.equals(allowed) || to.startsWith(allowed + "."));
    }

    /** The innermost room that a class is in; a package in none is one by itself. */
    private static String room(JavaClass type) {
        String name = type.getPackageName().substring("dev.holdfast.".length());
        return ROOMS.keySet().stream()
                .filter(known -> name.equals(known) || name.startsWith(known + "."))
                .max(Comparator.comparingInt(String::length))
                .orElse(name);
    }

    private static boolean isProtobuf(JavaClass type) {
        return PROTOBUF.matcher(type.getName()).matches();
    }

    /** Every use of a package by which that package, directly or through others, uses the one it is used in. */
    private static Stream<Finding> cycles(JavaClasses classes) {
        List<Dependency> steps = classes.stream()
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .filter(step ->
                        Classes.isOurs(step.getTargetClass()) && !from(step).equals(to(step)))
                .toList();
        Map<String, Set<String>> uses =
                steps.stream().collect(groupingBy(ModuleRules::from, mapping(ModuleRules::to, toSet())));
        return steps.stream()
                .filter(step -> reachable(uses, to(step)).contains(from(step)))
                .map(step -> Classes.at(
                        step,
                        names(step) + ": " + to(step) + " also leads back to " + from(step)
                                + " (expected: one way only; move what both need into a package below them)"));
    }

    private static Set<String> reachable(Map<String, Set<String>> uses, String start) {
        Set<String> reached = new HashSet<>();
        Deque<String> left = new ArrayDeque<>(List.of(start));
        while (!left.isEmpty()) {
            String next = left.pop();
            if (reached.add(next)) {
                left.addAll(uses.getOrDefault(next, Set.of()));
            }
        }
        return reached;
    }

    private static String from(Dependency step) {
        return step.getOriginClass().getPackageName();
    }

    private static String to(Dependency step) {
        return step.getTargetClass().getBaseComponentType().getPackageName();
    }
}
