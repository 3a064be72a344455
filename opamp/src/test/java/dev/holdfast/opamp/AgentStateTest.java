// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AgentStateTest {

    private static final AgentDescription DESCRIPTION = new AgentDescription(
            ordered("service.name", Value.of("holdfast"), "service.version", Value.of("0.1.0")),
            ordered(
                    "host.name",
                    Value.of("h"),
                    "labels",
                    new Value.Table(ordered("a", Value.of(1), "b", Value.of(2)))));
    private static final AgentState STATE =
            new AgentState(Samples.UID, DESCRIPTION, Health.good(), Capabilities.OF_AGENT, List.of("x", "y"));

    @Test
    void theHashOfAGivenStateNeverChanges() {
        assertThat(STATE.hash()).isEqualTo("ef4ffdf47cfc7bb20732d715b8c8c181");
    }

    @Test
    void theHashChangesWithEachPartItCovers() {
        assertThat(List.of(
                        STATE.hash(),
                        STATE.withUid(Samples.OTHER_UID).hash(),
                        described(DESCRIPTION.with("host.name", Value.of("i"))).hash(),
                        described(DESCRIPTION.with("more", Value.of(1))).hash(),
                        described(new AgentDescription(DESCRIPTION.nonIdentifying(), DESCRIPTION.identifying()))
                                .hash(),
                        described(new AgentDescription(
                                        Map.of("service.name", Value.of("other")), DESCRIPTION.nonIdentifying()))
                                .hash(),
                        new AgentState(Samples.UID, DESCRIPTION, Health.good(), 1, List.of("x", "y")).hash(),
                        new AgentState(Samples.UID, DESCRIPTION, Health.good(), Capabilities.OF_AGENT, List.of("x"))
                                .hash()))
                .doesNotHaveDuplicates();
    }

    @Test
    void theHashDoesNotChangeWithHealth() {
        Health ill = new Health(false, Instant.EPOCH.plusSeconds(1), "boom", "", null, Map.of(), Map.of());
        assertThat(STATE.withHealth(ill).hash()).isEqualTo(STATE.hash());
    }

    @Test
    void theHashDoesNotChangeWithTheOrderOfWhatHasAName() {
        AgentDescription turned = new AgentDescription(
                ordered("service.version", Value.of("0.1.0"), "service.name", Value.of("holdfast")),
                ordered(
                        "labels",
                        new Value.Table(ordered("b", Value.of(2), "a", Value.of(1))),
                        "host.name",
                        Value.of("h")));
        AgentState state = new AgentState(Samples.UID, turned, Health.good(), Capabilities.OF_AGENT, List.of("y", "x"));
        assertThat(state.hash()).isEqualTo(STATE.hash());
    }

    @Test
    void theOrderOfAnArrayCounts() {
        Value ab = new Value.Array(List.of(Value.of("a"), Value.of("b")));
        Value ba = new Value.Array(List.of(Value.of("b"), Value.of("a")));
        assertThat(described(DESCRIPTION.with("list", ab)).hash())
                .isNotEqualTo(described(DESCRIPTION.with("list", ba)).hash());
    }

    @Test
    void theDescriptionThatIsSentCarriesTheHashAndAllElse() {
        AgentDescription sent = STATE.describedWithHash();
        assertThat(sent.text(AgentState.HASH_ATTRIBUTE)).contains(STATE.hash());
        assertThat(sent).isEqualTo(DESCRIPTION.with(AgentState.HASH_ATTRIBUTE, Value.of(STATE.hash())));
        assertThat(DESCRIPTION.text(AgentState.HASH_ATTRIBUTE)).isEmpty();
    }

    private static AgentState described(AgentDescription description) {
        return new AgentState(
                STATE.uid(), description, STATE.health(), STATE.capabilities(), STATE.customCapabilities());
    }

    private static Map<String, Value> ordered(String key1, Value value1, String key2, Value value2) {
        Map<String, Value> map = new LinkedHashMap<>();
        map.put(key1, value1);
        map.put(key2, value2);
        return map;
    }
}
