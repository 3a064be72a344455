// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.link.LinkPhase;
import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.breaker.CircuitBreaker;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.VirtualTime;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class LinkMetersTest {

    private static final URI SERVER = URI.create("ws://127.0.0.1:1");
    private static final Failure REFUSED = Failure.of(Cause.NETWORK, "Connection refused");

    private final VirtualTime time = new VirtualTime();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final AtomicReference<LinkPhase> phase = new AtomicReference<>(LinkPhase.DIALING);
    private final LinkMeters meters = new LinkMeters(registry, phase::get, time, MetricsConfig.ALLOWED_GAP);

    @Test
    void oneStateIsOneAndTheOthersAreNone() {
        assertScraped("holdfast_agent_link_state{state=\"dialing\"} 1.0");
        assertScraped("holdfast_agent_link_state{state=\"attached\"} 0.0");

        phase.set(LinkPhase.ATTACHED);

        assertScraped("holdfast_agent_link_state{state=\"dialing\"} 0.0");
        assertScraped("holdfast_agent_link_state{state=\"attached\"} 1.0");
    }

    @Test
    void everyCauseAndSourceIsThereBeforeItComesUp() {
        for (Cause cause : Cause.values()) {
            String label = "{cause=\"" + cause.name().toLowerCase(Locale.ROOT) + "\"} 0.0";
            assertScraped("holdfast_agent_attempts_failed_total" + label);
            assertScraped("holdfast_agent_link_lost_total" + label);
        }
        assertScraped("holdfast_agent_link_delay_seconds_count{source=\"server\"} 0");
        assertScraped("holdfast_agent_rejoin_share NaN");
    }

    @Test
    void anOutageIsCountedByItsCausesAndHowLongItTook() {
        arrive(false);
        pass(Duration.ofSeconds(70));
        meters.lost(REFUSED);
        meters.waits(new Delay(
                REFUSED,
                1,
                Delay.Source.BACKOFF,
                Duration.ofMillis(500),
                CircuitBreaker.State.CLOSED,
                Way.WEBSOCKET,
                SERVER));
        pass(Duration.ofSeconds(20));
        Failure busy = Failure.of(Cause.OVERLOAD, "503");
        meters.waits(new Delay(
                busy,
                2,
                Delay.Source.SERVER,
                Duration.ofSeconds(10),
                CircuitBreaker.State.CLOSED,
                Way.WEBSOCKET,
                SERVER));
        assertScraped("holdfast_agent_link_down_current_seconds 20.0");
        pass(Duration.ofSeconds(20));
        arrive(true);

        assertScraped("holdfast_agent_attempts_failed_total{cause=\"network\"} 1.0");
        assertScraped("holdfast_agent_attempts_failed_total{cause=\"overload\"} 1.0");
        assertScraped("holdfast_agent_link_lost_total{cause=\"network\"} 1.0");
        assertScraped("holdfast_agent_link_delay_seconds_sum{source=\"backoff\"} 0.5");
        assertScraped("holdfast_agent_link_delay_seconds_sum{source=\"server\"} 10.0");
        assertScraped("holdfast_agent_link_down_seconds_count 2");
        assertScraped("holdfast_agent_link_down_seconds_sum 40.0");
        assertScraped("holdfast_agent_link_down_seconds_bucket{le=\"30.0\"} 1");
        assertScraped("holdfast_agent_link_down_seconds_bucket{le=\"60.0\"} 2");
        assertScraped("holdfast_agent_link_down_current_seconds 0.0");
        assertScraped("holdfast_agent_running_seconds 110.0");
        assertScraped("holdfast_agent_uptime_share " + (1 - 10.0 / 110));
    }

    @Test
    void theFirstRegistrationIsNoFailedRejoin() {
        arrive(false);
        assertScraped("holdfast_agent_rejoin_share NaN");

        arrive(true);
        arrive(true);
        arrive(true);
        assertScraped("holdfast_agent_rejoin_share 1.0");

        arrive(false);
        assertScraped("holdfast_agent_rejoin_share 0.75");
        assertScraped("holdfast_agent_arrivals_total{kind=\"rejoined\"} 3.0");
        assertScraped("holdfast_agent_arrivals_total{kind=\"registered\"} 2.0");
    }

    private void arrive(boolean known) {
        meters.attached(SERVER);
        if (known) {
            meters.rejoined();
        } else {
            meters.registered();
        }
    }

    private void pass(Duration by) {
        time.advance(by);
    }

    private void assertScraped(String line) {
        assertThat(registry.scrape().lines()).contains(line);
    }
}
