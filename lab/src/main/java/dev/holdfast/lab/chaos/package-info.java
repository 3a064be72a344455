// SPDX-License-Identifier: Apache-2.0
/**
 * A server and an agent that are killed and stopped at random moments, while writers go on.
 *
 * <ul>
 *   <li>Everything is real: processes of the command that ships, sockets, files, signals.
 *   <li>The seed fixes which faults there are and when each falls due. What the processes had done by then it cannot
 *       fix, so that a run is repeated in kind and not in every step.
 *   <li>Safety is judged at the end by {@code lab.check}, from outside; that everything comes back is awaited all
 *       along, for a bounded time.
 *   <li>Whatever happens, each process that was started is ended, by its own handle, and no other.
 * </ul>
 */
@NullMarked
package dev.holdfast.lab.chaos;

import org.jspecify.annotations.NullMarked;
