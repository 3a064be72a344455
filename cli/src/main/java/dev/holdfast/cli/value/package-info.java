// SPDX-License-Identifier: Apache-2.0
/**
 * What people write where a value is wanted, and what they mean by it.
 *
 * <ul>
 *   <li>A value is read the same way wherever it was written: in a flag, a variable, a file or a default.
 *   <li>What is not understood is refused with what was expected; nothing is guessed, rounded or cut off.
 *   <li>What is printed can be read again and means the same.
 *   <li>Everything here is immutable.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli.value;

import org.jspecify.annotations.NullMarked;
