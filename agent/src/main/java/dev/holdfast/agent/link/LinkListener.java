// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.Delay;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.InstanceUid;
import java.net.URI;

/**
 * Hears what happens to a link. Every method does nothing unless it is overridden.
 *
 * <p>Called on the link's own thread: whatever takes longer than a moment belongs on another.
 */
public interface LinkListener {

    /**
     * The server has taken the agent, in either way; called before {@link #rejoined} or {@link #registered}. It comes
     * again without {@link #lost} in between once a server has given the agent another name.
     */
    default void attached(URI server) {}

    /** How the link came to be attached, and what it took; called before {@link #attached}. */
    default void recovered(Recovery recovery) {}

    /** The server still knew the agent. */
    default void rejoined() {}

    /** The server took the agent's full state. */
    default void registered() {}

    /** An attached link is gone. It comes back by itself. */
    default void lost(Failure failure) {}

    /** The link waits before it dials again. */
    default void waits(Delay delay) {}

    /** The server gave the agent another name, which is to be kept. */
    default void renamed(InstanceUid uid) {}

    /** The server sent a custom message. */
    default void received(CustomMessage message) {}
}
