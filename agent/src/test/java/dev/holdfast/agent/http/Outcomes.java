// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.agent.link.Transport;
import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.core.policy.Failure;
import java.nio.ByteBuffer;
import java.util.Queue;

/** Writes down in a word what becomes of a dial, and in full why it failed. */
record Outcomes(Queue<String> heard) implements Transport.Events {

    @Override
    public void probed(ProbeResult found) {
        heard.add(found.name());
    }

    @Override
    public void blocked(Failure why) {
        failed(why);
    }

    @Override
    public void opened() {
        heard.add("opened");
    }

    @Override
    public void failed(Failure why) {
        heard.add(why.cause() + " " + why.detail());
    }

    @Override
    public void received(ByteBuffer frame) {
        heard.add("received");
    }

    @Override
    public void pong() {
        heard.add("pong");
    }
}
