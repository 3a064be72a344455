// SPDX-License-Identifier: Apache-2.0
/**
 * One connection to the control plane that comes back by itself.
 *
 * <ul>
 *   <li>It never gives up, and never tries twice at once.
 *   <li>It backs off while attempts fail, and forgets that only after it has been attached for a while, so that a
 *       server that accepts and then drops is not hammered.
 *   <li>A server's own word on when to return is never undercut.
 *   <li>Every delay is explained in one line of the log.
 *   <li>{@link dev.holdfast.agent.link.LinkMachine} decides and knows neither socket nor thread;
 *       {@link dev.holdfast.agent.link.Link} carries out what it decides.
 * </ul>
 */
@NullMarked
package dev.holdfast.agent.link;

import org.jspecify.annotations.NullMarked;
