// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ArchitectureTest {

    private static final List<Rule<JavaClasses>> RULES = Stream.of(ModuleRules.ALL, LawRules.ALL, ShapeRules.ALL)
            .flatMap(List::stream)
            .toList();

    private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();

    /** Shared: opening the JDK anew for each sample would take most of the time. */
    private static final StandardJavaFileManager FILES = COMPILER.getStandardFileManager(null, null, null);

    @TestFactory
    Stream<DynamicTest> theHouseKeepsEachRule() throws IOException {
        JavaClasses house = House.classes();
        return RULES.stream()
                .map(rule -> dynamicTest(
                        rule.name(),
                        () -> assertThat(rule.findings(house)).as(rule.name()).isEmpty()));
    }

    @TestFactory
    Stream<DynamicTest> eachRuleFindsTheLinesThatBreakItAndNoOther(@TempDir Path folder) {
        return RULES.stream()
                .map(rule -> dynamicTest(rule.name(), () -> {
                    assertThat(rule.marked()).as(rule.name()).isNotEmpty();
                    Path output = Files.createTempDirectory(folder, "sample");
                    assertThat(rule.found(compiled(rule.samples(), output)))
                            .as(rule.name())
                            .containsExactlyInAnyOrderElementsOf(rule.marked());
                }));
    }

    @Test
    void everySourceFileIsReadAsAClass() throws IOException {
        JavaClasses house = House.classes();
        List<String> written = House.sources().stream()
                .map(SourceFile::path)
                .filter(path -> path.contains("/src/main/java/") && !path.endsWith("package-info.java"))
                .map(path -> path.replaceAll(".*/src/main/java/|\\.java$", "").replace('/', '.'))
                .toList();
        assertThat(house).extracting(JavaClass::getName).containsAll(written);
        assertThat(written).contains("dev.holdfast.core.time.SystemTime", "dev.holdfast.server.ServerConfig");
        assertThat(house.contain(ArchitectureTest.class)).isFalse();
    }

    private static JavaClasses compiled(List<Sample> samples, Path folder) throws IOException {
        List<SourceFile.InMemory> sources = samples.stream()
                .map(sample -> new SourceFile.InMemory(sample.path(), sample.text()))
                .toList();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        FILES.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(folder));
        assertThat(COMPILER.getTask(null, FILES, problems, List.of("-proc:none"), null, sources)
                        .call())
                .as("%s", problems.getDiagnostics())
                .isTrue();
        return new ClassFileImporter().importPath(folder);
    }
}
