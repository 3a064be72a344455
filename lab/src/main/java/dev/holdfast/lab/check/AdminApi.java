// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What anybody with the admin token can read at a server. Safe for use by any thread. */
public final class AdminApi implements AutoCloseable {

    private static final Duration CONNECTING = Duration.ofSeconds(2);

    /** How long an answer may take: a page of large records on a busy machine. */
    private static final Duration ANSWERING = Duration.ofSeconds(30);

    private static final int PAGE = 1_000;

    private static final String STORED = "holdfast_ingest_records_total ";

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(CONNECTING).build();
    private final URI base;
    private final String token;

    /**
     * The API of one server.
     *
     * @param base such as {@code http://127.0.0.1:4321}
     * @param token the admin token
     */
    public AdminApi(URI base, String token) {
        this.base = base;
        this.token = token;
    }

    /**
     * How its agents stand.
     *
     * @param attached how many are attached
     * @param attachments how many times any of them registered or rejoined
     */
    public record Fleet(int attached, long attachments) {}

    /** How its agents stand now. */
    public Fleet fleet() throws IOException, InterruptedException {
        int attached = 0;
        long attachments = 0;
        for (JsonNode agent : json(ask("/api/agents"))) {
            attached += agent.path("attached").asBoolean(false) ? 1 : 0;
            attachments += agent.path("registrations").asLong(0)
                    + agent.path("rejoins").asLong(0);
        }
        return new Fleet(attached, attachments);
    }

    /** Everything that is stored, in the order of storing. */
    public List<Arrival> arrivals() throws IOException, InterruptedException {
        List<Arrival> arrivals = new ArrayList<>();
        readArrivals(arrivals::add);
        return arrivals;
    }

    /** The same one by one, where there are too many to hold. */
    public void readArrivals(Consumer<Arrival> reader) throws IOException, InterruptedException {
        readAll("/api/events", event -> reader.accept(arrival(event)));
    }

    /** How many records the server has stored since it was started. */
    public long stored() throws IOException, InterruptedException {
        String metrics = new String(ask("/metrics").body(), StandardCharsets.UTF_8);
        return metrics.lines()
                .filter(line -> line.startsWith(STORED))
                .map(line -> line.substring(STORED.length()))
                .mapToLong(value -> (long) Double.parseDouble(value))
                .findFirst()
                .orElse(0);
    }

    /** What agents told to be dead letters. */
    public List<Drop> deadLetters() throws IOException, InterruptedException {
        List<Drop> drops = new ArrayList<>();
        readAll("/api/drops", drop -> {
            if (text(drop, "why").equals("dead")) {
                drops.add(new Drop(text(drop, "lane"), number(drop, "first"), number(drop, "last")));
            }
        });
        return drops;
    }

    /** All pages: one may be short, or empty, without being the last. */
    private void readAll(String path, Consumer<JsonNode> reader) throws IOException, InterruptedException {
        long after = 0;
        boolean isEnd = false;
        while (!isEnd) {
            HttpResponse<byte[]> page = ask(path + "?limit=" + PAGE + "&after=" + after);
            json(page).forEach(reader);
            long next = Long.parseLong(header(page, "Holdfast-Next"));
            isEnd = Boolean.parseBoolean(header(page, "Holdfast-End"));
            if (!isEnd && next <= after) {
                throw new IOException(path + ": Holdfast-Next: " + next + " (expected: more than " + after + ")");
            }
            after = next;
        }
    }

    private static Arrival arrival(JsonNode event) {
        JsonNode data = event.path("data");
        byte[] payload;
        if (data.isMissingNode()) {
            payload = Base64.getDecoder().decode(event.path("data_base64").asString(""));
        } else {
            String text = data.isString() ? data.stringValue() : data.toString();
            payload = text.getBytes(StandardCharsets.UTF_8);
        }
        return new Arrival(
                text(event, "id"), text(event, "lane"), Long.parseLong(text(event, "sequence")), Payload.of(payload));
    }

    private HttpResponse<byte[]> ask(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(base.resolve(path))
                .timeout(ANSWERING)
                .header("Authorization", "Bearer " + token)
                .build();
        HttpResponse<byte[]> answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        if (answer.statusCode() != 200) {
            throw new IOException(path + ": status " + answer.statusCode() + " (expected: 200), "
                    + new String(answer.body(), StandardCharsets.UTF_8));
        }
        return answer;
    }

    private static JsonNode json(HttpResponse<byte[]> answer) throws IOException {
        try {
            return JsonMapper.shared().readTree(answer.body());
        } catch (JacksonException e) {
            throw new IOException(answer.uri().getPath() + ": not JSON", e);
        }
    }

    private static String header(HttpResponse<byte[]> answer, String name) throws IOException {
        return answer.headers()
                .firstValue(name)
                .orElseThrow(() -> new IOException(answer.uri().getPath() + ": no header " + name));
    }

    private static String text(JsonNode node, String name) {
        return node.path(name).asString("");
    }

    private static long number(JsonNode node, String name) {
        return node.path(name).asLong(0);
    }

    /** Lets go of its connections; answers under way are given up. */
    @Override
    public void close() {
        http.shutdownNow();
    }
}
