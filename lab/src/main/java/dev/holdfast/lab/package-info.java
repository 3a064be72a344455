// SPDX-License-Identifier: Apache-2.0
/**
 * The lab's own command: what produces evidence, and is not installed on hosts.
 *
 * <ul>
 *   <li>Everything it runs is the code that ships.
 *   <li>A figure stands beside a peer's or a physical limit's from the same run.
 *   <li>{@code --format json} gives one JSON array on standard output and nothing else.
 * </ul>
 */
@NullMarked
package dev.holdfast.lab;

import org.jspecify.annotations.NullMarked;
