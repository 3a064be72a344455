// SPDX-License-Identifier: Apache-2.0

/**
 * Who a link dials next, which way, and when.
 *
 * <ul>
 *   <li>No failure ends the attempts, and none makes them faster than the ladder says.
 *   <li>What a server asks for is kept: neither a dial nor a probe undercuts it.
 *   <li>A server that fails those who come is left alone by them, each for itself, and found again by probes.
 *   <li>Where WebSockets are blocked there is another way.
 *   <li>Nothing here waits or reads a clock: the time is passed in.
 * </ul>
 */
@NullMarked
package dev.holdfast.agent.route;

import org.jspecify.annotations.NullMarked;
