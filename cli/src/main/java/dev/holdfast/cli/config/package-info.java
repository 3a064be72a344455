// SPDX-License-Identifier: Apache-2.0
/**
 * Where a setting comes from.
 *
 * <ul>
 *   <li>What matches no key is a fault, never ignored, and the nearest key is named.
 *   <li>Flags come before variables, variables before the file, and a role's own setting before the one that all share.
 *   <li>Of each value in force it can be told where it was written.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli.config;

import org.jspecify.annotations.NullMarked;
