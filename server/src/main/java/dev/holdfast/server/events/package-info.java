// SPDX-License-Identifier: Apache-2.0
/**
 * How what agents sent is handed on, on the admin port.
 *
 * <ul>
 *   <li>Events are CloudEvents 1.0 in JSON, in the order they were stored in, each with an id that no other has.
 *   <li>A page costs no more than a bound, however large records are or however small they were compressed; whoever
 *       goes on after its last id misses none and gets none twice.
 *   <li>Wrong parameters get an error that names them.
 * </ul>
 */
@NullMarked
package dev.holdfast.server.events;

import org.jspecify.annotations.NullMarked;
