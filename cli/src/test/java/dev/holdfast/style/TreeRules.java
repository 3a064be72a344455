// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.BlockTree;
import com.sun.source.tree.CatchTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.TreePath;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;

/** Rules on Java as the compiler parses it. */
final class TreeRules {

    private static final int SCREEN = 60;

    /** Names of a caught exception that say nothing. */
    private static final Set<String> VAGUE = Set.of("e", "ex", "exception", "t", "ignore", "ignored", "unused");

    /** A comment of fewer words is hardly a reason. */
    private static final int REASON_WORDS = 3;

    private static final Set<String> SLEEPS = Set.of("sleep", "parkNanos", "parkUntil");

    static final List<Rule<SourceFile>> ALL = List.of(
            Rule.of(
                    "methods fit a screen",
                    TreeRules::longMethods,
                    Sample.java("class Long {\nvoid run() { /* breaks */\n" + "\n".repeat(SCREEN + 1) + "}\n}\n"),
                    Sample.java("class Short {\nvoid run() {\n" + "\n".repeat(SCREEN) + "}\n}\n")),
            Rule.of(
                    "imports name what they import",
                    each(
                            ImportTree.class,
                            (file, name) ->
                                    name.getQualifiedIdentifier().toString().endsWith(".*"),
                            "a wildcard import (expected: names)"),
                    Sample.java("""
                            package a;
                            import java.util.List;
                            import java.util.*; /* breaks */
                            import static java.lang.Math.*; /* breaks */
                            class Imports {}
                            """)),
            Rule.of(
                    "nothing sleeps",
                    each(
                            MemberSelectTree.class,
                            (file, call) -> SLEEPS.contains(call.getIdentifier().toString()),
                            "waits for time to pass (expected: a Time that was passed in, or to wait on the thing itself)"),
                    Sample.java("""
                            package a;
                            class Sleeper {
                                void sleep() throws Exception {
                                    Thread.sleep(1); /* breaks */
                                    java.util.concurrent.TimeUnit.SECONDS.sleep(1); /* breaks */
                                    java.util.concurrent.locks.LockSupport.parkNanos(1); /* breaks */
                                }
                            }
                            """)),
            Rule.of(
                    "what is caught is not swallowed",
                    each(
                            CatchTree.class,
                            TreeRules::swallows,
                            "swallowed without a reason (expected: handled, or a comment that says why nothing is to be done)"),
                    Sample.java("""
                            package a;
                            class Swallower {
                                void swallow() {
                                    try { run(); } catch (Exception e) {} /* breaks */
                                    try { run(); } catch (Exception closed) {} /* breaks */
                                    try { run(); } catch (Exception e) { /* fine */ } /* breaks */
                                    try { run(); } catch (Exception closed) { /* fine */ }
                                    try { run(); } catch (Exception e) { /* It was closed already. */ }
                                }
                            }
                            """)),
            Rule.of(
                    "what is switched off says why",
                    each(
                            AnnotationTree.class,
                            TreeRules::unexplained,
                            "no reason (expected: @Disabled(\"why\"), or a // comment beside or above @SuppressWarnings)"),
                    Sample.java("""
                            package a;
                            class Silent {
                                @Disabled void never() {} /* breaks */
                                @Disabled("needs a second disk") void later() {}
                                @SuppressWarnings("unchecked") void cast() {} /* breaks */
                                @SuppressWarnings("unchecked") // only strings were put in
                                void castOfStrings() {}
                                // Only strings were put in.
                                @SuppressWarnings("unchecked")
                                void castOfMoreStrings() {}
                            }
                            """)),
            Rule.of(
                    "what is public is documented",
                    TreeRules::undocumented,
                    Sample.java("""
                            package a;
                            public class Bare { /* breaks */
                                public Bare() {} /* breaks */
                                public void run() {} /* breaks */
                                /** Stops it. */
                                public void stop() {}
                                @Override public String toString() { return ""; }
                                void hidden() {}
                                public interface Door { /* breaks */
                                    void open(); /* breaks */
                                }
                                /** A point. */
                                public record Point(int x) {
                                    public Point {}
                                    public int x() { return x; }
                                    public int y() { return 0; } /* breaks */
                                }
                                static class Hidden { public void run() {} }
                                public static void main(String[] args) {}
                            }
                            """),
                    new Sample("core/src/test/java/T.java", "public class T {}\n")),
            Rule.of(
                    "accessors carry no verb",
                    each(MethodTree.class, TreeRules::getter, "a getter (expected: the name alone, without get)"),
                    Sample.java("""
                            package a;
                            class Getters {
                                int getSize() { return 0; } /* breaks */
                                int get() { return 0; }
                                int getSize(int of) { return of; }
                                @Override public int getSizes() { return 0; }
                            }
                            """)));

    private TreeRules() {}

    private static <T extends Tree> Function<SourceFile, Stream<Finding>> each(
            Class<T> kind, BiPredicate<SourceFile, T> wrong, String what) {
        return file -> file.nodes(kind)
                .map(path -> kind.cast(path.getLeaf()))
                .filter(node -> wrong.test(file, node))
                .map(node -> file.at(node, what));
    }

    private static Stream<Finding> longMethods(SourceFile file) {
        return file.nodes(MethodTree.class)
                .map(path -> (MethodTree) path.getLeaf())
                .flatMap(method -> {
                    BlockTree body = method.getBody();
                    int lines = body == null ? 0 : file.lastLine(body) - file.firstLine(body) - 1;
                    return lines > SCREEN
                            ? Stream.of(file.at(
                                    method,
                                    "method " + method.getName() + ": " + lines + " lines (expected: <= " + SCREEN
                                            + "; give its parts names of their own)"))
                            : Stream.of();
                });
    }

    private static boolean swallows(SourceFile file, CatchTree caught) {
        if (!caught.getBlock().getStatements().isEmpty()) {
            return false;
        }
        String reason = file.textOf(caught.getBlock()).replaceAll("\\W+", " ").strip();
        boolean vague = VAGUE.contains(caught.getParameter().getName().toString());
        return reason.isEmpty() || (vague && reason.split(" ", -1).length < REASON_WORDS);
    }

    private static boolean unexplained(SourceFile file, AnnotationTree annotation) {
        return switch (annotation.getAnnotationType().toString()) {
            case "Disabled" -> annotation.getArguments().isEmpty();
            case "SuppressWarnings" -> {
                int line = file.firstLine(annotation);
                yield !file.lines().get(line - 1).contains("//")
                        && !(line > 1 && file.lines().get(line - 2).strip().startsWith("//"));
            }
            default -> false;
        };
    }

    private static boolean getter(SourceFile file, MethodTree method) {
        return method.getName().toString().matches("get[A-Z].*")
                && method.getParameters().isEmpty()
                && !overrides(method);
    }

    private static Stream<Finding> undocumented(SourceFile file) {
        if (file.isTest()) {
            return Stream.of();
        }
        return Stream.concat(file.nodes(ClassTree.class), file.nodes(MethodTree.class))
                .filter(path -> isPublic(path) && !speaksForItself(path) && file.javadoc(path) == null)
                .map(path -> file.at(
                        path.getLeaf(),
                        "public without Javadoc (expected: what it promises, with units,"
                                + " ranges, defaults, threads and errors; or not public)"));
    }

    /** Whether a declaration can be seen from another package, as far as its own file tells. */
    private static boolean isPublic(TreePath path) {
        Tree parent = path.getParentPath().getLeaf();
        boolean declared = modifiers(path.getLeaf()).contains(Modifier.PUBLIC)
                || (parent.getKind() == Tree.Kind.INTERFACE
                        && !modifiers(path.getLeaf()).contains(Modifier.PRIVATE));
        return declared
                && (parent instanceof CompilationUnitTree
                        || (parent instanceof ClassTree && isPublic(path.getParentPath())));
    }

    private static Set<Modifier> modifiers(Tree declaration) {
        return declaration instanceof MethodTree method
                ? method.getModifiers().getFlags()
                : ((ClassTree) declaration).getModifiers().getFlags();
    }

    /** What overrides has its contract elsewhere, a record's own methods in the record's, and a main in the class's. */
    private static boolean speaksForItself(TreePath path) {
        if (!(path.getLeaf() instanceof MethodTree method)) {
            return false;
        }
        ClassTree owner = (ClassTree) path.getParentPath().getLeaf();
        String name = method.getName().toString();
        boolean ofRecord = owner.getKind() == Tree.Kind.RECORD
                && (name.equals("<init>")
                        || owner.getMembers().stream()
                                .anyMatch(member -> member instanceof VariableTree component
                                        && component.getName().contentEquals(name)));
        return ofRecord || name.equals("main") || overrides(method);
    }

    private static boolean overrides(MethodTree method) {
        return method.getModifiers().getAnnotations().stream()
                .anyMatch(
                        annotation -> annotation.getAnnotationType().toString().equals("Override"));
    }
}
