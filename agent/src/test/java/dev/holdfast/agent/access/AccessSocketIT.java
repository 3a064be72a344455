// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.time.VirtualTime;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AccessSocketIT {

    @TempDir
    Path temp;

    @Test
    void theSocketAndTheDirectoryGiveTheSame() throws Exception {
        Path data = temp.resolve("data");
        try (OpenAgent agent = new OpenAgent(data);
                OutboxAccess access = agent.access()) {
            assertThat(access.append(List.of(record("a", "one"), record("b", "two"), record("a", "three"))))
                    .containsExactly(1L, 1L, 2L);
            bury(agent, "a", 1);
            assertAsAppended(access);
        }
        try (OutboxAccess access = OpenAgent.access(data, new VirtualTime())) {
            assertThat(access).isInstanceOf(DirectAccess.class);
            assertAsAppended(access);
            assertThat(access.replay(1)).hasValue(3);
            assertThat(access.dead(1, 10)).isEmpty();
        }
        try (OpenAgent agent = new OpenAgent(data);
                OutboxAccess access = agent.access()) {
            assertThat(((Stored) access.read("a", 3, 1).getFirst()).replayOf()).hasValue(1);
            assertThat(access.replay(1)).isEmpty();
            bury(agent, "a", 2);
            access.purge(2);
            access.purge(2);
            assertThat(access.replay(2)).isEmpty();
            assertThat(access.dead(1, 10)).isEmpty();
        }
    }

    @Test
    void whoWantsTheAgentAloneLeavesTheDirectoryOfOneThatDoesNotRunAlone() throws Exception {
        Path data = temp.resolve("data");
        assertThat(OutboxAccess.ofRunning(data, new VirtualTime())).isEmpty();
        assertThat(data).doesNotExist();
        try (OpenAgent agent = new OpenAgent(data);
                OutboxAccess access = OutboxAccess.ofRunning(agent.data.path(), new VirtualTime())
                        .orElseThrow()) {
            assertThat(access.append(List.of(record("a", "one")))).containsExactly(1L);
        }
        SocketPlace.listen(data).close();
        assertThat(SocketPlace.in(data)).as("as a killed agent leaves it").exists();
        assertThat(OutboxAccess.ofRunning(data, new VirtualTime())).isEmpty();
        assertThat(DataDirectory.isHeld(data)).isFalse();
    }

    private static void assertAsAppended(OutboxAccess access) throws IOException {
        assertThat(access.lanes())
                .extracting(LaneState::lane, LaneState::waiting)
                .containsExactly(tuple("a", 2L), tuple("b", 1L));
        List<Item> items = access.read("a", 1, 10);
        assertThat(items).hasSize(2);
        assertThat(((Gap) items.getFirst()).why()).isEqualTo(Why.DEAD);
        assertThat(new String(((Stored) items.getLast()).payload(), UTF_8)).isEqualTo("three");
        assertThat(access.read("none", 1, 10)).isEmpty();
        DeadLetter letter = access.dead(1, 10).getFirst();
        assertThat(letter.attempts().reasons()).containsEntry("bad", 1);
        assertThat(new String(letter.record().payload(), UTF_8)).isEqualTo("one");
    }

    @Test
    void anAgentThatRunsVerifiesItselfAndIsNotRepaired() throws Exception {
        Path data = temp.resolve("data");
        try (OpenAgent agent = new OpenAgent(data);
                OutboxAccess access = agent.access()) {
            access.append(List.of(record("a", "one"), record("b", "two")));
            Verification found = OutboxAccess.verify(agent.data.path(), new VirtualTime());
            assertThat(found.isRepairNeeded()).isFalse();
            assertThat(found.records()).isEqualTo(2);
            assertThatThrownBy(() -> OutboxAccess.repair(
                            agent.data.path(), OpenAgent.SMALL, new VirtualTime(), new SplittableRandom(3)))
                    .isInstanceOf(DataDirectoryException.Held.class);
            assertThat(access.append(List.of(record("a", "after")))).containsExactly(2L);
        }
        assertThat(OutboxAccess.verify(data, new VirtualTime()).records()).isEqualTo(3);
        assertThat(OutboxAccess.repair(data, OpenAgent.SMALL, new VirtualTime(), new SplittableRandom(3))
                        .setAside())
                .isEmpty();
    }

    @Test
    void whatIsRefusedIsToldInTheSameWordsAndNothingOfItIsKept() throws Exception {
        Path data = temp.resolve("data");
        List<NewRecord> tooMuch = List.of(record("a", "x".repeat(30_000)), record("a", "y".repeat(30_000)));
        String told;
        try (OpenAgent agent = new OpenAgent(data);
                OutboxAccess access = agent.access()) {
            told = refusal(() -> access.append(tooMuch));
            assertThat(access.lanes()).isEmpty();
            assertThat(refusal(() -> access.read("a", 0, 1))).contains("from: 0", "expected");
            fill(access);
        }
        try (OutboxAccess access = OpenAgent.access(data, new VirtualTime())) {
            assertThat(refusal(() -> access.append(tooMuch))).isEqualTo(told).contains("half a segment");
            assertThat(refusal(() -> access.append(List.of(record("a", "x".repeat(30_000))))))
                    .contains("outbox full");
        }
    }

    private static void fill(OutboxAccess access) throws Exception {
        long last = 0;
        try {
            while (true) {
                last = access.append(List.of(record("a", "x".repeat(30_000)))).getFirst();
            }
        } catch (RefusedException full) {
            assertThat(full).hasMessageContaining("outbox full");
        }
        assertThat(access.lanes().getFirst().last()).isEqualTo(last).isPositive();
    }

    private static String refusal(Callable<?> call) throws Exception {
        try {
            throw new AssertionError("done: " + call.call());
        } catch (RefusedException | IllegalArgumentException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void oneThatIsAloneInItsDirectoryIsTheOwnersAlone() throws Exception {
        Path data = temp.resolve("data");
        Files.createDirectory(data, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        try (OpenAgent agent = new OpenAgent(data)) {
            assertThat(permissions(agent.data.path().resolve("socket"))).isEqualTo("rwx------");
            assertThat(permissions(agent.data.path().resolve("socket/outbox"))).isEqualTo("rw-------");
        }
        assertThat(data.resolve("socket/outbox")).doesNotExist();
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void aDirectoryWithALongNameWorksAsAnyOther() throws Exception {
        Path data = temp.resolve("long".repeat(40)).resolve("longer".repeat(30));
        try (OpenAgent agent = new OpenAgent(data);
                OutboxAccess access = agent.access()) {
            assertThat(data.toString().length()).isGreaterThan(300);
            assertThat(access.append(List.of(record("a", "one")))).containsExactly(1L);
        }
    }

    @Test
    void whatAKilledAgentLeftIsNotTakenForOneAndIsReplaced() throws Exception {
        Path data = temp.resolve("d");
        Path left = Files.createDirectories(data.resolve("socket")).resolve("outbox");
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(left))
                .close();
        assertThat(left).exists();

        try (OutboxAccess access = OpenAgent.access(data, new VirtualTime())) {
            assertThat(access).isInstanceOf(DirectAccess.class);
        }
        try (OpenAgent agent = new OpenAgent(data);
                OutboxAccess access = agent.access()) {
            assertThat(access.lanes()).isEmpty();
        }
    }

    @Test
    void aHolderThatListensOnNoSocketIsWaitedForAndThenTold() throws Exception {
        Path data = temp.resolve("data");
        VirtualTime time = new VirtualTime();
        try (DataDirectory held = DataDirectory.hold(data)) {
            assertThatThrownBy(() -> OpenAgent.access(held.path(), time))
                    .isInstanceOfSatisfying(
                            DataDirectoryException.Held.class,
                            e -> assertThat(e.holder())
                                    .contains("pid " + ProcessHandle.current().pid()));
        }
        assertThat(time.elapsed()).hasSeconds(2);
        try (DataDirectory held = DataDirectory.hold(data)) {
            VirtualTime again = new VirtualTime();
            again.schedule(Duration.ofSeconds(1), held::close);
            try (OutboxAccess access = OpenAgent.access(data, again)) {
                assertThat(access).as("once it has let go").isInstanceOf(DirectAccess.class);
            }
        }
    }

    @Test
    void whoeverElseListensThereIsNotTakenForAnAgent() throws Exception {
        Path data = temp.resolve("d");
        try (DataDirectory held = DataDirectory.hold(data);
                ServerSocketChannel other = SocketPlace.listen(held.path());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> answered = threads.submit(() -> {
                try (SocketChannel channel = other.accept()) {
                    channel.write(ByteBuffer.wrap("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(UTF_8)));
                }
                return null;
            });
            assertThatThrownBy(() -> OpenAgent.access(held.path(), new VirtualTime()))
                    .isInstanceOf(AgentGoneException.class)
                    .hasMessageContaining("speaks another version");
            answered.get();
        }
    }

    @Test
    void anAgentThatDoesNotAnswerIsGivenUpAfterFiveSeconds() throws Exception {
        Path data = temp.resolve("d");
        VirtualTime time = new VirtualTime();
        try (DataDirectory held = DataDirectory.hold(data);
                ServerSocketChannel other = SocketPlace.listen(held.path());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<OutboxAccess> opened = threads.submit(() -> OpenAgent.access(held.path(), time));
            try (SocketChannel accepted = other.accept()) {
                assertThat(accepted.isConnected()).isTrue();
                time.advance(Duration.ofSeconds(5));
                assertThatThrownBy(opened::get)
                        .cause()
                        .isInstanceOf(AgentGoneException.class)
                        .hasMessageContaining("did not answer");
            }
        }
    }

    @Test
    void garbageEndsItsOwnConnectionAlone() throws Exception {
        try (OpenAgent agent = new OpenAgent(temp.resolve("d"));
                OutboxAccess access = agent.access()) {
            for (byte[] garbage : List.of(
                    "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(UTF_8),
                    new byte[100_000],
                    hello(Protocol.VERSION + 1))) {
                try (Raw raw = new Raw(agent.data.path())) {
                    raw.send(garbage);
                    raw.awaitEnd();
                }
            }
            try (Raw raw = new Raw(agent.data.path())) {
                raw.send(hello(Protocol.VERSION));
                raw.send(new byte[] {99, 0, 0, 0, 0});
                assertThat(raw.answer()).startsWith(Protocol.REFUSED + " question: 99 (expected");
                raw.send(new byte[] {Protocol.APPEND, 0, 0, 0, 2, 0, 0});
                assertThat(raw.answer()).startsWith(Protocol.REFUSED + " ");
                raw.send(new byte[] {Protocol.APPEND, 0x7F, 0, 0, 0});
                assertThat(raw.answer()).startsWith(Protocol.REFUSED + " question: 2130706432 bytes (expected");
                raw.awaitEnd();
            }
            assertThat(access.append(List.of(record("a", "one")))).containsExactly(1L);
        }
    }

    @Test
    void aClientThatStopsHalfwayIsGivenUpAndOneThatWaitsIsNot() throws Exception {
        try (OpenAgent agent = new OpenAgent(temp.resolve("d"));
                OutboxAccess idle = agent.access();
                Raw mute = new Raw(agent.data.path());
                Raw half = new Raw(agent.data.path());
                Raw unread = new Raw(agent.data.path())) {
            idle.append(List.of(record("a", "x".repeat(20_000))));
            half.send(hello(Protocol.VERSION));
            half.send(new byte[] {Protocol.APPEND, 0, 0, 1, 0, 7});
            unread.send(hello(Protocol.VERSION));
            byte[] read = Protocol.bytes(out -> Protocol.write(out, Protocol.READ, Protocol.bytes(asked -> {
                asked.writeUTF("a");
                asked.writeLong(1);
                asked.writeInt(1);
            })));
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<?> flood = threads.submit(() -> {
                    while (true) {
                        unread.send(read);
                    }
                });
                await().until(() -> {
                    agent.time.advance(AccessSocket.LOOK);
                    return flood.isDone();
                });
            }
            mute.awaitEnd();
            half.awaitEnd();
            assertThat(idle.append(List.of(record("a", "two")))).containsExactly(2L);
        }
    }

    @Test
    void oneConnectionTooManyIsToldSoAndThereIsRoomAgainAfterOneEnds() throws Exception {
        try (OpenAgent agent = new OpenAgent(temp.resolve("d"))) {
            List<OutboxAccess> open = new ArrayList<>();
            for (int n = 0; n < AccessSocket.MOST_CONNECTIONS; n++) {
                open.add(agent.access());
            }
            assertThatThrownBy(agent::access)
                    .isInstanceOf(AgentGoneException.class)
                    .hasMessageContaining("connections: 64 (expected: fewer than 64");
            open.removeLast().close();
            await().ignoreExceptions().until(() -> open.add(agent.access()));
            for (OutboxAccess each : open) {
                each.append(List.of(record("a", "x")));
                each.close();
            }
            assertThat(agent.outbox.lanes().getFirst().last()).isEqualTo(64);
        }
    }

    @Test
    void manyAppendAtOnceWhileOthersLook() throws Exception {
        int clients = 8;
        int each = 100;
        try (OpenAgent agent = new OpenAgent(temp.resolve("d"));
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<List<Long>>> appended = new ArrayList<>();
            for (int client = 0; client < clients; client++) {
                String name = "client " + client;
                appended.add(threads.submit(() -> appendMany(agent, name, each)));
            }
            Future<Integer> looks = threads.submit(() -> look(agent, (long) clients * each));
            List<Long> all = new ArrayList<>();
            for (Future<List<Long>> sequences : appended) {
                assertThat(sequences.get()).isSorted();
                all.addAll(sequences.get());
            }
            assertThat(all)
                    .containsExactlyInAnyOrderElementsOf(LongStream.rangeClosed(1, (long) clients * each)
                            .boxed()
                            .toList());
            assertThat(looks.get()).isPositive();
        }
    }

    private static List<Long> appendMany(OpenAgent agent, String name, int count) throws Exception {
        List<Long> sequences = new ArrayList<>();
        try (OutboxAccess access = agent.access()) {
            while (sequences.size() < count) {
                sequences.addAll(access.append(List.of(record("shared", name), record("shared", name))));
            }
        }
        return sequences;
    }

    /** Looks at everything until everything is there, and at each time finds no sequence missing. */
    private static int look(OpenAgent agent, long all) throws Exception {
        int looks = 0;
        long seen = 0;
        try (OutboxAccess access = agent.access()) {
            while (seen < all) {
                assertThat(access.dead(1, 10)).isEmpty();
                for (Item item : access.read("shared", seen + 1, 500)) {
                    assertThat(item).isInstanceOf(Stored.class);
                    assertThat(item.first()).isEqualTo(++seen);
                }
                looks++;
            }
        }
        return looks;
    }

    @Test
    void whenTheAgentStopsItsClientsAreTold() throws Exception {
        OpenAgent agent = new OpenAgent(temp.resolve("d"));
        try (OutboxAccess access = agent.access()) {
            access.append(List.of(record("a", "one")));
            agent.close();
            assertThatThrownBy(() -> access.append(List.of(record("a", "two"))))
                    .isInstanceOf(AgentGoneException.class)
                    .hasMessageContaining("the agent of " + agent.data.path());
        }
        try (OutboxAccess access = OpenAgent.access(agent.data.path(), new VirtualTime())) {
            assertThat(access.lanes().getFirst().last()).isEqualTo(1);
        }
    }

    static NewRecord record(String lane, String text) {
        return NewRecord.of(lane, "text/plain", text.getBytes(UTF_8));
    }

    private static void bury(OpenAgent agent, String lane, long sequence) throws Exception {
        agent.outbox
                .bury(lane, Attempts.none(sequence, VirtualTime.BEGINNING).plus("bad", true, VirtualTime.BEGINNING))
                .get();
    }

    private static byte[] hello(int version) throws IOException {
        return Protocol.bytes(out -> {
            out.writeInt(Protocol.MAGIC);
            out.writeByte(version);
        });
    }

    /** Someone who connects and says what he likes. */
    private static final class Raw implements AutoCloseable {
        private final SocketChannel channel;
        private final DataInputStream in;
        private final DataOutputStream out;

        Raw(Path data) throws IOException {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            SocketPlace.connect(channel, data);
            in = new DataInputStream(Channels.newInputStream(channel));
            out = new DataOutputStream(Channels.newOutputStream(channel));
            assertThat(in.readInt()).isEqualTo(Protocol.MAGIC);
            assertThat(in.readUnsignedShort()).isEqualTo(Protocol.VERSION << 8);
            assertThat(in.readUTF()).isEmpty();
        }

        void send(byte[] bytes) throws IOException {
            out.write(bytes);
        }

        String answer() throws IOException {
            int status = in.readUnsignedByte();
            in.readInt();
            return status + " " + in.readUTF();
        }

        /** Reads on until the agent has closed it. */
        void awaitEnd() {
            try {
                in.skip(Long.MAX_VALUE);
                while (in.read() >= 0) {
                    in.skip(Long.MAX_VALUE);
                }
            } catch (IOException reset) {
                // What was not read at the other end makes it a reset.
                assertThat(channel.isOpen()).isTrue();
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
