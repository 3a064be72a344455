// SPDX-License-Identifier: Apache-2.0
/**
 * The style of the house, as tests.
 *
 * <ul>
 *   <li>Every module is checked as soon as it is there: its compiled classes and the text of all its files.
 *   <li>A finding names the file and the line, what is wrong there, and what was expected.
 *   <li>A rule stands beside small sources that break it, and a test shows that it finds the lines marked in them and
 *       no other: no rule is kept because it cannot fail.
 *   <li>An exception from a rule is written down with its reason.
 * </ul>
 */
@NullMarked
package dev.holdfast.style;

import org.jspecify.annotations.NullMarked;
