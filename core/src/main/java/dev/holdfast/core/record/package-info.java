// SPDX-License-Identifier: Apache-2.0
/**
 * What records are, whoever keeps, sends or stores them.
 *
 * <ul>
 *   <li>A record has a lane and a sequence in it, from 1, rising by 1.
 *   <li>What will never come is named as a gap, with why; nobody has to guess.
 *   <li>One hash runs through all records of a lane, so that two histories are compared by a single number.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.record;

import org.jspecify.annotations.NullMarked;
