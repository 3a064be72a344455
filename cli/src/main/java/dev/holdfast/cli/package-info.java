// SPDX-License-Identifier: Apache-2.0
/**
 * The {@code holdfast} command: parsing and printing only.
 *
 * <ul>
 *   <li>What a program reads is on standard output and is all there is on it; what went wrong is on standard error.
 *   <li>An exit code says what kind of failure it was, and each expected one is a line without a stack trace.
 *   <li>A wrong flag or setting changes nothing: it is told before anything is opened.
 *   <li>Whatever was started is stopped again, on every way out.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli;

import org.jspecify.annotations.NullMarked;
