// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent;

import dev.holdfast.agent.http.Proxies;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.metrics.MetricsConfig;
import dev.holdfast.agent.outbox.OutboxConfig;
import dev.holdfast.agent.subsystem.Surroundings;
import dev.holdfast.core.time.Durations;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All that an agent is told before it starts.
 *
 * @param data the data directory
 * @param labels what the operator wants to find the agent by, name to value
 * @param statusInterval how often a status record is made
 * @param outbox how it keeps and delivers what it records
 * @param link how it connects
 * @param proxies through which proxy
 * @param surroundings what it may look at to describe where it runs
 * @param metrics where it tells how it is doing; null for nowhere
 */
public record AgentConfig(
        Path data,
        Map<String, String> labels,
        Duration statusInterval,
        OutboxConfig outbox,
        LinkConfig link,
        Proxies proxies,
        Surroundings surroundings,
        @Nullable MetricsConfig metrics) {

    /** The default of {@link #statusInterval}: 60 s. */
    public static final Duration STATUS_INTERVAL = Duration.ofSeconds(60);

    /**
     * Copies the labels, sorted.
     *
     * @throws IllegalArgumentException if a component is out of its range; the message names it
     */
    public AgentConfig {
        labels = Collections.unmodifiableMap(new TreeMap<>(labels));
        Durations.requirePositive("statusInterval", statusInterval);
    }

    /** The defaults: without labels, variables of the environment or metrics. */
    public static AgentConfig of(Path data, LinkConfig link) {
        return new AgentConfig(
                data, Map.of(), STATUS_INTERVAL, OutboxConfig.DEFAULT, link, Proxies.none(), Surroundings.FILES, null);
    }

    /** The same with something else to describe where it runs by. */
    public AgentConfig withSurroundings(Surroundings surroundings) {
        return new AgentConfig(data, labels, statusInterval, outbox, link, proxies, surroundings, metrics);
    }

    /** The same with a place where it tells how it is doing. */
    public AgentConfig withMetrics(MetricsConfig metrics) {
        return new AgentConfig(data, labels, statusInterval, outbox, link, proxies, surroundings, metrics);
    }
}
