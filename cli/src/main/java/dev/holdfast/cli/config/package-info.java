// SPDX-License-Identifier: Apache-2.0
/**
 * Where a setting comes from, and what it may be.
 *
 * <ul>
 *   <li>Each key is described once: what is read, checked, printed and explained derives from that description.
 *   <li>A value that is used is valid, or nothing starts; every fault is named at once, with where it was written.
 *   <li>What matches no key is a fault, never ignored, and the nearest key is named.
 *   <li>Flags come before variables, variables before the file, and a role's own setting before the one that all share.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli.config;

import org.jspecify.annotations.NullMarked;
