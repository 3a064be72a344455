// SPDX-License-Identifier: Apache-2.0
/**
 * HTTP from the client's side, made for a link, on Netty: upgraded to WebSockets (RFC 6455), or one request after the
 * other.
 *
 * <ul>
 *   <li>Nothing that a server sends is held without a bound: not an answer's headers, not the body of a refusal, which
 *       is never read, not a message, and not messages that come faster than the link takes them.
 *   <li>Every address of a name is tried in turn, and one that failed comes last the next time.
 *   <li>One dial asks one server for one upgrade, never a second time by itself. Its health is asked for on the
 *       connection that is then upgraded.
 *   <li>A proxy is one hop more and nothing else: the same certificates, the same limits.
 *   <li>The certificate of a {@code wss} server must be good for the name that was dialled, whatever its address.
 *   <li>One thread of its own serves all connections of a link, so that no other work can hold it up.
 * </ul>
 */
@NullMarked
package dev.holdfast.agent.http;

import org.jspecify.annotations.NullMarked;
