// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Rules on text as it stands.
 *
 * <p>What must not be in the repository is spelled in pieces here, so that these rules do not find themselves.
 */
final class TextRules {

    private static final int LINE = 120;
    private static final int LINE_WITH_STRING = 140;
    private static final int FILE = 400;
    private static final int TEST_FILE = 600;

    private static final String LICENCE = "// SPDX-License-Identifier: Apache-2.0";

    private static final Pattern UNFINISHED = Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b");

    /** Directories that exist on one machine only; the same word inside a longer path is another thing. */
    private static final Pattern MACHINE_PATH =
            Pattern.compile("(?<![\\w.~*-])/(?:(?:wo" + "rk|ro" + "ot|ho" + "me|Us" + "ers)/\\w|tmp/" + "hf\\b)");

    private static final Pattern REGISTRY = Pattern.compile("https?://(?:[\\w-]+\\.)*"
            + "(?:repo\\d*|repository|registry|nexus|artifactory|mirrors?|packages|pypi|npm|index|docker|ghcr|quay|crates)"
            + "\\.[\\w.-]+");

    private static final Pattern WORKPLACE =
            Pattern.compile("\\b(?:DESI" + "GN|STY" + "LE)\\.md\\b|\\b[Ii]ss" + "ues? #?\\d+\\b");

    private static final Pattern SHEBANG = Pattern.compile("#!(?:/bin/sh|/usr/bin/env \\w+)(?: .*)?");

    private static final String WIDE =
            "line too long (expected: <= " + LINE + ", or <= " + LINE_WITH_STRING + " with a string in it)";

    static final List<Rule<SourceFile>> ALL = List.of(
            Rule.of(
                    "a source file opens with its licence",
                    file -> file.isJava() && !file.text().startsWith(LICENCE + "\n")
                            ? Stream.of(file.at(1, "no licence (expected first: " + LICENCE + ")"))
                            : Stream.of(),
                    Sample.java("package a; /* breaks */\n" + LICENCE + "\nclass Unlicensed {}\n")),
            Rule.of(
                    "nothing is left to do",
                    match(UNFINISHED, "unfinished work (expected: done, or written down outside the code)"),
                    new Sample(
                            "docs/a.md",
                            "To do is fine, " + "TO" + "DO is not /* breaks */\nFIX" + "ME /* breaks */\n")),
            Rule.of(
                    "no tabs and no carriage returns",
                    match(
                            Pattern.compile("[\t\r]"),
                            "a tab or carriage return (expected: spaces, and \\n at line ends)"),
                    new Sample("a.xml", "<a>\n\t<b/> /* breaks */\n</a>\n\r /* breaks */\n")),
            Rule.of(
                    "lines fit",
                    TextRules::tooWide,
                    Sample.java("// " + "x".repeat(LINE) + " /* breaks */\n// " + "x".repeat(LINE - 3) + "\n"
                            + "class Wide { String s = \"" + "x".repeat(LINE - 16) + "\"; }\n"
                            + "class Wider { String s = \"" + "x".repeat(LINE_WITH_STRING - 16)
                            + "\"; /* breaks */ }\n")),
            Rule.of(
                    "files are read in one sitting",
                    TextRules::tooLong,
                    new Sample("core/src/main/java/A.java", "class A { /* breaks */\n" + "\n".repeat(FILE - 1) + "}\n"),
                    new Sample("core/src/test/java/B.java", "class B {\n" + "\n".repeat(TEST_FILE - 2) + "}\n"),
                    new Sample(
                            "core/src/test/java/C.java", "class C { /* breaks */\n" + "\n".repeat(TEST_FILE) + "}\n")),
            Rule.of(
                    "no machine's own paths",
                    match(MACHINE_PATH, "a path of one machine (expected: relative, or passed in)"),
                    new Sample(
                            "run",
                            "cd /wo" + "rk/main /* breaks */\nls target/work/\ncat \"/ro" + "ot/x\" /* breaks */\n")),
            Rule.of(
                    "no package registry's address",
                    match(REGISTRY, "a registry's address (expected: left to each user's own settings)"),
                    new Sample(
                            "pom.xml",
                            "https://maven.apache.org/xsd/maven-4.0.0.xsd\nhttps://re"
                                    + "po.example.org/ /* breaks */\n"
                                    + "https://www.apache.org/licenses/\nhttp://eu.mir"
                                    + "ror.example/a /* breaks */\n")),
            Rule.of(
                    "the repository speaks of itself alone",
                    match(
                            WORKPLACE,
                            "a word of the workplace (expected: the reason itself, in place of where it stands)"),
                    new Sample("a.md", "see DESI" + "GN.md /* breaks */\nas iss" + "ue 7 says /* breaks */\n")),
            Rule.of(
                    "scripts run wherever there is a shell",
                    file -> file.text().startsWith("#!")
                                    && !SHEBANG.matcher(file.lines().getFirst()).matches()
                            ? Stream.of(
                                    file.at(1, "its shell is not everywhere (expected: /bin/sh or /usr/bin/env NAME)"))
                            : Stream.of(),
                    new Sample("holdfast", "#!/usr/local/bin/zsh /* breaks */\n"),
                    new Sample("run", "#!/usr/bin/env bash\n")));

    private TextRules() {}

    private static Function<SourceFile, Stream<Finding>> match(Pattern pattern, String what) {
        return file -> lines(file, line -> pattern.matcher(line).find(), what);
    }

    private static Stream<Finding> lines(SourceFile file, Predicate<String> wrong, String what) {
        return IntStream.range(0, file.lines().size())
                .filter(i -> wrong.test(file.lines().get(i)))
                .mapToObj(i -> file.at(i + 1, what));
    }

    private static Stream<Finding> tooWide(SourceFile file) {
        return file.isJava() ? lines(file, line -> line.length() > limit(line), WIDE) : Stream.of();
    }

    private static int limit(String line) {
        boolean comment = line.strip().startsWith("*") || line.strip().startsWith("/");
        return line.contains("\"") && !comment ? LINE_WITH_STRING : LINE;
    }

    private static Stream<Finding> tooLong(SourceFile file) {
        int lines = file.lines().size();
        int most = file.isTest() ? TEST_FILE : FILE;
        return file.isJava() && lines > most
                ? Stream.of(file.at(1, "file: " + lines + " lines (expected: <= " + most + "; split it by its ideas)"))
                : Stream.of();
    }
}
