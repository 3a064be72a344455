// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.metrics;

import static java.net.http.HttpResponse.BodyHandlers.ofString;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.link.LinkPhase;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.SystemTime;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsPortIT {

    private static final MetricsConfig CONFIG =
            new MetricsConfig(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), MetricsConfig.ALLOWED_GAP);

    private final AtomicReference<LinkPhase> phase = new AtomicReference<>(LinkPhase.DIALING);
    private final AtomicReference<Optional<Outbox>> outbox = new AtomicReference<>(Optional.empty());
    private final SystemTime time = SystemTime.start("metrics-test");
    private final HttpClient client = HttpClient.newHttpClient();
    private MetricsPort port;

    @TempDir
    Path directory;

    @BeforeEach
    void open() throws Exception {
        port = MetricsPort.open(CONFIG, phase::get, outbox::get, time);
    }

    @AfterEach
    void close() {
        port.close();
        client.close();
        time.close();
    }

    @Test
    void itIsAliveWhateverTheLinkDoesAndReadyOnceAttached() throws Exception {
        assertThat(get("/health").statusCode()).isEqualTo(200);
        assertThat(get("/ready").statusCode()).isEqualTo(503);
        assertThat(get("/ready").body()).isEqualTo("dialing\n");

        phase.set(LinkPhase.ATTACHED);

        assertThat(get("/ready").statusCode()).isEqualTo(200);
        assertThat(get("/ready").body()).isEqualTo("attached\n");
    }

    @Test
    void whatTheOutboxHoldsIsToldWhileItIsOpen() throws Exception {
        assertThat(metrics()).contains("holdfast_agent_outbox_open 0.0", "holdfast_agent_outbox_waiting 0.0");

        try (Outbox opened =
                Outbox.open(SystemDisk.of(directory), OutboxPolicy.DEFAULT, time, new SplittableRandom(1))) {
            opened.append(List.of(record("a"), record("b")));
            outbox.set(Optional.of(opened));

            assertThat(metrics())
                    .contains(
                            "holdfast_agent_outbox_open 1.0",
                            "holdfast_agent_outbox_waiting 2.0",
                            "holdfast_agent_outbox_appended_total 2.0",
                            "holdfast_agent_outbox_settled_total 0.0",
                            "holdfast_agent_outbox_dead 0.0");
            outbox.set(Optional.empty());
        }
    }

    @Test
    void whatIsAskedInAnotherWayIsToldHow() throws Exception {
        assertThat(get("/other").statusCode()).isEqualTo(404);
        HttpResponse<String> posted = client.send(
                HttpRequest.newBuilder(uri("/metrics"))
                        .POST(BodyPublishers.ofString("x"))
                        .build(),
                ofString());
        assertThat(posted.statusCode()).isEqualTo(405);
        assertThat(posted.headers().firstValue("Allow")).contains("GET, HEAD");
        HttpResponse<String> head =
                client.send(HttpRequest.newBuilder(uri("/ready")).HEAD().build(), ofString());
        assertThat(head.statusCode()).isEqualTo(503);
        assertThat(head.body()).isEmpty();
    }

    @Test
    void aPageOfAnotherSiteThatABrowserShowsCannotReadIt() throws Exception {
        try (Socket socket =
                new Socket(port.address().getAddress(), port.address().getPort())) {
            socket.getOutputStream()
                    .write("GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            BufferedReader answer =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            assertThat(answer.readLine()).startsWith("HTTP/1.1 403 ");
        }
    }

    private static NewRecord record(String lane) {
        return NewRecord.of(lane, "text/plain", "x".getBytes(StandardCharsets.UTF_8));
    }

    private List<String> metrics() throws Exception {
        return get("/metrics").body().lines().toList();
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(HttpRequest.newBuilder(uri(path)).build(), ofString());
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port.address().getPort() + path);
    }
}
