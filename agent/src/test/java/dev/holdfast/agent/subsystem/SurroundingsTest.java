// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.opamp.Value;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SurroundingsTest {

    private static final String CONTAINER = "0123456789abcdef".repeat(4);

    @TempDir
    Path root;

    @Test
    void aHostThatTellsNothingIsDescribedByNothing() {
        assertThat(described(Map.of())).isEmpty();
    }

    @Test
    void variablesThatSayNothingOfThePlaceAreNotKept() {
        Surroundings surroundings =
                new Surroundings(Map.of("AWS_SECRET_ACCESS_KEY", "x", "AWS_REGION", "eu-west-1"), root);

        assertThat(surroundings.variables()).isEqualTo(Map.of("AWS_REGION", "eu-west-1"));
    }

    @Test
    void whatCloudInitLeftBehindTellsCloudRegionZoneAndInstance() throws Exception {
        file("run/cloud-init/instance-data.json", """
                {"base64_encoded_keys": [], "ds": {"v1": {"region": "wrong"}, "list": [{"a": 1}]},
                 "v1": {"cloud_name": "gce", "region": "europe-west3", "availability_zone": "europe-west3-a",
                        "instance_id": "42", "public_ssh_keys": ["x"], "subplatform": null},
                 "z": {"cloud_name": "wrong"}}
                """);

        assertThat(described(Map.of("GOOGLE_CLOUD_PROJECT", "p", "AWS_REGION", "elsewhere")))
                .isEqualTo(Map.of(
                        "cloud.provider", "gcp",
                        "cloud.region", "europe-west3",
                        "cloud.availability_zone", "europe-west3-a",
                        "cloud.account.id", "p",
                        "host.id", "42"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'{\"v1\": {\"cloud_name\": \"aws\"'",
                "'[1, 2]'",
                "'x'",
                "'{\"v1\": 3}'",
                "'{}'",
                "'{\"v1\": {\"region\": 3}}'"
            })
    void aFileOfCloudInitThatMakesNoSenseSaysNothing(String text) throws Exception {
        file("run/cloud-init/instance-data.json", text);

        assertThat(described(Map.of())).isEmpty();
    }

    @Test
    void anInstanceOfEc2TellsItsIdAndTypeByItself() throws Exception {
        file("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
        file("sys/class/dmi/id/product_name", "m5.large\n");
        file("sys/class/dmi/id/board_asset_tag", "i-0123456789abcdef0\n");

        assertThat(described(Map.of("AWS_DEFAULT_REGION", "eu-west-1")))
                .isEqualTo(Map.of(
                        "cloud.provider", "aws",
                        "cloud.platform", "aws_ec2",
                        "cloud.region", "eu-west-1",
                        "host.id", "i-0123456789abcdef0",
                        "host.type", "m5.large"));
    }

    @ParameterizedTest
    @CsvSource({
        "sys_vendor, Google, gcp",
        "sys_vendor, DigitalOcean, digitalocean",
        "sys_vendor, Hetzner, hetzner",
        "sys_vendor, Alibaba Cloud, alibaba_cloud",
        "chassis_asset_tag, OracleCloud.com, oracle_cloud",
        "chassis_asset_tag, 7783-7084-3265-9085-8269-3286-77, azure"
    })
    void aMachineTellsWhoMadeIt(String file, String text, String provider) throws Exception {
        file("sys/class/dmi/id/" + file, text + "\n");

        assertThat(described(Map.of())).isEqualTo(Map.of("cloud.provider", provider));
    }

    @Test
    void aMachineOfAVendorOfDesksIsInNoCloud() throws Exception {
        file("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n");
        file("sys/class/dmi/id/product_name", "Surface\n");

        assertThat(described(Map.of())).isEmpty();
    }

    @Test
    void variablesOfAnotherCloudAreItsOwnersAndNotThePlaces() throws Exception {
        file("sys/class/dmi/id/sys_vendor", "Hetzner\n");

        assertThat(described(Map.of("AWS_REGION", "eu-west-1", "AZURE_SUBSCRIPTION_ID", "s")))
                .isEqualTo(Map.of("cloud.provider", "hetzner"));
    }

    @ParameterizedTest
    @CsvSource({
        "AWS_REGION, eu-west-1, aws, cloud.region",
        "GOOGLE_CLOUD_PROJECT, p, gcp, cloud.account.id",
        "FUNCTION_REGION, us-central1, gcp, cloud.region",
        "AZURE_SUBSCRIPTION_ID, s, azure, cloud.account.id",
        "AZURE_REGION, westeurope, azure, cloud.region"
    })
    void aVariableTellsTheCloud(String variable, String value, String provider, String attribute) {
        assertThat(described(Map.of(variable, value))).isEqualTo(Map.of("cloud.provider", provider, attribute, value));
    }

    @Test
    void aPlatformTellsMoreThanARegion() {
        assertThat(described(Map.of("AWS_REGION", "eu-west-1", "WEBSITE_SITE_NAME", "w", "REGION_NAME", "westeurope")))
                .isEqualTo(Map.of("cloud.provider", "azure", "cloud.region", "westeurope"));
        assertThat(described(Map.of("ECS_CONTAINER_METADATA_URI_V4", "http://x", "AWS_REGION", "eu-west-1")))
                .containsEntry("cloud.platform", "aws_ecs");
    }

    @Test
    void aPodTellsWhatItsManifestPassesOn() throws Exception {
        file("var/run/secrets/kubernetes.io/serviceaccount/namespace", "shop");

        assertThat(described(Map.of("NODE_NAME", "n-1", "POD_NAME", "p-1", "POD_UID", "u", "CLUSTER_NAME", "c")))
                .isEqualTo(Map.of(
                        "k8s.cluster.name", "c",
                        "k8s.node.name", "n-1",
                        "k8s.namespace.name", "shop",
                        "k8s.pod.name", "p-1",
                        "k8s.pod.uid", "u"));
    }

    @Test
    void outsideOfAPodTheSameVariablesMeanSomethingElse() {
        assertThat(described(Map.of("NODE_NAME", "jenkins", "CLUSTER_NAME", "c")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "proc/self/cgroup, 12:pids:/docker/ID",
        "proc/self/cgroup, 0::/system.slice/docker-ID.scope",
        "proc/self/cgroup, 1:name=systemd:/kubepods/burstable/pod-x/cri-containerd-ID.scope",
        "proc/self/mountinfo, 1 2 8:1 /var/lib/docker/containers/ID/hostname /etc/hostname rw",
        "proc/self/mountinfo, 1 2 8:1 /containers/storage/overlay-containers/ID/userdata/hostname /etc/hostname rw"
    })
    void aContainerIsKnownByItsId(String file, String line) throws Exception {
        file(file, "0::/\n" + line.replace("ID", CONTAINER) + "\nlast\n");

        assertThat(described(Map.of())).isEqualTo(Map.of("container.id", CONTAINER));
    }

    @Test
    void whoStartsTheAgentMaySayMoreAndHasTheLastWord() {
        assertThat(described(Map.of(
                        "OTEL_RESOURCE_ATTRIBUTES",
                        "deployment.environment.name=prod, cloud.region = a%2Cb ,empty=,broken,=x,c=a+b%,service.name=x",
                        "AWS_REGION",
                        "eu-west-1")))
                .isEqualTo(Map.of(
                        "deployment.environment.name", "prod",
                        "cloud.provider", "aws",
                        "cloud.region", "a,b",
                        "c", "a+b%"));
    }

    @Test
    void whatIsTooMuchIsCut() {
        String many = IntStream.range(0, 100).mapToObj(i -> "a" + i + "=x").collect(Collectors.joining(","));
        assertThat(described(Map.of("OTEL_RESOURCE_ATTRIBUTES", many))).hasSize(64);
        assertThat(described(Map.of("AWS_REGION", "r".repeat(1000) + "\n")).get("cloud.region"))
                .isEqualTo("r".repeat(256));
        assertThat(described(Map.of("OTEL_RESOURCE_ATTRIBUTES", "a=b%0Ac%00d"))).containsEntry("a", "b c d");
    }

    @Test
    void aFileThatIsTooLargeOrNoneIsNotRead() throws Exception {
        file("sys/class/dmi/id/sys_vendor", "Google".repeat(1000));
        Files.createDirectories(root.resolve("run/cloud-init/instance-data.json"));

        assertThat(described(Map.of())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1",
        "2001:DB8:0:0:0:0:0:1, 2001:db8::1",
        "2001:db8:0:0:1:0:0:0, 2001:db8:0:0:1::",
        "::1, ::1",
        "::, ::",
        "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8",
        "1:0:3:4:5:6:7:8, 1:0:3:4:5:6:7:8"
    })
    void anAddressIsWrittenAsPeopleDo(String given, String written) throws Exception {
        assertThat(Addresses.text(InetAddress.getByName(given))).isEqualTo(written);
    }

    @Test
    void aListHasAnEnd() {
        Attributes attributes = new Attributes();
        attributes.put(
                "host.ip", IntStream.range(0, 100).mapToObj(i -> "10.0.0." + i).toList());
        attributes.put("host.mac", List.of());

        assertThat(attributes.all()).hasSize(1);
        assertThat(attributes.all().get("host.ip"))
                .isInstanceOfSatisfying(
                        Value.Array.class, array -> assertThat(array.values()).hasSize(32));
    }

    private Map<String, String> described(Map<String, String> variables) {
        Surroundings surroundings = new Surroundings(variables, root);
        Attributes attributes = new Attributes();
        ResourceAttributes.describe(surroundings, attributes);
        Cloud.describe(surroundings, attributes);
        Kubernetes.describe(surroundings, attributes);
        Map<String, String> texts = new LinkedHashMap<>();
        attributes.all().forEach((name, value) -> texts.put(name, value.text()));
        return texts;
    }

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
