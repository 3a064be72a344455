// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static dev.holdfast.cli.RunningCommand.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two agents whose data directories are copies of each other, with real processes, sockets and files. */
class CloneIT {

    /** How long both must have been attached without a change to count as settled. */
    private static final Duration SETTLED = Duration.ofSeconds(3);

    @TempDir
    Path temp;

    private Rig rig;

    @BeforeEach
    void begin() {
        rig = new Rig(temp);
    }

    @AfterEach
    void endWhatRuns() {
        rig.close();
    }

    @Test
    void theyAreToldApartWithinSecondsAndKeepTheirOwnUidsFromThenOn() throws Exception {
        RunningCommand server = rig.server("127.0.0.1:0");
        String address = rig.listen();
        RunningCommand original = agent("original");
        original.awaitLines(1, "link attached: REGISTERED");
        String uid = rig.uid("original");
        copyOfOriginal();

        RunningCommand copy = agent("copy");
        Set<String> uids = awaitBothAttached();
        assertThat(uids).contains(uid);
        assertThat(Set.of(rig.uid("original"), rig.uid("copy"))).isEqualTo(uids);
        server.awaitLines(1, "WARN .*agent " + uid + " .*is two: .*data directory was copied");
        assertThat(original.lines("another process goes by " + uid).size()
                        + copy.lines("another process goes by " + uid).size())
                .as("agents that say why")
                .isEqualTo(1);
        assertQuiet(original, copy);

        String originals = rig.uid("original");
        String copies = rig.uid("copy");
        original.terminate();
        copy.terminate();
        server.kill();
        rig.server(address);
        RunningCommand originalAgain = agent("original");
        RunningCommand copyAgain = agent("copy");
        assertThat(awaitBothAttached()).isEqualTo(uids);
        assertQuiet(originalAgain, copyAgain);
        assertThat(rig.uid("original")).isEqualTo(originals);
        assertThat(rig.uid("copy")).isEqualTo(copies);
        assertThat(rig.run("server", "fleet", "list")).contains("2 agents, 2 attached", originals, copies);
    }

    /** The uids of the two agents that the server shows, once both are attached and each stays so for a while. */
    private Set<String> awaitBothAttached() {
        return await().during(SETTLED).atMost(PATIENCE).until(rig::attached, uids -> uids.size() == 2);
    }

    private static void assertQuiet(RunningCommand... agents) {
        for (RunningCommand agent : agents) {
            assertThat(agent.lines("link attached").getLast().start())
                    .as(agent.output())
                    .isGreaterThan(agent.lines("link down").stream()
                            .mapToInt(line -> line.start())
                            .max()
                            .orElse(-1));
        }
    }

    private void copyOfOriginal() throws IOException {
        Files.createDirectory(temp.resolve("copy"));
        Files.copy(
                temp.resolve("original").resolve("instance_uid"),
                temp.resolve("copy").resolve("instance_uid"));
    }

    private RunningCommand agent(String name) throws IOException {
        return rig.agent(name, URI.create("ws://" + rig.listen()), Map.of());
    }
}
