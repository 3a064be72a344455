// SPDX-License-Identifier: Apache-2.0
/**
 * Who may come, and when: the door of the agent port.
 *
 * <ul>
 *   <li>Newcomers are admitted at no more than a fixed rate; whoever is refused is told a time of its own, and is
 *       admitted if it comes then.
 *   <li>Who is attached is never asked, nor is a probe.
 *   <li>A server that stops tells every agent when to come back, spread over the same rate, and waits for none for
 *       long.
 *   <li>What decides is stepped with the time and draws from chance that was passed in; what is kept is bounded.
 * </ul>
 */
@NullMarked
package dev.holdfast.server.admission;

import org.jspecify.annotations.NullMarked;
