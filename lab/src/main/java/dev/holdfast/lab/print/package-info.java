// SPDX-License-Identifier: Apache-2.0
/**
 * How the lab's commands print what they found.
 *
 * <ul>
 *   <li>{@code --format json} means one array on standard output and nothing else there.
 *   <li>Fields keep their names; more may come.
 *   <li>Text is for people, and no program is to read it.
 * </ul>
 */
@NullMarked
package dev.holdfast.lab.print;

import org.jspecify.annotations.NullMarked;
