// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.route.Route;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.opamp.AgentSession.Arrival;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.InstanceUid;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * What a {@link LinkMachine} wants done, in the order given. Connections are numbered: what is later reported of one
 * that the machine has let go of is ignored.
 */
public sealed interface Action {

    /** Open a connection, or only ask for the server's health and then wait. */
    record Dial(long connection, Route.Leg leg, Map<String, String> headers) implements Action {}

    /** Go on with a dial whose server was asked for its health. */
    record Proceed(long connection) implements Action {}

    /** Ask another server for its health, on a connection that is dropped afterwards. */
    record Look(long connection, URI server) implements Action {}

    /** Send a frame. */
    record Transmit(long connection, ByteBuffer frame) implements Action {}

    /** Send a ping. */
    record Ping(long connection) implements Action {}

    /** Close a connection in an orderly way once all before it is sent. */
    record Close(long connection) implements Action {}

    /** Drop a connection, or a dial, at once. */
    record Abort(long connection) implements Action {}

    /** Tell: the server has taken the agent. */
    record Attached(Arrival arrival, Recovery recovery) implements Action {}

    /** Tell: an attached link is gone. */
    record Lost(Failure failure) implements Action {}

    /** Tell: the link waits, and why. */
    record Waits(Delay delay) implements Action {}

    /** Tell: the server refused one message of an attached agent. */
    record Refused(Failure failure) implements Action {}

    /** Tell: the server gave the agent another name, which is to be kept. */
    record Renamed(InstanceUid uid) implements Action {}

    /** Tell: the server sent a custom message. */
    record Received(CustomMessage message) implements Action {}
}
