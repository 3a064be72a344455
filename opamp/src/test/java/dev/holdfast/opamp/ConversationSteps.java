// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import dev.holdfast.opamp.ServerMessage.Failure;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said in a conversation, for the tests of both its ends. */
final class ConversationSteps {

    static final AgentDescription DESCRIPTION =
            new AgentDescription(Map.of("service.name", Value.of("holdfast")), Map.of("host.name", Value.of("h")));
    static final AgentState SELF = new AgentState(
            Samples.UID, DESCRIPTION, Health.good(), Capabilities.OF_AGENT, List.of(Capabilities.OUTBOX));

    private ConversationSteps() {}

    static long seconds(long seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    static Health ill(String why) {
        return new Health(false, null, why, "", null, Map.of(), Map.of());
    }

    static ServerMessage answer() {
        return ServerMessage.answer(Samples.UID);
    }

    static ServerMessage asking() {
        return new ServerMessage(Samples.UID, null, true, 0, null, null, null, null);
    }

    static ServerMessage renaming(InstanceUid newUid) {
        return new ServerMessage(Samples.UID, null, false, 0, newUid, null, null, null);
    }

    static ServerMessage taking(String... customCapabilities) {
        return new ServerMessage(Samples.UID, null, false, 0, null, null, List.of(customCapabilities), null);
    }

    static ServerMessage beatingEvery(Duration heartbeat) {
        return new ServerMessage(Samples.UID, null, false, 0, null, heartbeat, null, null);
    }

    static ServerMessage refusing(Failure.Kind kind, String message, @Nullable Duration retryAfter) {
        return ServerMessage.refusal(Samples.UID, new Failure(kind, message, retryAfter));
    }
}
