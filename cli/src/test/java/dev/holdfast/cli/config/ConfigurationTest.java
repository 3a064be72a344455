// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.holdfast.agent.AgentConfig;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.metrics.MetricsConfig;
import dev.holdfast.agent.subsystem.Surroundings;
import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.Format;
import dev.holdfast.cli.key.ConfigurationException;
import dev.holdfast.cli.key.Key;
import dev.holdfast.cli.key.LogKeys.LogConfig;
import dev.holdfast.cli.key.Role;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.server.ServerConfig;
import dev.holdfast.server.admission.AdmissionConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.event.Level;

class ConfigurationTest {

    private static final Map<String, String> HOME = Map.of("HOME", "/me");

    @TempDir
    Path directory;

    @Test
    void withoutAnythingAnAgentHasTheDefaultsOfItsRecords() throws Exception {
        AgentConfig agent = Configuration.read(null, HOME).agent(Map.of());

        assertThat(agent)
                .isEqualTo(AgentConfig.of(
                        Path.of("/me/.holdfast/agent"), LinkConfig.of(URI.create("ws://127.0.0.1:4320"))));
    }

    @Test
    void withoutAnythingAServerHasTheDefaultsOfItsRecord() throws Exception {
        ServerConfig server = Configuration.read(null, HOME).server(Map.of());

        assertThat(server).isEqualTo(ServerConfig.of(Path.of("/me/.holdfast/server")));
    }

    @Test
    void theDefaultsThatArePrintedAreTheDefaults() throws Exception {
        Path file = file(Reference.defaults(null));

        Configuration.check(file, HOME);
        assertThat(Configuration.read(file, HOME).agent(Map.of()))
                .isEqualTo(Configuration.read(null, HOME).agent(Map.of()));
        assertThat(Configuration.read(file, HOME).server(Map.of()))
                .isEqualTo(Configuration.read(null, HOME).server(Map.of()));
    }

    @Test
    void everyKeyOfAnAgentReachesIt() throws Exception {
        Path file = file("""
                data: state
                server: [ws://a:1, wss://b:2/path]
                labels: {site: "berlin, mitte", rack: 4}
                status.interval: 61s
                reconnect:
                  fast_attempts: 4
                  fast_delay: 501ms
                  initial_delay: 2s
                  multiplier: 1.5
                  max_delay: 16s
                  jitter: 0.5
                  stable_after: 31s
                  rejected_delay: 6m
                  max_retry_after: 2h
                  handshake_timeout: 11s
                  rejoin_timeout: 6s
                  register_timeout: 31s
                  send_timeout: 12s
                ping: {interval: 32s}
                heartbeat:
                  interval: 7s
                  dead_after: 3
                message.limit: 1MiB
                metrics: {listen: "127.0.0.1:9464", allowed_gap: 31s}
                """);

        AgentConfig agent = Configuration.read(file, HOME).agent(Map.of());

        assertThat(agent.data()).isEqualTo(directory.resolve("state"));
        assertThat(agent.labels()).isEqualTo(Map.of("site", "berlin, mitte", "rack", "4"));
        assertThat(agent.statusInterval()).isEqualTo(Duration.ofSeconds(61));
        assertThat(agent.metrics())
                .isEqualTo(new MetricsConfig(
                        new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 9464),
                        Duration.ofSeconds(31)));
        LinkConfig link = agent.link();
        assertThat(link.route().servers().urls())
                .containsExactly(URI.create("ws://a:1/v1/opamp"), URI.create("wss://b:2/path"));
        assertThat(link.route().schedule().backoff().fastAttempts()).isEqualTo(4);
        assertThat(link.route().schedule().backoff().fastDelay()).isEqualTo(Duration.ofMillis(501));
        assertThat(link.route().schedule().backoff().initial()).isEqualTo(Duration.ofSeconds(2));
        assertThat(link.route().schedule().backoff().multiplier()).isEqualTo(1.5);
        assertThat(link.route().schedule().backoff().cap()).isEqualTo(Duration.ofSeconds(16));
        assertThat(link.route().schedule().backoff().jitter()).isEqualTo(Jitter.proportional(0.5));
        assertThat(link.route().schedule().rejected().initial()).isEqualTo(Duration.ofMinutes(6));
        assertThat(link.route().schedule().rejected().jitter()).isEqualTo(Jitter.proportional(0.5));
        assertThat(link.route().schedule().stableAfter()).isEqualTo(Duration.ofSeconds(31));
        assertThat(link.route().schedule().maxRetryAfter()).isEqualTo(Duration.ofHours(2));
        assertThat(link.timeouts().handshake()).isEqualTo(Duration.ofSeconds(11));
        assertThat(link.timeouts().send()).isEqualTo(Duration.ofSeconds(12));
        assertThat(link.timeouts().ping()).isEqualTo(Duration.ofSeconds(32));
        assertThat(link.messageLimit()).isEqualTo(1 << 20);
        assertThat(link.session().rejoin()).isEqualTo(Duration.ofSeconds(6));
        assertThat(link.session().register()).isEqualTo(Duration.ofSeconds(31));
        assertThat(link.session().heartbeat()).isEqualTo(Duration.ofSeconds(7));
        assertThat(link.session().deadAfter()).isEqualTo(3);
    }

    @Test
    void whatTheEnvironmentTellsOfThePlaceReachesAnAgent() throws Exception {
        Map<String, String> variables = Map.of("AWS_REGION", "eu-west-1", "AWS_SECRET_ACCESS_KEY", "x");

        AgentConfig agent = Configuration.read(null, variables).agent(Map.of());

        assertThat(agent.surroundings()).isEqualTo(new Surroundings(Map.of("AWS_REGION", "eu-west-1"), Path.of("/")));
    }

    @Test
    void everyKeyOfAServerReachesIt() throws Exception {
        Path file = file("""
                {"data": "/srv/x", "listen": "0.0.0.0:1", "admin": "[::1]:2", "heartbeat.interval": "9s",
                 "ping.interval": "8s", "store": {"flush_interval": "2s"}, "message.limit": "256KiB",
                 "request.timeout": "7s", "input.limit": "3MiB", "admission": {"rate": 50, "burst": 7},
                 "drain.timeout": "3s"}
                """);

        ServerConfig server = Configuration.read(file, HOME).server(Map.of());

        assertThat(server.data()).isEqualTo(Path.of("/srv/x"));
        assertThat(server.listen().getAddress().isAnyLocalAddress()).isTrue();
        assertThat(server.listen().getPort()).isEqualTo(1);
        assertThat(server.admin().getAddress().isLoopbackAddress()).isTrue();
        assertThat(server.admin().getPort()).isEqualTo(2);
        assertThat(server.heartbeatInterval()).isEqualTo(Duration.ofSeconds(9));
        assertThat(server.pingInterval()).isEqualTo(Duration.ofSeconds(8));
        assertThat(server.flushInterval()).isEqualTo(Duration.ofSeconds(2));
        assertThat(server.messageLimit()).isEqualTo(256 << 10);
        assertThat(server.requestTimeout()).isEqualTo(Duration.ofSeconds(7));
        assertThat(server.inputLimit()).isEqualTo(3 << 20);
        assertThat(server.admission()).isEqualTo(new AdmissionConfig(50, 7));
        assertThat(server.drainTimeout()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void toLetInWhoeverComesIsAWordOfItsOwn() throws Exception {
        Path file = file("admission.rate: unlimited\n");
        assertThat(Configuration.read(file, HOME).server(Map.of()).admission().rate())
                .isEqualTo(AdmissionConfig.UNLIMITED);
    }

    @Test
    void theNearerSourceWins() throws Exception {
        Path shared = file("ping.interval: 1s\n");
        Path section = file("ping.interval: 1s\nagent: {ping.interval: 2s}\n");
        Map<String, String> variable = Map.of("HOLDFAST_PING_INTERVAL", "3s");
        Map<String, String> roleVariable = Map.of("HOLDFAST_PING_INTERVAL", "3s", "HOLDFAST_AGENT_PING_INTERVAL", "4s");
        Map<String, List<String>> flag = Map.of("ping.interval", List.of("5s"));

        assertThat(ping(shared, Map.of(), Map.of())).isEqualTo(Duration.ofSeconds(1));
        assertThat(ping(section, Map.of(), Map.of())).isEqualTo(Duration.ofSeconds(2));
        assertThat(ping(section, variable, Map.of())).isEqualTo(Duration.ofSeconds(3));
        assertThat(ping(section, roleVariable, Map.of())).isEqualTo(Duration.ofSeconds(4));
        assertThat(ping(section, roleVariable, flag)).isEqualTo(Duration.ofSeconds(5));
        assertThat(Configuration.read(section, roleVariable).server(Map.of()).pingInterval())
                .isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void labelsAndServersAreListsInAVariable() throws Exception {
        AgentConfig agent = Configuration.read(
                        null, Map.of("HOLDFAST_LABELS", "a=b, c=d=e", "HOLDFAST_AGENT_SERVER", "ws://a:1,ws://b:1"))
                .agent(Map.of());

        assertThat(agent.labels()).isEqualTo(Map.of("a", "b", "c", "d=e"));
        assertThat(agent.link().route().servers().urls()).hasSize(2);
    }

    @Test
    void aLabelOfAFlagMayHoldAComma() throws Exception {
        AgentConfig agent = Configuration.read(null, HOME).agent(Map.of("labels", List.of("a=b,c", "d=e")));

        assertThat(agent.labels()).isEqualTo(Map.of("a", "b,c", "d", "e"));
    }

    @Test
    void serverIsASectionWithKeysAndTheAgentsKeyWithoutAny() throws Exception {
        Path key = file("server: wss://there:1\nlisten: 127.0.0.1:7\n");
        Path section = file("server: {listen: '127.0.0.1:7'}\nagent: {server: 'wss://there:1'}\n");

        for (Path file : List.of(key, section)) {
            assertThat(Configuration.read(file, HOME)
                            .agent(Map.of())
                            .link()
                            .route()
                            .servers()
                            .urls())
                    .containsExactly(URI.create("wss://there:1/v1/opamp"));
            assertThat(Configuration.read(file, HOME).server(Map.of()).listen().getPort())
                    .isEqualTo(7);
        }
    }

    @Test
    void togetherEachRoleHasADirectoryOfItsOwn() throws Exception {
        Path file = file("data: both\nagent: {data: alone}\n");
        Map<String, List<String>> flag = Map.of("data", List.of("/given"));

        Configuration.Both fromFile = Configuration.read(file, HOME).both(Map.of());
        assertThat(fromFile.server().data()).isEqualTo(directory.resolve("both/server"));
        assertThat(fromFile.agent().data()).isEqualTo(directory.resolve("alone"));
        Configuration.Both fromFlag = Configuration.read(file, HOME).both(flag);
        assertThat(fromFlag.server().data()).isEqualTo(Path.of("/given/server"));
        assertThat(fromFlag.agent().data()).isEqualTo(Path.of("/given/agent"));
        Configuration.Both byDefault = Configuration.read(null, HOME).both(Map.of());
        assertThat(byDefault.server().data()).isEqualTo(Path.of("/me/.holdfast/server"));
    }

    @Test
    void everyFaultIsNamedAtOnceWithItsLine() throws Exception {
        Path file = file("""
                reconnect:
                  max_delay: -3s
                  multiplier: x
                lsten: 127.0.0.1:1
                server:
                  listen: here
                  labels: {a: b}
                message.limit: 64MB
                """);

        assertThat(faults(file, Map.of("HOLDFAST_RECONECT_JITTER", "1", "HOLDFAST_PING_INTERVAL", "0s")))
                .containsExactlyInAnyOrder(
                        "lsten: unknown key (expected: a known key; the nearest is listen), in " + file + " line 4",
                        "server.labels: unknown key (expected: a key of the server, which labels is not), in " + file
                                + " line 7",
                        "reconnect.max_delay: -3s (expected: a duration > 0s, such as 15s), in " + file + " line 2",
                        "reconnect.multiplier: x (expected: a number from 1 to 1000, such as 2), in " + file
                                + " line 3",
                        "message.limit: 64MB (expected: a size from 256KiB to 1GiB), in " + file + " line 8",
                        "listen: here (expected: HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:4320), in "
                                + file + " line 6",
                        "HOLDFAST_RECONECT_JITTER: unknown environment variable (expected: one that sets a key;"
                                + " the nearest is HOLDFAST_RECONNECT_JITTER)",
                        "ping.interval: 0s (expected: a duration > 0s, such as 15s), in environment variable"
                                + " HOLDFAST_PING_INTERVAL");
    }

    /** Else each full batch of an outbox would close its link. */
    @Test
    void aServerThatCouldNotTakeABatchIsNotStarted() throws Exception {
        Path file = file("server: {message.limit: 255KiB}\n");

        assertThat(faults(file, Map.of()))
                .containsExactly(
                        "message.limit: 255KiB (expected: a size from 256KiB to 1GiB), in " + file + " line 1");
    }

    @Test
    void whatMustHoldBetweenKeysIsToldInTheirNames() throws Exception {
        Path file = file("reconnect: {initial_delay: 1m, fast_delay: 20s}\n");

        assertThat(faults(file, Map.of()))
                .containsExactly(
                        "reconnect.max_delay: 15s (expected: >= reconnect.initial_delay, which is 1m in " + file
                                + " line 1), by default",
                        "reconnect.max_delay: 15s (expected: >= reconnect.fast_delay, which is 20s in " + file
                                + " line 1), by default");
    }

    @Test
    void withoutFastAttemptsTheirDelayDoesNotMatter() throws Exception {
        Path file = file("reconnect: {fast_attempts: 0, fast_delay: 20s, jitter: 0}\n");

        AgentConfig agent = Configuration.read(file, HOME).agent(Map.of());

        assertThat(agent.link().route().schedule().backoff().fastAttempts()).isZero();
        assertThat(agent.link().route().schedule().backoff().jitter()).isEqualTo(Jitter.none());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'a: [1\nb: 2'|line 2, column 2: ",
                "'a: *x'|line 1, column 4: *x (expected: the value itself",
                "'data: x\n---\ndata: y'|a second document (expected: one)",
                "'[a, b]'|a list (expected: keys with values), in ",
                "'data: x\ndata: y'|data: given twice (expected: once; the other is in ",
                "'labels: {a: {b: c}}'|labels: a nested value (expected: a plain value",
                "'reconnect: 3'|reconnect: 3 (expected: keys with values), in ",
                "'agent: x'|agent: x (expected: keys with values), in ",
                "'data:'|data: nothing (expected: a path",
                "'heartbeat.interval: 1500ms'|heartbeat.interval: 1500ms (expected: a duration in whole seconds",
                "'ping.interval: 400d'|ping.interval: 400d (expected: a duration <= 365d)",
                "'listen: 127.0.0.1:65536'|listen: 127.0.0.1:65536 (expected: HOST:PORT",
                "'agent: {server: ftp://x}'|server: ftp://x (expected: a ws, wss, http or https URL",
                "'labels: [a]'|labels: a (expected: names with values",
                "'labels: [a=b, a=c]'|labels: a=b,a=c (expected: each name once)"
            })
    void aFaultSaysWhatWasExpected(String text, String told) throws Exception {
        assertThat(faults(file(text), Map.of())).singleElement().asString().contains(told);
    }

    @Test
    void aPasswordInAUrlIsInNoMessage() throws Exception {
        assertThat(faults(file("agent: {server: 'ws://me:secret@there:1'}"), Map.of()))
                .singleElement()
                .asString()
                .contains("a URL without user information")
                .doesNotContain("secret");
    }

    @Test
    void aFileThatIsNotThereIsAFault() {
        assertThat(faults(directory.resolve("none.yaml"), Map.of()))
                .singleElement()
                .asString()
                .endsWith("none.yaml: no such file (expected: a file of settings in YAML)");
    }

    @Test
    void emptySectionsAndFilesSayNothing() throws Exception {
        Configuration.check(file(""), Map.of());
        Configuration.check(file("# nothing\n"), Map.of());
        Configuration.check(file("agent:\nserver:\nreconnect:\n"), Map.of());
    }

    @Test
    void checkFindsWhatAVariableCoversUp() throws Exception {
        Path file = file("ping.interval: no\n");

        assertThat(faults(file, Map.of("HOLDFAST_PING_INTERVAL", "1s"))).hasSize(1);
    }

    @Test
    void theLaunchersVariablesAreNotOurs() throws Exception {
        Configuration.check(
                file(""), Map.of("HOLDFAST_JAVA_HOME", "x", "HOLDFAST_JAVA_OPTS", "y", "HOLDFAST_BUILD", "z"));
    }

    @Test
    void anUnknownKeyIsExplainedByItsNearest() {
        assertThatThrownBy(() -> Explanation.of("reconnect.maxdelay", Configuration.read(null, HOME)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("the nearest is reconnect.max_delay");
    }

    @Test
    void everyKeyIsExplained() throws Exception {
        for (Role role : Role.values()) {
            for (Key<?> key : role.keys()) {
                assertThat(explained(key.name(), null, HOME))
                        .contains(key.doc(), key.type().expected(), key.variable(role));
            }
        }
    }

    @Test
    void anExplanationTellsWhatIsInForceAndWhereThatWasWritten() throws Exception {
        Path file = file("\nreconnect.max_delay: 20s\n");

        assertThat(explained("reconnect.max_delay", null, HOME)).contains("in force   15s, by default\n");
        assertThat(explained("reconnect.max_delay", file, HOME))
                .contains("in force   20s, in " + file + " line 2\n", "also       pipeops.reconnect.max_delay, as");
        assertThat(explained("reconnect.max_delay", file, Map.of("HOLDFAST_RECONNECT_MAX_DELAY", "30s")))
                .contains("in force   30s, in environment variable HOLDFAST_RECONNECT_MAX_DELAY\n");
        assertThat(explained("outbox.max_age", null, HOME)).contains("in force   unset\n");
        assertThat(explained("data", null, HOME)).contains("data (agent)\n", "data (server)\n");
    }

    @Test
    void anExplanationKeepsSecrets() throws Exception {
        Map<String, String> variables = Map.of("HOLDFAST_PROXY_PASSWORD", "hidden", "HOLDFAST_PROXY_USERNAME", "me");

        assertThat(explained("proxy.password", null, variables))
                .contains("in force   …, in environment variable HOLDFAST_PROXY_PASSWORD\n")
                .doesNotContain("hidden");
        assertThat(Explanation.of("proxy.password", Configuration.read(null, variables))
                        .getFirst()
                        .json()
                        .toString())
                .doesNotContain("hidden");
    }

    @Test
    void anotherSystemsNameIsExplainedByTheKeyThatItIsReadAs() throws Exception {
        assertThat(explained("resilience.max_retries", null, HOME)).startsWith("polling.tries (agent)\n");
    }

    @Test
    void theLogIsTextFromInfoOnUnlessTold() throws Exception {
        Configuration none = Configuration.read(null, HOME);
        assertThat(none.log(Role.AGENT, Map.of())).isEqualTo(LogConfig.DEFAULT);
        assertThat(none.log(Role.SERVER, Map.of("log.format", List.of("json"))))
                .isEqualTo(new LogConfig(Format.JSON, Level.INFO));

        Map<String, String> variables = Map.of("HOLDFAST_LOG_LEVEL", "warn", "HOLDFAST_AGENT_LOG_FORMAT", "json");
        Configuration told = Configuration.read(null, variables);
        assertThat(told.log(Role.AGENT, Map.of())).isEqualTo(new LogConfig(Format.JSON, Level.WARN));
        assertThat(told.log(Role.SERVER, Map.of())).isEqualTo(new LogConfig(Format.TEXT, Level.WARN));

        assertThatThrownBy(() -> none.log(Role.AGENT, Map.of("log.format", List.of("xml"))))
                .hasMessage("log.format: xml (expected: text or json), in flag --log-format");
    }

    private static String explained(String name, @Nullable Path file, Map<String, String> variables) throws Exception {
        return Explanation.of(name, Configuration.read(file, variables)).stream()
                .map(Explanation::text)
                .collect(Collectors.joining("\n"));
    }

    private static Duration ping(Path file, Map<String, String> variables, Map<String, List<String>> flags)
            throws CommandException {
        return Configuration.read(file, variables)
                .agent(flags)
                .link()
                .timeouts()
                .ping();
    }

    private static List<String> faults(Path file, Map<String, String> variables) {
        ConfigurationException faults =
                catchThrowableOfType(ConfigurationException.class, () -> Configuration.check(file, variables));
        return faults.faults();
    }

    private Path file(String text) throws IOException {
        return Files.writeString(Files.createTempFile(directory, "settings", ".yaml"), text);
    }
}
