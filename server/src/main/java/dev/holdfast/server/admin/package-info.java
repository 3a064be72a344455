// SPDX-License-Identifier: Apache-2.0
/**
 * The port for operators.
 *
 * <ul>
 *   <li>Everything needs the token but the metrics and the probes, which tell nothing of any agent.
 *   <li>What it shows is what the rooms below hold; it keeps nothing itself.
 * </ul>
 */
@NullMarked
package dev.holdfast.server.admin;

import org.jspecify.annotations.NullMarked;
