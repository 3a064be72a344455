// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class SourceStyleTest {

    private static final List<Rule<SourceFile>> RULES =
            Stream.of(TextRules.ALL, TreeRules.ALL).flatMap(List::stream).toList();

    @TestFactory
    Stream<DynamicTest> theHouseKeepsEachRule() throws IOException {
        List<SourceFile> sources = House.sources();
        return RULES.stream()
                .map(rule -> dynamicTest(
                        rule.name(),
                        () -> assertThat(sources.stream().flatMap(source -> rule.findings(source).stream()))
                                .as(rule.name())
                                .isEmpty()));
    }

    @TestFactory
    Stream<DynamicTest> eachRuleFindsTheLinesThatBreakItAndNoOther() {
        return RULES.stream()
                .map(rule -> dynamicTest(rule.name(), () -> {
                    Map<String, String> textOfPath =
                            rule.samples().stream().collect(Collectors.toMap(Sample::path, Sample::text));
                    assertThat(rule.marked()).as(rule.name()).isNotEmpty();
                    assertThat(SourceFile.parse(textOfPath).stream().flatMap(file -> rule.found(file).stream()))
                            .as(rule.name())
                            .containsExactlyInAnyOrderElementsOf(rule.marked());
                }));
    }

    @Test
    void everyKindOfFileIsRead() throws IOException {
        assertThat(House.sources())
                .extracting(SourceFile::path)
                .contains("pom.xml", ".ci/run", "core/src/main/java/dev/holdfast/core/time/Time.java")
                .contains("cli/src/test/java/dev/holdfast/style/SourceStyleTest.java")
                .noneMatch(path -> path.contains("/target/"));
    }
}
