// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import dev.holdfast.core.policy.Cause;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a server sends. A field that is null was left out.
 *
 * @param uid whom it is for
 * @param error what was wrong; excludes all else
 * @param reportFullState whether the agent is to send all it has
 * @param capabilities see {@link Capabilities}; 0 where it was left out
 * @param newUid the uid that the agent is to use from now on
 * @param heartbeatInterval how often the agent is to send heartbeats; the wire carries whole seconds, at least one
 * @param customCapabilities the custom capabilities the server announces
 * @param custom a custom message
 */
public record ServerMessage(
        @Nullable InstanceUid uid,
        @Nullable Failure error,
        boolean reportFullState,
        long capabilities,
        @Nullable InstanceUid newUid,
        @Nullable Duration heartbeatInterval,
        @Nullable List<String> customCapabilities,
        @Nullable CustomMessage custom) {

    /** @throws IllegalArgumentException if the heartbeat interval is not more than zero */
    public ServerMessage {
        if (heartbeatInterval != null && !heartbeatInterval.isPositive()) {
            throw new IllegalArgumentException("heartbeatInterval: " + heartbeatInterval
                    + " (expected: a duration > 0s, or null to leave it out)");
        }
    }

    /** The plain answer to a message that asks for nothing. */
    public static ServerMessage answer(InstanceUid uid) {
        return new ServerMessage(uid, null, false, 0, null, null, null, null);
    }

    /** A refusal. */
    public static ServerMessage refusal(@Nullable InstanceUid uid, Failure failure) {
        return new ServerMessage(uid, failure, false, 0, null, null, null, null);
    }

    /** The same with a custom message. */
    public ServerMessage withCustom(CustomMessage custom) {
        return new ServerMessage(
                uid, error, reportFullState, capabilities, newUid, heartbeatInterval, customCapabilities, custom);
    }

    /**
     * What was wrong with a message, or with the server.
     *
     * @param kind which of the specification's three kinds
     * @param message what a person should know
     * @param retryAfter how long to stay away, for {@link Kind#UNAVAILABLE}
     */
    public record Failure(
            Kind kind, String message, @Nullable Duration retryAfter) {

        /**
         * What the message of a server begins with that takes its leave in good order: alone, or before a colon. To
         * whoever does not know the word it is {@link Kind#UNAVAILABLE} like any other.
         */
        public static final String DRAIN = "draining";

        /** @throws IllegalArgumentException if the delay is negative */
        public Failure {
            if (retryAfter != null && retryAfter.isNegative()) {
                throw new IllegalArgumentException(
                        "retryAfter: " + retryAfter + " (expected: a duration >= 0s, or null to leave it out)");
            }
        }

        /** What it stands for: a leave, overload, a failing server or a rejection. */
        public dev.holdfast.core.policy.Failure asFailure() {
            Cause cause = switch (kind) {
                case UNAVAILABLE -> isDrain() ? Cause.DRAIN : Cause.OVERLOAD;
                case UNKNOWN -> Cause.SERVER;
                case BAD_REQUEST -> Cause.REJECTED;
            };
            Duration asked = kind == Kind.BAD_REQUEST ? null : retryAfter;
            return new dev.holdfast.core.policy.Failure(cause, asked, kind + ": " + message);
        }

        /**
         * That the server takes its leave, and when the agent is to come back.
         *
         * @param retryAfter at least zero; each agent is to be told another
         */
        public static Failure drain(Duration retryAfter) {
            return new Failure(Kind.UNAVAILABLE, DRAIN + ": the server stops", retryAfter);
        }

        /** Whether the server takes its leave in good order, rather than having too much to do. */
        public boolean isDrain() {
            return kind == Kind.UNAVAILABLE && (message.equals(DRAIN) || message.startsWith(DRAIN + ":"));
        }

        /** The specification's kinds. */
        public enum Kind {
            /** Nothing more is known. */
            UNKNOWN,
            /** The message was wrong; sending it again will not help. */
            BAD_REQUEST,
            /** The server cannot deal with it now. */
            UNAVAILABLE
        }
    }
}
