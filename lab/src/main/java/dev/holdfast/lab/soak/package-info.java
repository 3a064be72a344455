// SPDX-License-Identifier: Apache-2.0
/**
 * What an agent takes up while it loses its server again and again.
 *
 * <ul>
 *   <li>The processes are the ones that are installed, started by the launcher.
 *   <li>What is measured is read from outside, from what the system says of them.
 *   <li>Nothing of it outlives the run.
 * </ul>
 */
@NullMarked
package dev.holdfast.lab.soak;

import org.jspecify.annotations.NullMarked;
