// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Value;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostTest {

    private static final InstanceUid UID = InstanceUid.parse("01996b8a-7c1e-7d3a-9b1f-0123456789ab");

    @TempDir
    Path data;

    @Test
    void theDescriptionHasTheHostsFactsAndTheLabels() {
        AgentDescription description = new Host(data, Surroundings.FILES).describe(UID, Map.of("site", "berlin"));
        assertThat(description.text("service.instance.id")).contains(UID.toString());
        assertThat(description.text("label.site")).contains("berlin");
        assertThat(description.text("host.name").orElse("")).isNotBlank();
        assertThat(description.nonIdentifying().get("host.cpu.count"))
                .isEqualTo(Value.of(Runtime.getRuntime().availableProcessors()));
        assertThat(description).isEqualTo(new Host(data, Surroundings.FILES).describe(UID, Map.of("site", "berlin")));
    }

    @Test
    void whatTheSystemTellsHasTheNamesAndTheWordsOfOpenTelemetry() {
        AgentDescription description = new Host(data, Surroundings.FILES).describe(UID, Map.of());

        assertThat(description.nonIdentifying())
                .containsKeys("host.cpu.model.name", "host.memory.total", "os.name", "os.version", "os.description");
        assertThat(description.text("os.type").orElse("")).isIn("linux", "darwin", "windows");
        assertThat(description.text("host.arch").orElse("")).isIn("amd64", "arm64", "arm32", "x86", "ppc64le", "s390x");
        assertThat(description.identifying().keySet())
                .containsExactly("service.name", "service.version", "service.instance.id");
    }

    @Test
    void whatTheSurroundingsTellIsInTheDescription() {
        Surroundings cluster = new Surroundings(
                Map.of("KUBERNETES_SERVICE_HOST", "10.0.0.1", "NODE_NAME", "n-1", "AWS_REGION", "eu-west-1"), data);

        AgentDescription description = new Host(data, cluster).describe(UID, Map.of());

        assertThat(description.text("k8s.node.name")).contains("n-1");
        assertThat(description.text("cloud.region")).contains("eu-west-1");
    }

    @Test
    void whoStartsTheAgentHasTheLastWordButNotOnItsName() {
        Surroundings told =
                new Surroundings(Map.of("OTEL_RESOURCE_ATTRIBUTES", "host.name=box,service.instance.id=other"), data);

        AgentDescription description = new Host(data, told).describe(UID, Map.of());

        assertThat(description.text("host.name")).contains("box");
        assertThat(description.text("service.instance.id")).contains(UID.toString());
    }

    @Test
    void theLoadIsWithinWhatAHostCanHave() {
        Load load = new Host(data, Surroundings.FILES).load();
        assertThat(load.cpu()).isBetween(0.0, 1.0);
        assertThat(load.memoryUsed()).isBetween(1L, load.memoryTotal());
        assertThat(load.diskFree()).isBetween(0L, load.diskTotal());
        assertThat(load.uptime()).isPositive();
    }

    @Test
    void aStatusRecordIsAJsonObjectOfNumbers() {
        Load load = new Load(0.123456, 1.5, 3, 4, 5, 6, Duration.ofSeconds(7));
        assertThat(load.toJson(Instant.parse("2026-01-01T00:00:00Z")))
                .isEqualTo("{\"at\":\"2026-01-01T00:00:00Z\",\"system.cpu.utilization\":0.1235,"
                        + "\"system.cpu.load_average.1m\":1.5,\"system.memory.used\":3,\"system.memory.total\":4,"
                        + "\"system.filesystem.free\":5,\"system.filesystem.total\":6,\"system.uptime\":7}");
    }
}
