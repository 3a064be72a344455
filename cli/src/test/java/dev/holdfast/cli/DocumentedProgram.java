// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;

/** A whole program that a page shows, as it stands there. */
final class DocumentedProgram {

    private static final Pattern PROGRAM = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private DocumentedProgram() {}

    /**
     * Compiles it.
     *
     * @param page where it stands, from the root of the repository
     * @param name the name of its class
     * @param directory where the class goes
     */
    static void compile(String page, String name, Path directory) throws IOException {
        String text = Files.readString(Path.of(System.getProperty("holdfast.root"), page));
        String program = PROGRAM.matcher(text)
                .results()
                .map(block -> block.group(1))
                .filter(block -> block.contains("public class " + name + " "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no program " + name + " in " + page));
        Path source = Files.writeString(directory.resolve(name + ".java"), program);
        int result = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-cp", RunningCommand.CLASS_PATH, "-d", directory.toString(), source.toString());
        assertThat(result).as("the compiler's exit code").isZero();
    }
}
