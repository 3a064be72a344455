// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program in the README compiles, runs against a real server, and hears of its death and return. */
class ReadmeIT {

    private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path temp;

    @Test
    void theExampleAttachesAndSaysWhyItWaits() throws Exception {
        compile(example());
        Path serverLog = temp.resolve("server.log");
        String data = temp.resolve("server").toString();
        try (RunningCommand server = RunningCommand.start(
                serverLog, Map.of(), "server", "--data", data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")) {
            MatchResult listens =
                    server.awaitLines(1, "for agents on (127.0.0.1:[0-9]+)").getFirst();
            try (RunningCommand example = RunningCommand.startMain(
                    temp.resolve("example.log"),
                    Map.of(),
                    temp + File.pathSeparator + RunningCommand.CLASS_PATH,
                    "Example",
                    "ws://" + listens.group(1),
                    temp.resolve("agent").toString())) {
                example.awaitLines(1, "attached to ws://" + listens.group(1));
                server.kill();
                example.awaitLines(2, "waiting: cause=NETWORK attempt=");
            }
        }
    }

    private static String example() throws IOException {
        String readme = Files.readString(Path.of(System.getProperty("holdfast.root"), "README.md"));
        Matcher matcher = EXAMPLE.matcher(readme);
        assertThat(matcher.find()).as("a Java program in the README").isTrue();
        return matcher.group(1);
    }

    private void compile(String program) throws IOException {
        Path source = Files.writeString(temp.resolve("Example.java"), program);
        int result = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-cp", RunningCommand.CLASS_PATH, "-d", temp.toString(), source.toString());
        assertThat(result).as("the compiler's exit code").isZero();
    }
}
