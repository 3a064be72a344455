// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LauncherIT {

    private static final String THIS_JAVA = System.getProperty("java.home");

    @TempDir
    Path directory;

    private Installation installation;

    @BeforeEach
    void install() throws IOException {
        installation = Installation.in(Files.createDirectory(directory.resolve("it is here")));
    }

    @Test
    void runsFromAnyDirectoryAndThroughSymbolicLinks() throws Exception {
        Path link = Files.createSymbolicLink(
                directory.resolve("hf"), installation.root().resolve("holdfast"));
        Path second = Files.createSymbolicLink(directory.resolve("second"), Path.of("hf"));

        for (Path command : List.of(installation.root().resolve("holdfast"), link, second)) {
            Installation.Outcome outcome = run(Map.of(), command.toString(), "--version");
            assertThat(outcome.err()).isEmpty();
            assertThat(outcome.out()).startsWith("holdfast ");
            assertThat(outcome.exitCode()).isZero();
        }
    }

    @Test
    void passesOverAnOldJavaThatIsFirstOnThePath() throws Exception {
        Path old = fakeJava("old", "17.0.15");
        Path set = fakeJava("set", "11.0.2");

        Installation.Outcome outcome = run(
                Map.of(
                        "PATH", old.resolve("bin") + ":" + System.getenv("PATH"),
                        "JAVA_HOME", set.toString(),
                        "HOME", homeWithThisJava().toString()),
                "./holdfast",
                "config",
                "defaults");

        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out()).contains("reconnect.max_delay: 15s");
    }

    @Test
    void aJavaThatIsNamedAndNewEnoughWins() throws Exception {
        Path named = fakeJava("named", "22");

        Installation.Outcome outcome = run(
                Map.of("HOLDFAST_JAVA_HOME", named.toString(), "JAVA_HOME", THIS_JAVA),
                "./holdfast",
                "server",
                "--verbose");

        assertThat(outcome.out())
                .contains("22 called", " -jar ", ".jar server --verbose")
                .doesNotContain("sun-misc-unsafe", "UseCompactObjectHeaders", "SharedArchiveFile");
    }

    @Test
    void flagsFitTheJava() throws Exception {
        for (String command : List.of("server", "fleet")) {
            Installation.Outcome outcome = run(
                    Map.of(
                            "HOLDFAST_JAVA_HOME",
                            fakeJava("new-" + command, "25.0.1").toString(),
                            "HOLDFAST_JAVA_OPTS",
                            "-Xmx64m -Da=b"),
                    "./holdfast",
                    command);
            assertThat(outcome.out())
                    .contains("--sun-misc-unsafe-memory-access=allow", "UseCompactObjectHeaders", " -Xmx64m -Da=b ");
            assertThat(outcome.out().contains("TieredStopAtLevel=1")).isEqualTo(command.equals("fleet"));
        }
    }

    @Test
    void longTermSupportIsTakenBeforeANewerVersion() throws Exception {
        Path home = Files.createDirectories(directory.resolve("home"));
        fakeJava("home/.jdks/a", "21.0.9");
        fakeJava("home/.jdks/b", "999");
        fakeJava("home/.jdks/c", "1001.0.1");
        fakeJava("home/.jdks/d", "1001.0.2");
        fakeJava("home/.jdks/e", "1002");

        Installation.Outcome outcome = run(Map.of("HOME", home.toString()), "./holdfast", "--version");

        assertThat(outcome.out()).startsWith("1001.0.2 called");
    }

    @Test
    void withoutAJavaSaysWhereItLooked() throws Exception {
        Path tools = tools("bash", "readlink", "uname", "head");
        Path old = fakeJava("home/.jdks/old", "17.0.1");

        Installation.Outcome outcome = run(
                Map.of(
                        "PATH", tools.toString(),
                        "HOME", directory.resolve("home").toString(),
                        "JAVA_HOME", "/nowhere",
                        "BASH_ENV", noSystemJava().toString()),
                "./holdfast",
                "--version");

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err())
                .contains(
                        "no JDK of version 21 or later was found",
                        "HOLDFAST_JAVA_HOME: not set",
                        "JAVA_HOME=/nowhere: no bin/java",
                        "PATH: no java",
                        old + ": Java 17.0.1",
                        "set HOLDFAST_JAVA_HOME");
    }

    @Test
    void withoutAServerTheFleetIsOutOfReach() throws Exception {
        Installation.Outcome outcome =
                run(Map.of(), "./holdfast", "fleet", "list", "--data", directory.toString(), "--format", "json");

        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err())
                .contains("no server runs with", "./holdfast up")
                .hasLineCount(1);
    }

    @Test
    void checksAFileOfSettings() throws Exception {
        Path good = Files.writeString(directory.resolve("good.yaml"), "listen: 127.0.0.1:0\n");
        Path bad = Files.writeString(directory.resolve("bad.yaml"), "lsten: 127.0.0.1:0\n");

        assertThat(run(Map.of(), "./holdfast", "config", "check", good.toString())
                        .exitCode())
                .isZero();
        Installation.Outcome outcome = run(Map.of(), "./holdfast", "config", "check", bad.toString());
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.err()).contains("the nearest is listen");
    }

    @Test
    void buildsOnceWhenSourcesAreNewerHoweverManyLaunchThen() throws Exception {
        sourcesChange();
        Map<String, String> variables = withMaven("""
                echo built >> "%s/builds"
                mkdir -p cli/target/lib
                echo new > cli/target/holdfast-cli-1.jar
                """);
        Process[] launches = new Process[3];
        for (int i = 0; i < launches.length; i++) {
            launches[i] = installation.start(
                    variables,
                    List.of("./holdfast", "--version"),
                    directory.resolve("out" + i),
                    directory.resolve("err" + i));
        }
        for (Process launch : launches) {
            assertThat(launch.waitFor()).isZero();
        }
        assertThat(run(variables, "./holdfast", "--version").exitCode()).isZero();

        assertThat(directory.resolve("builds")).hasContent("built");
        assertThat(installation.root().resolve("cli/target/launcher.lock")).doesNotExist();
    }

    @Test
    void whatMavenBuiltIsNotBuiltAgain() throws Exception {
        Map<String, String> variables = withMaven("echo built >> \"%s/builds\"");
        Files.setLastModifiedTime(
                installation.root().resolve("pom.xml"), Files.getLastModifiedTime(installation.jar()));

        assertThat(run(variables, "./holdfast", "--version").exitCode()).isZero();
        assertThat(directory.resolve("builds")).doesNotExist();

        sourcesChange();
        run(variables, "./holdfast", "--version");
        assertThat(directory.resolve("builds")).hasContent("built");
    }

    @Test
    void whatChangesDuringABuildIsBuiltNextTime() throws Exception {
        sourcesChange();
        Map<String, String> variables = withMaven("""
                echo built >> "%s/builds"
                mkdir -p cli/target/lib
                touch pom.xml
                echo new > cli/target/holdfast-cli-1.jar
                """);

        for (int i = 0; i < 2; i++) {
            assertThat(run(variables, "./holdfast", "--version").exitCode()).isZero();
        }
        assertThat(directory.resolve("builds")).hasContent("built\nbuilt");
    }

    @Test
    void aBuildThatWasCutOffIsDoneAgain() throws Exception {
        Files.createFile(installation.root().resolve("cli/target/launcher.begun"));
        Map<String, String> variables = withMaven("""
                echo built >> "%s/builds"
                mkdir -p cli/target/lib
                echo new > cli/target/holdfast-cli-1.jar
                """);

        for (int i = 0; i < 2; i++) {
            assertThat(run(variables, "./holdfast", "--version").exitCode()).isZero();
        }
        assertThat(directory.resolve("builds")).hasContent("built");
    }

    @Test
    void commandsLoadAnArchiveOfClassesThatIsMadeOnce() throws Exception {
        Files.delete(archive());
        Map<String, String> variables = new HashMap<>(Map.of("HOLDFAST_JAVA_HOME", THIS_JAVA));
        assertThat(run(variables, "./holdfast", "--version").exitCode()).isZero();
        Path archive = archive();
        assertThat(archive).isNotEmptyFile();
        FileTime made = Files.getLastModifiedTime(archive);

        // Then a JVM ends at once that cannot use it.
        variables.put("HOLDFAST_JAVA_OPTS", "-Xshare:on");
        for (String command : List.of("up", "server", "fleet")) {
            Installation.Outcome outcome = run(variables, "./holdfast", command, "--version");
            assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        }

        assertThat(archive()).isEqualTo(archive);
        assertThat(Files.getLastModifiedTime(archive)).isEqualTo(made);
    }

    @Test
    void aBuildThatFailsShowsItsLogAndRunsNothing() throws Exception {
        sourcesChange();
        Map<String, String> variables = withMaven("echo the reason; exit 1");

        for (int i = 0; i < 2; i++) {
            Installation.Outcome outcome = run(variables, "./holdfast", "--version");
            assertThat(outcome.exitCode()).isEqualTo(1);
            assertThat(outcome.out()).isEmpty();
            assertThat(outcome.err()).contains("building", "the reason", "the build failed", "launcher.log");
        }
    }

    @Test
    void aLockWhoseHolderIsGoneIsTaken() throws Exception {
        sourcesChange();
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        Path lock = installation.root().resolve("cli/target/launcher.lock");
        Files.createSymbolicLink(lock, Path.of(Long.toString(gone.pid())));

        assertThat(run(withMaven("echo new > cli/target/holdfast-cli-1.jar"), "./holdfast", "--version")
                        .exitCode())
                .isZero();
        assertThat(Files.isSymbolicLink(lock)).isFalse();
    }

    @Test
    void aLaunchWaitsForTheBuildOfAnother() throws Exception {
        sourcesChange();
        Path lock = installation.root().resolve("cli/target/launcher.lock");
        Files.createSymbolicLink(
                lock, Path.of(Long.toString(ProcessHandle.current().pid())));
        Path err = directory.resolve("err");
        Process launch = installation.start(
                withMaven("echo new > cli/target/holdfast-cli-1.jar"),
                List.of("./holdfast", "--version"),
                directory.resolve("out"),
                err);

        await().atMost(Duration.ofSeconds(60))
                .until(() -> Installation.text(err).contains("waiting for the build"));
        assertThat(Installation.text(err)).doesNotContain("building");
        Files.delete(lock);
        assertThat(launch.waitFor()).isZero();
    }

    @Test
    void whatIsBuiltRunsWhereBuildingIsForbidden() throws Exception {
        sourcesChange();
        Map<String, String> variables = withMaven("exit 1");
        variables.put("HOLDFAST_BUILD", "never");

        assertThat(run(variables, "./holdfast", "--version").exitCode()).isZero();
    }

    private Installation.Outcome run(Map<String, String> variables, String... command) throws Exception {
        return installation.run(variables, List.of(command));
    }

    /** The only thing that is left of making it. */
    private Path archive() throws IOException {
        try (Stream<Path> files = Files.list(installation.root().resolve("cli/target/launcher"))) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(1);
            return all.getFirst();
        }
    }

    private void sourcesChange() throws IOException {
        Files.setLastModifiedTime(installation.jar(), FileTime.fromMillis(0));
        // What is removed before a build is the link in this installation, never what it leads to.
        assertThat(Files.isSymbolicLink(installation.root().resolve("cli/target/lib")))
                .isTrue();
    }

    private Map<String, String> withMaven(String script) throws IOException {
        Path bin = Files.createDirectories(directory.resolve("maven"));
        executable(bin.resolve("mvn"), script.contains("%s") ? script.formatted(directory) : script);
        Map<String, String> variables = new HashMap<>();
        variables.put("PATH", bin + ":" + System.getenv("PATH"));
        variables.put("HOLDFAST_JAVA_HOME", fakeJava("builder", "25").toString());
        return variables;
    }

    /** A Java that only says its version and what it was called with. */
    private Path fakeJava(String name, String version) throws IOException {
        Path home = directory.resolve(name);
        Files.createDirectories(home.resolve("bin"));
        executable(home.resolve("bin/java"), "echo " + version + " called with \"$@\"");
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private Path homeWithThisJava() throws IOException {
        Path home = directory.resolve("home");
        Files.createSymbolicLink(Files.createDirectories(home.resolve(".jdks")).resolve("this"), Path.of(THIS_JAVA));
        return home;
    }

    private Path tools(String... names) throws IOException {
        Path bin = Files.createDirectory(directory.resolve("tools"));
        for (String name : names) {
            for (String place : List.of("/usr/bin", "/bin")) {
                Path tool = Path.of(place, name);
                if (Files.exists(tool) && !Files.exists(bin.resolve(name))) {
                    Files.createSymbolicLink(bin.resolve(name), tool);
                }
            }
        }
        return bin;
    }

    /** Makes bash say of every Java outside the test's directory that it cannot be executed. */
    private Path noSystemJava() throws IOException {
        return Files.writeString(directory.resolve("env"), """
                [() { if test "$1" = -x; then case $2 in "%s"/*) ;; *) return 1 ;; esac; fi; builtin [ "$@"; }
                """.formatted(directory));
    }

    private static void executable(Path file, String script) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
