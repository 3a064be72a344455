// SPDX-License-Identifier: Apache-2.0
/**
 * A directory that one process owns.
 *
 * <ul>
 *   <li>Two processes never hold the same directory: the second is told who the first is.
 *   <li>Whether a directory is held is told by the operating system, never by what is written in it.
 *   <li>A file is there whole or not at all, also after a power loss.
 *   <li>A damaged file is set aside under a name of its own; an older one that was is never overwritten.
 *   <li>What is secret is readable by its owner alone from the moment it exists.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.disk;

import org.jspecify.annotations.NullMarked;
