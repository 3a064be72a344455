// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * One file of text, and what it parses to if it is Java.
 *
 * @param path from the root, with slashes
 * @param lines what it holds, without line ends
 * @param text the same in one piece
 * @param tree null if it is not Java
 */
record SourceFile(
        String path,
        String text,
        List<String> lines,
        @Nullable Parsed tree) {

    /** A syntax tree, with all its nodes in the order in which they stand. */
    record Parsed(CompilationUnitTree unit, Trees trees, List<TreePath> nodes) {}

    /** Java as a string, which is what the compiler wants to be given. */
    static final class InMemory extends SimpleJavaFileObject {

        private final String text;

        InMemory(String path, String text) {
            super(URI.create("string:///" + path), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    static List<SourceFile> parse(Map<String, String> textOfPath) throws IOException {
        List<InMemory> sources = textOfPath.entrySet().stream()
                .filter(file -> file.getKey().endsWith(".java"))
                .map(file -> new InMemory(file.getKey(), file.getValue()))
                .toList();
        Map<String, Parsed> parsed = new HashMap<>();
        if (!sources.isEmpty()) {
            JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
            // What is not Java is the compiler's to say; whatever could be parsed is checked here.
            JavacTask task =
                    (JavacTask) compiler.getTask(null, null, problem -> {}, List.of("-proc:none"), null, sources);
            for (CompilationUnitTree unit : task.parse()) {
                String path = unit.getSourceFile().toUri().getPath().substring(1);
                parsed.put(path, new Parsed(unit, Trees.instance(task), nodes(unit)));
            }
        }
        if (parsed.size() != sources.size()) {
            throw new IllegalStateException(parsed.size() + " of " + sources.size() + " files were parsed");
        }
        return textOfPath.entrySet().stream()
                .map(file -> new SourceFile(
                        file.getKey(),
                        file.getValue(),
                        List.of(file.getValue().split("\n")),
                        parsed.get(file.getKey())))
                .toList();
    }

    private static List<TreePath> nodes(CompilationUnitTree unit) {
        List<TreePath> nodes = new ArrayList<>();
        new TreePathScanner<@Nullable Void, @Nullable Void>() {
            @Override
            public @Nullable Void scan(@Nullable Tree tree, @Nullable Void unused) {
                if (tree != null) {
                    nodes.add(new TreePath(getCurrentPath(), tree));
                }
                return super.scan(tree, null);
            }
        }.scan(new TreePath(unit), null);
        return nodes;
    }

    boolean isJava() {
        return path.endsWith(".java");
    }

    boolean isTest() {
        return path.contains("src/test/");
    }

    /** All nodes of a kind; none where this is not Java. */
    Stream<TreePath> nodes(Class<? extends Tree> kind) {
        return tree == null ? Stream.of() : tree.nodes.stream().filter(node -> kind.isInstance(node.getLeaf()));
    }

    /** The comment that documents a declaration, if it has one. */
    @Nullable
    String javadoc(TreePath declaration) {
        return java().trees.getDocComment(declaration);
    }

    int firstLine(Tree node) {
        return line(java().trees.getSourcePositions().getStartPosition(java().unit, node));
    }

    int lastLine(Tree node) {
        return line(java().trees.getSourcePositions().getEndPosition(java().unit, node));
    }

    /** The source text of a node. */
    String textOf(Tree node) {
        long from = java().trees.getSourcePositions().getStartPosition(java().unit, node);
        long to = java().trees.getSourcePositions().getEndPosition(java().unit, node);
        return text.substring((int) from, (int) to);
    }

    Finding at(int line, String what) {
        return new Finding(path, line, what);
    }

    Finding at(Tree node, String what) {
        return at(firstLine(node), what);
    }

    private int line(long position) {
        return (int) java().unit.getLineMap().getLineNumber(position);
    }

    private Parsed java() {
        if (tree == null) {
            throw new IllegalStateException(path + " has no tree: it is not Java");
        }
        return tree;
    }
}
