// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.OutboxMessage.Mark;
import dev.holdfast.opamp.outbox.OutboxWire;
import dev.holdfast.server.ingest.Lanes;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** An outbox is emptied into a server on real sockets, and read on its admin port. */
class IngestIT {

    private static final List<String> OURS = List.of(Capabilities.OUTBOX);

    @TempDir
    private Path data;

    private TestServer server;

    /** The number of the next OpAMP message. */
    private long number;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.start(data);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void aThousandRecordsArriveOnceAndInOrderThoughTheConnectionIsCutAgainAndAgain() throws Exception {
        long seed = 5;
        SplittableRandom chance = new SplittableRandom(seed);
        Lanes lane = Lanes.of(1, "work").append(1_000);
        long acknowledged = 0;
        int cuts = 0;
        while (acknowledged < 1_000) {
            try (TestAgent agent = attached()) {
                acknowledged = resumed(agent, lane, acknowledged).at().sequence();
                while (acknowledged < 1_000) {
                    long to = Math.min(1_000, acknowledged + 1 + chance.nextInt(60));
                    send(agent, lane.batch(acknowledged, to));
                    if (chance.nextInt(5) == 0) {
                        cuts++;
                        break;
                    }
                    acknowledged = mark(agent).at().sequence();
                    assertThat(acknowledged).as("seed %s", seed).isEqualTo(to);
                }
            }
            if (cuts == 3) {
                cuts++;
                server.close();
                server = TestServer.start(data);
            }
        }
        assertThat(cuts).isGreaterThan(3);

        List<String> sequences = new ArrayList<>();
        String after = "0";
        boolean end = false;
        while (!end) {
            HttpResponse<String> page = server.admin("/api/events?limit=300&lane=work&after=" + after);
            assertThat(page.headers().firstValue("Content-Type")).contains("application/cloudevents-batch+json");
            TestServer.json(page.body())
                    .forEach(event -> sequences.add(event.get("sequence").asString()));
            after = page.headers().firstValue("Holdfast-Next").orElseThrow();
            end = Boolean.parseBoolean(page.headers().firstValue("Holdfast-End").orElseThrow());
        }
        assertThat(sequences)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 1_000)
                        .mapToObj(Integer::toString)
                        .toList());
        JsonNode last = server.api("/api/events?limit=1&after=999").get(0);
        assertThat(last.get("id").asString()).isEqualTo(lane.stream() + "/1000");
        assertThat(last.get("source").asString()).isEqualTo("/api/agents/" + uid(1));
        assertThat(last.get("data").get("n").asInt()).isEqualTo(1_000);
        assertThat(server.api("/api/agents/" + uid(1) + "/pushes").size()).isPositive();
    }

    @Test
    void whoPollsGetsTheMarkWithTheAnswer() throws Exception {
        Lanes lane = Lanes.of(2, "status").append(2);
        post(registration());

        assertThat(marks(post(message(lane.resume(0)))).known()).isFalse();
        assertThat(marks(post(message(lane.batch(0, 2)))).at()).isEqualTo(lane.at(2));
        assertThat(server.metric("holdfast_ingest_records_total")).isEqualTo(2);
    }

    @Test
    void anAgentThatDidNotAnnounceItIsNeverSentOne() throws Exception {
        Lanes lane = Lanes.of(3, "status").append(1);
        try (TestAgent foreign = TestAgent.connect(server, uid(1), null)) {
            foreign.ask(TestAgent.registration(uid(1), 0, "host", "a"));
            assertThat(foreign.ask(numbered(1).withCustom(OutboxWire.write(lane.batch(0, 1))))
                            .custom())
                    .isNull();
            assertThat(foreign.ask(numbered(2)).custom()).isNull();
        }
        try (TestAgent agent = attached()) {
            assertThat(resumed(agent, lane, 0).known())
                    .as("answered after what was offered before it")
                    .isFalse();
        }
    }

    @Test
    void theLastRecordOfTheStatusLaneIsWhatTheFleetShows() throws Exception {
        Lanes status = Lanes.of(4, "status").append("{\"load\": 9}").append("{\"load\": 0.5}");
        Lanes other = Lanes.of(4, "work").append("{\"load\": 7}");
        Lanes faulty = Lanes.of(5, "status").append("{\"load\":").append("\"" + "x".repeat(64 << 10) + "\"");
        try (TestAgent agent = attached()) {
            send(agent, status.batch(0, 2));
            assertThat(mark(agent).at()).isEqualTo(status.at(2));
            assertThat(server.agent(uid(1)).get("status").get("load").asDouble())
                    .isEqualTo(0.5);
            for (Batch more : List.of(other.batch(0, 1), faulty.batch(0, 1), faulty.batch(1, 2))) {
                send(agent, more);
                mark(agent);
            }
        }

        assertThat(server.agent(uid(1)).get("status").get("load").asDouble()).isEqualTo(0.5);
        assertThat(server.agent(uid(1)).get("status_at").asString())
                .as("when it was recorded")
                .startsWith("2026-01-02T03:04:05");
        assertThat(server.metric("holdfast_status_records_total")).isEqualTo(1);
        assertThat(server.metric("holdfast_status_records_ignored_total")).isEqualTo(2);
        assertThat(server.metric("holdfast_ingest_records_total")).isEqualTo(5);
    }

    @Test
    void aMessageThatIsNoneIsRefusedAndTheConnectionGoesOn() throws Exception {
        try (TestAgent agent = attached()) {
            ServerMessage answer = agent.ask(message()
                    .withCustom(new CustomMessage(Capabilities.OUTBOX, "batch", ByteBuffer.wrap(new byte[] {10}))));

            assertThat(answer.error()).isNotNull();
            assertThat(agent.ask(message()).error()).isNull();
        }
        assertThat(server.metric("holdfast_ingest_malformed_total")).isEqualTo(1);
    }

    @Test
    void aDropTellsWhatIsKnownOfIt() throws Exception {
        Lanes lane = Lanes.of(6, "work").append(1);
        String told = "{\"bytes\":512,\"attempts\":100,\"first\":\"2026-01-02T03:04:05Z\","
                + "\"last\":\"2026-01-02T04:04:05Z\",\"reasons\":{\"STORAGE\":99,\"TOO_LARGE\":1},"
                + "\"content_type\":\"text/plain\"}";
        Item dead = new Item.Gap(2, new Point(2, 0xabcL), Item.Gap.Why.DEAD, told);
        Item dropped = new Item.Gap(3, new Point(9, -1), Item.Gap.Why.DROPPED, "no room");
        try (TestAgent agent = attached()) {
            send(agent, lane.batch(0, 1));
            mark(agent);
            send(agent, new Batch(lane.stream(), 1, false, lane.at(1), List.of(dead, dropped)));
            mark(agent);
        }

        JsonNode drops = server.api("/api/drops?agent=" + uid(1));
        JsonNode first = drops.get(0);
        assertThat(first.get("agent").asString()).isEqualTo(uid(1).toString());
        assertThat(first.get("lane").asString()).isEqualTo("work");
        assertThat(first.get("why").asString()).isEqualTo("dead");
        assertThat(first.get("hash").asString()).isEqualTo("0000000000000abc");
        assertThat(first.get("count").asInt()).isEqualTo(1);
        assertThat(first.get("bytes").asInt()).isEqualTo(512);
        assertThat(first.get("attempts").asInt()).isEqualTo(100);
        assertThat(first.get("first_attempt").asString()).isEqualTo("2026-01-02T03:04:05Z");
        assertThat(first.get("last_attempt").asString()).isEqualTo("2026-01-02T04:04:05Z");
        assertThat(first.get("reasons").propertyNames()).containsExactly("STORAGE", "TOO_LARGE");
        assertThat(first.get("content_type").asString()).isEqualTo("text/plain");
        assertThat(drops.get(1).get("count").asInt()).isEqualTo(7);
        assertThat(drops.get(1).get("attempts").isNull()).isTrue();
        assertThat(drops.get(1).get("audit").asString()).isEqualTo("no room");
        JsonNode push = server.api("/api/agents/" + uid(1) + "/pushes").get(0);
        assertThat(push.get("first").asInt()).isEqualTo(2);
        assertThat(push.get("last").asInt()).isEqualTo(9);
        assertThat(push.get("records").asInt()).isZero();
    }

    @Test
    void wrongParametersAreNamed() throws Exception {
        for (String query : List.of("after=x", "after=-1", "limit=0", "limit=1001", "agent=x", "since=yesterday")) {
            HttpResponse<String> answer = server.admin("/api/events?" + query);
            assertThat(answer.statusCode()).as(query).isEqualTo(400);
            assertThat(TestServer.json(answer.body()).get("error").asString())
                    .startsWith(query.substring(0, query.indexOf('=')) + ": ");
        }
        assertThat(server.admin("/api/drops?limit=x").statusCode()).isEqualTo(400);
        assertThat(server.admin("/api/agents/x/pushes").statusCode()).isEqualTo(400);
        assertThat(server.api("/api/drops").size()).isZero();
    }

    private TestAgent attached() throws Exception {
        TestAgent agent = TestAgent.connect(server, uid(1), null);
        agent.ask(registration());
        return agent;
    }

    private AgentMessage registration() {
        return TestAgent.registration(uid(1), number++, "host", "a").withCustomCapabilities(OURS);
    }

    private AgentMessage message() {
        return numbered(number++);
    }

    private static AgentMessage numbered(long number) {
        return AgentMessage.heartbeat(uid(1), number, Capabilities.OF_AGENT);
    }

    private AgentMessage message(OutboxMessage message) {
        return message().withCustom(OutboxWire.write(message));
    }

    private void send(TestAgent agent, OutboxMessage message) throws Exception {
        agent.send(message(message));
    }

    private Mark resumed(TestAgent agent, Lanes lane, long acknowledged) throws Exception {
        send(agent, lane.resume(acknowledged));
        return mark(agent);
    }

    /** The next mark, answers passed over. */
    private static Mark mark(TestAgent agent) throws Exception {
        ServerMessage message = agent.next();
        while (message.custom() == null) {
            message = agent.next();
        }
        return marks(message);
    }

    private static Mark marks(ServerMessage message) throws Exception {
        CustomMessage custom = Objects.requireNonNull(message.custom());
        return (Mark) OutboxWire.read(custom).orElseThrow();
    }

    private ServerMessage post(AgentMessage message) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.agentUri("/v1/opamp"))
                .header("Content-Type", Wire.MEDIA_TYPE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(Wire.body(message)))
                .build();
        HttpResponse<byte[]> answer = server.send(request, HttpResponse.BodyHandlers.ofByteArray());
        return Wire.readServerBody(ByteBuffer.wrap(answer.body()));
    }
}
