// SPDX-License-Identifier: Apache-2.0
/**
 * What a work queue costs while everything fails.
 *
 * <ul>
 *   <li>The same keys in real time at the defaults, and, beside them, put back at once as a naive queue does.
 *   <li>Figures are the process's own: its CPU time, the lines that it logged, its heap after a collection.
 * </ul>
 */
@NullMarked
package dev.holdfast.lab.storm;

import org.jspecify.annotations.NullMarked;
