// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

/**
 * Why an agent is not attached any more.
 *
 * @param why in one word, by which losses are counted
 * @param detail for people
 */
public record Loss(Why why, String detail) {

    /** What fits into the close of a WebSocket, in characters. */
    private static final int SHORT = 100;

    /** What there is. */
    public enum Why {
        /** It took its leave. */
        LEFT,
        /** It closed its WebSocket. */
        CLOSED,
        /** Its connection broke, or ended without a word. */
        BROKEN,
        /** It was silent for too long. */
        SILENT,
        /** It sent what is not taken. */
        REFUSED,
        /** It goes by another uid now. */
        RENAMED,
        /** A newer link took its place. */
        DISPLACED,
        /** The server failed at one of its messages. */
        FAILED,
        /** The server stops. */
        STOPPED
    }

    /** The detail, short enough for the close of a WebSocket. */
    public String inShort() {
        return detail.length() <= SHORT ? detail : detail.substring(0, SHORT);
    }

    /** That the server stops. */
    public static Loss stopped() {
        return new Loss(Why.STOPPED, "the server stops");
    }
}
