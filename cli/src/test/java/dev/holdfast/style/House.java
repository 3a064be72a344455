// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** What the rules are applied to: all of this repository that people write. */
final class House {

    private static final Set<String> TEXT = Set.of(
            "css", "html", "java", "js", "json", "md", "properties", "proto", "sh", "sql", "svg", "xml", "yaml", "yml");

    /** Text whose name has no extension. */
    private static final Set<String> SCRIPTS = Set.of("holdfast", "run");

    private House() {}

    /** The compiled production classes of all modules. */
    static JavaClasses classes() throws IOException {
        List<Path> compiled = new ArrayList<>();
        for (Path module : children(path -> Files.isDirectory(path.resolve("src/main/java")))) {
            Path classes = module.resolve("target/classes");
            if (!Files.isDirectory(classes)) {
                throw new AssertionError("module " + module.getFileName() + ": no target/classes (expected: compiled"
                        + " before these tests run; list it before cli in the root pom.xml, or build it with -pl)");
            }
            compiled.add(classes);
        }
        return new ClassFileImporter().importPaths(compiled);
    }

    /** The text files of all modules, of the root, its documents and its continuous integration. */
    static List<SourceFile> sources() throws IOException {
        Map<String, String> textOfPath = new LinkedHashMap<>();
        for (Path path : children(path -> Files.isRegularFile(path) && isText(path))) {
            textOfPath.put(name(path), Files.readString(path));
        }
        for (Path folder : children(House::isWritten)) {
            try (Stream<Path> paths = Files.walk(folder)) {
                for (Path path : paths.filter(House::isText).sorted().toList()) {
                    textOfPath.put(name(path), Files.readString(path));
                }
            }
        }
        return SourceFile.parse(textOfPath);
    }

    private static boolean isWritten(Path folder) {
        return Set.of(".ci", ".github", "docs").contains(folder.getFileName().toString())
                || Files.isRegularFile(folder.resolve("pom.xml"));
    }

    private static boolean isText(Path path) {
        String name = path.getFileName().toString();
        boolean built = name(path).matches("[^/]+/target/.*");
        String extension = name.substring(name.lastIndexOf('.') + 1);
        return !built && Files.isRegularFile(path) && (SCRIPTS.contains(name) || TEXT.contains(extension));
    }

    private static List<Path> children(Predicate<Path> wanted) throws IOException {
        try (Stream<Path> children = Files.list(root())) {
            return children.filter(wanted).sorted().toList();
        }
    }

    private static String name(Path path) {
        return root().relativize(path).toString().replace('\\', '/');
    }

    private static Path root() {
        String root = System.getProperty("holdfast.root");
        if (root == null) {
            throw new AssertionError("holdfast.root: not set (expected: the directory of the root pom.xml, as -D)");
        }
        return Path.of(root);
    }
}
