// SPDX-License-Identifier: Apache-2.0
/**
 * Running a server, an agent, or both, until they are stopped.
 *
 * <ul>
 *   <li>Configuration is complete and valid before anything is opened or started.
 *   <li>Being told to stop is no failure: everything is closed in order and the exit code is 0.
 *   <li>No child outlives its parent by more than it takes to stop.
 *   <li>What runs logs a line for each event, on standard output.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli.run;

import org.jspecify.annotations.NullMarked;
