// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code holdfast lab chaos} as a person runs it, with twenty kills. It is here because both programs are built by now:
 * the lab, which comes before this module, and the command that it tries. {@code -Dholdfast.seed=N} plays other faults.
 */
class ChaosIT {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);
    private static final int KILLS = 20;
    private static final long MINUTES = 20;

    /** Delays a fraction as long as by default, so that more of the time something is going on. */
    private static final Map<String, String> SHORTENED = Map.of(
            "HOLDFAST_RECONNECT_FAST_DELAY", "50ms",
            "HOLDFAST_RECONNECT_INITIAL_DELAY", "100ms",
            "HOLDFAST_RECONNECT_MAX_DELAY", "500ms",
            "HOLDFAST_RECONNECT_STABLE_AFTER", "1s");

    /** As for the commands of other tests: processes that live for seconds do not repay what compiling well costs. */
    private static final String JAVA_OPTS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:CompileThresholdScaling=4";

    @TempDir
    Path directory;

    @Test
    void nothingThatWasAcknowledgedIsLostOrDoubledOrOutOfOrderAfterTwentyKills() throws Exception {
        Path root = Path.of(System.getProperty("holdfast.root"));
        requireBuilt(root.resolve("lab/target"), "holdfast-lab-");
        requireBuilt(root.resolve("cli/target"), "holdfast-cli-");
        StartArchive.require();

        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        root.resolve("holdfast").toString(),
                        "lab",
                        "chaos",
                        "--kills",
                        Integer.toString(KILLS),
                        "--seed",
                        Long.toString(SEED),
                        "--format",
                        "json"))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(SHORTENED);
        builder.environment().put("HOLDFAST_BUILD", "never");
        builder.environment().put("HOLDFAST_JAVA_OPTS", JAVA_OPTS);
        builder.environment().put("HOLDFAST_JAVA_HOME", System.getProperty("java.home"));
        Process chaos = builder.start();
        try {
            assertThat(chaos.waitFor(MINUTES, TimeUnit.MINUTES)).as("it ends").isTrue();
        } finally {
            chaos.destroy();
        }
        String told = Files.readString(out) + Files.readString(err) + "\nreplay with -Dholdfast.seed=" + SEED;
        assertThat(chaos.exitValue()).as(told).isZero();
        assertRow(JsonMapper.shared().readTree(Files.readString(out)).get(0), told);
    }

    private static void assertRow(JsonNode row, String told) {
        for (String none : List.of("lost", "duplicated", "out_of_order", "corrupted", "misnumbered", "unknown")) {
            assertThat(row.get(none).asLong(-1)).as(none + " " + told).isZero();
        }
        assertThat(row.get("seed").asLong()).isEqualTo(SEED);
        assertThat(row.get("kills").asInt()).isEqualTo(KILLS);
        assertThat(row.get("faults").asInt())
                .isEqualTo(KILLS + row.get("pauses").asInt());
        assertThat(row.get("agent_kills").asInt()).as(told).isPositive();
        assertThat(row.get("server_kills").asInt()).as(told).isPositive();
        assertThat(row.get("acknowledged").asLong()).as(told).isGreaterThan(KILLS);
        assertThat(row.get("delivered").asLong())
                .as(told)
                .isEqualTo(row.get("acknowledged").asLong()
                        - row.get("dead_letters").asLong());
        assertThat(row.get("reattached").asInt()).as(told).isPositive();
        assertThat(row.get("p99_reattach_s").asDouble()).as(told).isPositive();
        assertThat(row.get("log_lines").asLong()).as(told).isPositive();
        assertThat(row.get("max_rss_mib").asDouble())
                .as(told)
                .isGreaterThanOrEqualTo(Files.isDirectory(Path.of("/proc/self")) ? 1 : 0);
    }

    private static void requireBuilt(Path target, String name) throws Exception {
        boolean isBuilt = false;
        if (Files.isDirectory(target.resolve("lib"))) {
            try (Stream<Path> files = Files.list(target)) {
                isBuilt = files.anyMatch(file -> file.getFileName().toString().matches(name + ".*\\.jar"));
            }
        }
        assertThat(isBuilt)
                .as(target + ": " + name
                        + "*.jar and lib (expected: built before this test; run mvn verify in the root)")
                .isTrue();
    }
}
