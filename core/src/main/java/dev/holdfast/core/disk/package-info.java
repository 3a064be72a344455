// SPDX-License-Identifier: Apache-2.0
/**
 * A directory that one process owns.
 *
 * <ul>
 *   <li>Two processes never hold the same directory: the second is told who the first is.
 *   <li>A file is there whole or not at all, also after a power loss.
 *   <li>What is secret is readable by its owner alone from the moment it exists.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.disk;

import org.jspecify.annotations.NullMarked;
