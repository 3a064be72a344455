// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.CircuitBreaker;
import dev.holdfast.core.breaker.Trip;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.FailedException;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.core.work.Added;
import dev.holdfast.core.work.Outcome;
import dev.holdfast.core.work.Terminal;
import dev.holdfast.core.work.Terms;
import dev.holdfast.core.work.WorkPolicy;
import dev.holdfast.core.work.WorkQueue;
import dev.holdfast.core.work.Workers;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of {@code docs/policies.md}, as they stand there, against a server that is busy at first. */
class PolicyExamplesTest {

    private static final Logger log = LoggerFactory.getLogger(PolicyExamplesTest.class);

    private final VirtualTime time = new VirtualTime();
    private final RandomGenerator chance = new SplittableRandom(1);
    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger tries = new AtomicInteger();
    private final Map<String, Integer> triesOfDisk = new ConcurrentHashMap<>();
    private final Semaphore mounted = new Semaphore(0);
    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] order = "an order".getBytes(StandardCharsets.UTF_8);
            boolean busy = asked.incrementAndGet() <= 2;
            if (busy) {
                exchange.getResponseHeaders().add("Retry-After", "20");
            }
            exchange.sendResponseHeaders(busy ? 503 : 200, order.length);
            try (OutputStream body = exchange.getResponseBody()) {
                body.write(order);
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        http.close();
    }

    @Test
    void theExamplesDoWhatThePageSays() throws Exception {
        RetryPolicy policy = RetryPolicy.of(Backoff.exponential(Duration.ofMillis(200), 2, Duration.ofSeconds(10))
                        .withJitter(Jitter.full()))
                .withLadder(
                        Cause.OVERLOAD, Backoff.constant(Duration.ofSeconds(5)).withJitter(Jitter.equal()))
                .withMaxAttempts(6)
                .withMaxElapsed(Duration.ofMinutes(1));
        Retry retry = new Retry(policy, time, chance)
                .withBudget(RetryBudget.standard(time::nanoTime))
                .withListener(new RetryLog(log, "orders", time::nanoTime));

        String order = retry.call(() -> fetch(17));
        CompletableFuture<String> later = retry.callAsync(() -> fetchAsync(17));
        assertThat(order).isEqualTo("an order");
        assertThat(later).isCompletedWithValue("an order");
        assertThat(asked).hasValue(4);
        assertThat(time.elapsed()).isBetween(Duration.ofSeconds(40), Duration.ofSeconds(60));

        BreakerPolicy cautious = BreakerPolicy.of(Trip.shareOfCalls(0.5, 100, 20), Duration.ofSeconds(30))
                .withSlowCall(Duration.ofSeconds(2))
                .withTrials(5, 3, Duration.ofSeconds(60))
                .withRamp(Duration.ofSeconds(20));
        CircuitBreaker breaker = new CircuitBreaker(cautious, time::nanoTime, chance);

        String behind = retry.call(() -> breaker.call(() -> fetch(17)));
        assertThat(behind).isEqualTo("an order");
    }

    @Test
    @Timeout(20)
    void theQueueDoesWhatThePageSays() throws InterruptedException {
        try (SystemTime time = SystemTime.start("examples")) {
            WorkPolicy policy = WorkPolicy.DEFAULT
                    .withBackoff(Backoff.exponential(Duration.ofMillis(10), 2, Duration.ofSeconds(60))
                            .withJitter(Jitter.equal()))
                    .withMaxRetries(20);
            WorkQueue<String> queue = new WorkQueue<>("mounts", policy, time, chance);
            Workers<String> workers = Workers.start("mounts", queue, 8, Classifier.standard(), (disk, attempt) -> {
                if (!isKnown(disk)) {
                    return Outcome.permanent("no such disk");
                }
                return mount(disk) ? Outcome.done() : Outcome.retry("not there yet");
            });

            queue.add("disk-3");
            Added added = queue.add("disk-4", Terms.after(Duration.ofMillis(20)).withDeadline(Duration.ofMinutes(5)));
            if (!added.isTaken()) {
                log.error("disk-4 will not be mounted: {}", added); // FULL, TERMINAL or CLOSED
            }
            queue.add("floppy");
            mounted.acquire(2);

            List<String> left = workers.drain(Duration.ofSeconds(10));
            List<Terminal<String>> givenUp = queue.terminals();
            assertThat(left).isEmpty();
            assertThat(givenUp).extracting(Terminal::key).containsExactly("floppy");
            assertThat(tries).hasValue(6);
        }
    }

    /** The third time. */
    private boolean mount(String disk) {
        tries.incrementAndGet();
        boolean there = triesOfDisk.merge(disk, 1, Integer::sum) == 3;
        if (there) {
            mounted.release();
        }
        return there;
    }

    private static boolean isKnown(String disk) {
        return disk.startsWith("disk-");
    }

    @Test
    void thePagesExamplesAreThese() throws IOException {
        Path root = Path.of(System.getProperty("holdfast.root"));
        String here = squeezed(
                Files.readString(root.resolve("core/src/test/java/dev/holdfast/core/retry/PolicyExamplesTest.java")));
        List<String> examples = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(root.resolve("docs/policies.md")))
                .results()
                .map(found -> squeezed(found.group(1)))
                .toList();
        assertThat(examples).hasSize(5).allSatisfy(example -> assertThat(here).contains(example));
    }

    String fetch(int number) throws IOException, InterruptedException, FailedException {
        HttpResponse<String> answer = http.send(request(number), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new FailedException(
                    Failure.ofHttp(answer.statusCode(), answer.headers()::firstValue, time.instant()));
        }
        return answer.body();
    }

    private CompletableFuture<String> fetchAsync(int number) {
        try {
            return CompletableFuture.completedFuture(fetch(number));
        } catch (IOException | InterruptedException | FailedException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private HttpRequest request(int number) {
        return HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/orders/" + number))
                .build();
    }

    /** Without white space, in which the formatter and the page may differ. */
    private static String squeezed(String code) {
        return code.replaceAll("\\s", "");
    }
}
