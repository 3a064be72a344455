// SPDX-License-Identifier: Apache-2.0
/**
 * Whether what was acknowledged is what arrived.
 *
 * <ul>
 *   <li>It stands outside: it knows what a writer was told and what anybody can read at the server, and uses no class
 *       of the agent or the server.
 *   <li>Every payload names itself and is remembered by its hash, so that nothing is believed for its number alone.
 *   <li>What a writer was given no answer for may be there once or not at all; everything else is held to the promise.
 * </ul>
 */
@NullMarked
package dev.holdfast.lab.check;

import org.jspecify.annotations.NullMarked;
