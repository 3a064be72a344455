// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.holdfast.agent.Agent;
import dev.holdfast.agent.AgentConfig;
import dev.holdfast.agent.access.AccessSocket;
import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.outbox.OutboxConfig;
import dev.holdfast.cli.TroubleshootingIT.Trouble;
import dev.holdfast.core.delivery.DeliveryPolicy;
import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.SystemTime;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

/** What can go wrong with an outbox command. */
@SuppressWarnings("try") // Agents are only held open, and one is closed before its time.
final class OutboxTroubles {

    private static final OutboxPolicy SMALL =
            OutboxPolicy.DEFAULT.withSegment(64 << 10).withQuota(256 << 10, OutboxPolicy.WhenFull.REJECT);

    /** What is too small here is the disk. */
    private static final OutboxPolicy ROOMY = OutboxPolicy.DEFAULT.withSegment(64 << 10);

    private static final int LARGE = 30_000;

    static final Map<String, Trouble> CASES = Map.ofEntries(
            entry("outbox-none", (dir, line) -> command(dir, "list")),
            entry("outbox-server", (dir, line) -> {
                Files.createFile(dir.resolve("fleet.db"));
                return append(dir, "1\n");
            }),
            entry("outbox-held", (dir, line) -> {
                try (DataDirectory held = DataDirectory.hold(dir)) {
                    return command(held.path(), "stats");
                }
            }),
            entry("outbox-repair", (dir, line) -> {
                try (OpenAgent agent = new OpenAgent(dir, SMALL)) {
                    return command(agent.path(), "repair");
                }
            }),
            entry("outbox-connections", (dir, line) -> connections(dir)),
            entry("outbox-gone", (dir, line) -> gone(dir)),
            entry("outbox-full", (dir, line) -> full(dir)),
            entry("outbox-disk", OutboxTroubles::disk),
            entry("agent-disk", OutboxTroubles::agentsDisk),
            entry("outbox-line", (dir, line) -> append(dir, "x".repeat(NewRecord.MOST_PAYLOAD + 1))),
            entry("outbox-lane", (dir, line) -> {
                append(dir, "1\n");
                return command(dir, "list", "--lane", "other");
            }),
            entry("outbox-delivered", (dir, line) -> {
                append(dir, "1\n");
                return command(dir, "show", "l", "0");
            }),
            entry("outbox-dead", (dir, line) -> {
                append(dir, "1\n");
                return command(dir, "replay", "7");
            }),
            entry("outbox-purge", (dir, line) -> purge(dir)));

    private OutboxTroubles() {}

    private static Told command(Path data, String... words) {
        String[] all = new String[words.length + 3];
        all[0] = "outbox";
        System.arraycopy(words, 0, all, 1, words.length);
        all[words.length + 1] = "--data";
        all[words.length + 2] = data.toString();
        return CommandTroubles.run(data, all);
    }

    private static Told append(Path data, String input) {
        return append(data, new ByteArrayInputStream(input.getBytes(UTF_8)));
    }

    private static Told append(Path data, InputStream input) {
        InputStream console = System.in;
        System.setIn(input);
        try {
            return command(data, "append", "--lane", "l");
        } finally {
            System.setIn(console);
        }
    }

    private static Told connections(Path data) throws Exception {
        Deque<SocketChannel> open = new ArrayDeque<>();
        try (OpenAgent agent = new OpenAgent(data, SMALL)) {
            for (int n = 0; n < AccessSocket.MOST_CONNECTIONS; n++) {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                open.push(channel);
                channel.connect(UnixDomainSocketAddress.of(data.resolve("socket/outbox")));
            }
            return command(agent.path(), "stats");
        } finally {
            for (SocketChannel channel : open) {
                channel.close();
            }
        }
    }

    private static Told gone(Path data) throws Exception {
        try (OpenAgent agent = new OpenAgent(data, SMALL)) {
            return append(data, new InputStream() {
                private final InputStream lines = new ByteArrayInputStream("1\n".getBytes(UTF_8));

                @Override
                public int read() throws IOException {
                    return lines.read();
                }

                @Override
                public int read(byte[] into, int from, int length) throws IOException {
                    agent.stop();
                    return lines.read(into, from, length);
                }
            });
        }
    }

    private static Told full(Path data) throws Exception {
        try (OpenAgent agent = new OpenAgent(data, SMALL)) {
            NewRecord large = NewRecord.of("l", "text/plain", new byte[LARGE]);
            for (int n = 0; n < 100; n++) {
                var unused = agent.outbox.appendAsync(List.of(large));
            }
            return append(data, "x".repeat(LARGE));
        }
    }

    private static Told disk(Path directory, Pattern line) throws Exception {
        return CommandTroubles.mounted(directory, "size=1m", place -> {
            try (OpenAgent agent = new OpenAgent(place.resolve("data"), ROOMY)) {
                CommandTroubles.fill(place);
                Told told = append(agent.path(), "x".repeat(LARGE));
                while (Integer.valueOf(0).equals(told.exitCode())) {
                    told = append(agent.path(), "x".repeat(LARGE));
                }
                return told;
            }
        });
    }

    /** What an agent records of itself is refused too, in its log, once there is room for nothing at all. */
    private static Told agentsDisk(Path directory, Pattern line) throws Exception {
        return CommandTroubles.mounted(directory, "size=1m", place -> {
            AgentConfig usual = AgentConfig.of(place.resolve("data"), LinkConfig.of(URI.create("ws://127.0.0.1:1")));
            AgentConfig small = new AgentConfig(
                    usual.data(),
                    usual.labels(),
                    Duration.ofMillis(200),
                    new OutboxConfig(ROOMY, DeliveryPolicy.DEFAULT),
                    usual.link(),
                    usual.proxies(),
                    usual.surroundings(),
                    null);
            try (Told.Log log = Told.Log.open();
                    Agent agent = Agent.start(small)) {
                log.await(Pattern.compile("link down: .*"));
                CommandTroubles.fill(place);
                use(usual.data());
                assertThat(agent.uid()).isNotNull();
                return log.await(line);
            }
        });
    }

    /** Appends to an agent that runs until not even a small record is taken. */
    private static void use(Path data) throws Exception {
        Random chance = new Random(1);
        try (SystemTime time = SystemTime.start("use");
                OutboxAccess outbox = OutboxAccess.open(data, ROOMY, time, chance)) {
            for (int length = LARGE; length > 100; length /= 4) {
                byte[] noise = new byte[length];
                chance.nextBytes(noise);
                NewRecord record = NewRecord.of("l", "text/plain", noise);
                assertThatIOException()
                        .isThrownBy(() -> {
                            while (true) {
                                outbox.append(List.of(record));
                            }
                        })
                        .withMessageContaining("no space is left");
            }
        }
    }

    private static Told purge(Path data) throws Exception {
        append(data, "1\n");
        try (OpenAgent agent = new OpenAgent(data, SMALL);
                SystemTime time = SystemTime.start("now")) {
            agent.outbox
                    .bury("l", Attempts.none(1, time.instant()).plus("bad", true, time.instant()))
                    .get();
            InputStream console = System.in;
            System.setIn(InputStream.nullInputStream());
            try {
                return command(data, "purge", "1");
            } finally {
                System.setIn(console);
            }
        }
    }
}
