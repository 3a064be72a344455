// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import static java.util.Map.entry;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/** How packages and classes are cut, named and opened to others. */
final class ShapeRules {

    private static final int MOST_CLASSES = 15;

    private static final Pattern EMPTY_CLASS_NAME = Pattern.compile("\\w*(Impl|Utils?|Helpers?|Manager|Common)");
    private static final Pattern EMPTY_PACKAGE_NAME =
            Pattern.compile(".*\\.(impl|internal|utils?|helpers?|common|managers?)(\\..*)?");

    /** Packages and classes that may be public without a user in this repository, and why. */
    private static final Map<String, String> OPEN = Map.ofEntries(
            entry("dev.holdfast.core.time", "programs embed it"),
            entry("dev.holdfast.core.policy", "programs embed it"),
            entry("dev.holdfast.core.work", "programs embed it"),
            entry("dev.holdfast.core.delivery", "whoever empties an outbox, or simulates that, steps it"),
            entry("dev.holdfast.core.outbox", "programs embed it"),
            entry("dev.holdfast.core.record", "programs embed it"),
            entry("dev.holdfast.core.disk.SystemDisk", "where programs keep an outbox"),
            entry("dev.holdfast.agent", "programs embed it"),
            entry("dev.holdfast.agent.link.LinkMachine", "whoever simulates a fleet steps it"),
            entry("dev.holdfast.server", "what a program that starts a server is given"),
            entry(
                    "dev.holdfast.server.fleet.MemoryFleetStore",
                    "a server without a disk, for whoever simulates a fleet"),
            entry(
                    "dev.holdfast.server.ingest.MemoryEventStore",
                    "a server without a disk, for whoever simulates a fleet"),
            entry("dev.holdfast.core.breaker", "programs embed it"),
            entry("dev.holdfast.core.retry", "programs embed it"),
            entry("dev.holdfast.cli.run.DefaultLogging", "Logback finds it by its service file"));

    static final List<Rule<JavaClasses>> ALL = List.of(
            Rule.of(
                    "null is marked in every package",
                    ShapeRules::unmarked,
                    Sample.java("package dev.holdfast.agent.bare; /* breaks */\nclass Bare {}\n"),
                    Sample.java("package dev.holdfast.agent.marked;\nclass Marked {}\n"),
                    Sample.java("@org.jspecify.annotations.NullMarked\npackage dev.holdfast.agent.marked;\n")),
            Rule.of(
                    "names say what a thing is",
                    ShapeRules::emptyNames,
                    Sample.java("package dev.holdfast.agent; /* breaks */\nclass LinkImpl {}\n"),
                    Sample.java("package dev.holdfast.agent; /* breaks */\nclass TimeUtils {}\n"),
                    Sample.java("package dev.holdfast.agent; /* breaks */\nclass Outer { class LinkManager {} }\n"),
                    Sample.java("package dev.holdfast.agent.internal; /* breaks */\nclass Inside {}\n"),
                    Sample.java("package dev.holdfast.agent;\nclass Utility { class Helping {} }\n")),
            Rule.of(
                    "a package is one idea",
                    ShapeRules::crowded,
                    crowd("package dev.holdfast.agent.crowd; /* breaks */", MOST_CLASSES + 1),
                    crowd("package dev.holdfast.agent.few;", MOST_CLASSES)),
            Rule.of(
                    "public means that another package needs it",
                    ShapeRules::needlesslyPublic,
                    Sample.java("package dev.holdfast.agent.a; /* breaks */\npublic class Alone {}\n"),
                    Sample.java("""
                            package dev.holdfast.agent.a;
                            public class Used {
                                public Shown shown() { return new Shown(); }
                                public static class Nested {}
                            }
                            """),
                    Sample.java("package dev.holdfast.agent.a;\npublic class Shown {}\n"),
                    Sample.java("package dev.holdfast.agent.a;\nclass Hidden {}\n"),
                    Sample.java(
                            "package dev.holdfast.agent.b;\nclass User { Object used = new dev.holdfast.agent.a.Used.Nested(); }\n"),
                    Sample.java(
                            "package dev.holdfast.agent.b;\npublic class Entry { public static void main(String[] a) {} }\n"),
                    Sample.java("""
                            package dev.holdfast.agent.a;
                            public class Names {
                                public static final String ONE = "one";
                                private Names() {}
                            }
                            """),
                    Sample.java("package dev.holdfast.core.policy;\npublic class Open {}\n")));

    private ShapeRules() {}

    /** So many classes in one package; the finding is at the first. */
    private static Sample crowd(String opening, int classes) {
        String more = IntStream.range(1, classes)
                .mapToObj(i -> "class More" + i + " {}\n")
                .collect(Collectors.joining());
        return Sample.java(opening + "\nclass First {}\n" + more);
    }

    /** The top-level classes of each package that was written by people, by name. */
    private static Stream<List<JavaClass>> packages(JavaClasses classes) {
        return classes.stream()
                .filter(type -> Classes.isWritten(type)
                        && type.isTopLevelClass()
                        && !type.getSimpleName().equals("package-info"))
                .sorted(Comparator.comparing(JavaClass::getName))
                .collect(Collectors.groupingBy(JavaClass::getPackageName))
                .values()
                .stream();
    }

    private static Stream<Finding> unmarked(JavaClasses classes) {
        return packages(classes)
                .map(List::getFirst)
                .filter(type -> type.getPackage()
                        .tryGetPackageInfo()
                        .filter(info -> info.isAnnotatedWith(NullMarked.class))
                        .isEmpty())
                .map(type -> Classes.at(
                        type,
                        type.getPackageName() + ": no package-info.java with @NullMarked (expected:"
                                + " one that opens with its promises)"));
    }

    private static Stream<Finding> emptyNames(JavaClasses classes) {
        return classes.stream()
                .filter(type -> Classes.isWritten(type)
                        && (EMPTY_CLASS_NAME.matcher(type.getSimpleName()).matches()
                                || EMPTY_PACKAGE_NAME
                                        .matcher(type.getPackageName())
                                        .matches()))
                .map(type -> Classes.at(
                        type,
                        type.getName() + ": a name that fits anything (expected: the word for what"
                                + " it is or does)"));
    }

    private static Stream<Finding> crowded(JavaClasses classes) {
        return packages(classes)
                .filter(types -> types.size() > MOST_CLASSES)
                .map(types -> Classes.at(
                        types.getFirst(),
                        types.getFirst().getPackageName() + ": " + types.size() + " classes (expected: <= "
                                + MOST_CLASSES + "; split it by its ideas)"));
    }

    private static Stream<Finding> needlesslyPublic(JavaClasses classes) {
        Set<JavaClass> needed = needed(classes);
        return classes.stream()
                .filter(type -> type.isTopLevelClass() && Classes.isPublic(type) && Classes.isWritten(type))
                .filter(type -> !needed.contains(type) && !holdsConstants(type))
                .map(type -> Classes.at(
                        type,
                        type.getName() + ": public, and no other package uses it (expected:"
                                + " package-private, or written down as open, with the reason)"));
    }

    /** The compiler copies constants to where they are used, so that no class file tells who uses them. */
    private static boolean holdsConstants(JavaClass type) {
        return type.getFields().stream().anyMatch(Classes::isPublic)
                && type.getMembers().stream()
                        .filter(Classes::isPublic)
                        .allMatch(member -> member instanceof JavaField field
                                && field.getModifiers().containsAll(Set.of(JavaModifier.STATIC, JavaModifier.FINAL)));
    }

    /** What others use, and what that shows to them. */
    private static Set<JavaClass> needed(JavaClasses classes) {
        Deque<JavaClass> left = new ArrayDeque<>();
        for (JavaClass type : classes) {
            if (OPEN.containsKey(type.getPackageName())
                    || OPEN.containsKey(type.getName())
                    || type.tryGetMethod("main", String[].class).isPresent()) {
                left.add(type);
            }
            type.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .filter(used ->
                            Classes.isOurs(used) && !used.getPackageName().equals(type.getPackageName()))
                    .forEach(left::add);
        }
        Set<JavaClass> seen = new HashSet<>();
        while (!left.isEmpty()) {
            JavaClass next = left.pop();
            if (Classes.isOurs(next) && seen.add(next)) {
                left.add(Classes.topLevel(next));
                Classes.shownBy(next).forEach(left::add);
            }
        }
        return seen;
    }
}
