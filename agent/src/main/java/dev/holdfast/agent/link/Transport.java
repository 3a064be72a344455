// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.agent.route.Route;
import dev.holdfast.core.policy.Failure;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * What a link's connections are made of: WebSockets and HTTP, or something simulated.
 *
 * <p>No method waits, and all may be called from any thread.
 */
public interface Transport extends AutoCloseable {

    /**
     * Opens a connection.
     *
     * @param leg whom to, and which way
     * @param headers of the upgrade request, or of every request
     * @param events told what becomes of it, from any thread, one call at a time
     * @return a handle that is good at once, also to abort the dial with
     */
    Connection dial(Route.Leg leg, Map<String, String> headers, Events events);

    /** Drops what is open. */
    @Override
    void close();

    /** One connection. */
    interface Connection {

        /** Goes on with the dial after {@link Events#probed}. */
        void proceed();

        /** Sends a frame. One at a time: not to be called again before the stage is complete. */
        CompletionStage<?> transmit(ByteBuffer frame);

        /** Sends a ping, where there are pings; as {@link #transmit}. */
        CompletionStage<?> ping();

        /** Begins an orderly close; as {@link #transmit}. */
        CompletionStage<?> close();

        /** Drops the connection or the dial. Events may still follow. */
        void abort();
    }

    /** What becomes of a dial or a connection. */
    interface Events {

        /** The server was asked for its health, and answered; no more happens before {@link Connection#proceed}. */
        void probed(ProbeResult found);

        /** The connection stands. */
        void opened();

        /** The dial failed: the server, or what stands before it, answered the upgrade with something else. */
        void blocked(Failure failure);

        /** The dial failed, or the connection is gone. */
        void failed(Failure failure);

        /** A whole frame arrived; the buffer is the receiver's own. */
        void received(ByteBuffer frame);

        /** A pong arrived. */
        void pong();
    }
}
