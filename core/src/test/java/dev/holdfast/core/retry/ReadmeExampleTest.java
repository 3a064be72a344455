// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.holdfast.core.time.Time;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

/** The README's program around the core alone compiles with nothing else, and is as short and as patient as told. */
class ReadmeExampleTest {

    private static final Pattern PROGRAM =
            Pattern.compile("```java\n((?:import [^\n]+\n)+)\n(public class Fetch .*?)```", Pattern.DOTALL);

    @TempDir
    Path temp;

    @Test
    @Timeout(20)
    void theProgramAsksAgainUntilItIsAnswered() throws Exception {
        Matcher program = PROGRAM.matcher(Files.readString(Path.of(System.getProperty("holdfast.root"), "README.md")));
        assertThat(program.find()).as("a program Fetch in the README").isTrue();
        assertThat(program.group(2).lines()).hasSizeLessThanOrEqualTo(15);
        compile(program.group(1) + program.group(2));

        AtomicInteger asked = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = "an order".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(asked.incrementAndGet() == 1 ? 503 : 200, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
        try {
            assertThat(printedBy("http://127.0.0.1:" + server.getAddress().getPort() + "/"))
                    .endsWith("an order" + System.lineSeparator());
            assertThat(asked).hasValue(2);
        } finally {
            server.stop(0);
        }
    }

    private void compile(String source) throws Exception {
        Path file = Files.writeString(temp.resolve("Fetch.java"), source);
        // All that holdfast-core asks of whoever embeds it.
        String classPath = Stream.of(Time.class, Logger.class)
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
                .map(location -> Path.of(location.getPath()).toString())
                .collect(Collectors.joining(File.pathSeparator));
        StringWriter told = new StringWriter();
        List<String> options = List.of("-proc:none", "-cp", classPath, "-d", temp.toString());
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled = compiler.getTask(
                            new PrintWriter(told), files, null, options, null, files.getJavaFileObjects(file))
                    .call();
            assertThat(compiled).as("compiled: %s", told).isTrue();
        }
    }

    /** What its main method prints, the lines of the log before it. */
    private String printedBy(String url) throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {temp.toUri().toURL()});
                PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(out);
            loader.loadClass("Fetch").getMethod("main", String[].class).invoke(null, (Object) new String[] {url});
        } finally {
            System.setOut(before);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }
}
