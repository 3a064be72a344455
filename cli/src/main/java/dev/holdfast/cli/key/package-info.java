// SPDX-License-Identifier: Apache-2.0
/**
 * What can be set.
 *
 * <ul>
 *   <li>Each key is described once: what is read, checked, printed and explained derives from that description.
 *   <li>A value that is used is valid, or nothing starts; every fault is named at once, with where it was written.
 *   <li>The names that other systems have for a key are taken in a file, and said to be that key.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli.key;

import org.jspecify.annotations.NullMarked;
