// SPDX-License-Identifier: Apache-2.0
/**
 * The agent's real work.
 *
 * <ul>
 *   <li>What a subsystem finds out leaves it through {@link dev.holdfast.agent.subsystem.Records}; how it reaches the
 *       server is not its business.
 *   <li>Subsystems run on virtual threads and never on the link's own.
 * </ul>
 */
@NullMarked
package dev.holdfast.agent.subsystem;

import org.jspecify.annotations.NullMarked;
