// SPDX-License-Identifier: Apache-2.0
/**
 * The port for agents.
 *
 * <ul>
 *   <li>Every message of an agent is answered, and only after what it led to was carried out.
 *   <li>A peer is refused before it is upgraded, never right after it; what it sends wrong is told, counted, and closes
 *       no more than its own connection.
 *   <li>No connection may hold more than one message of the limit, nor all of them more than a budget, nor any take its
 *       time over sending a request.
 *   <li>No event loop waits: not for the store, not for a peer that does not read. None reads what is large.
 * </ul>
 */
@NullMarked
package dev.holdfast.server.web;

import org.jspecify.annotations.NullMarked;
