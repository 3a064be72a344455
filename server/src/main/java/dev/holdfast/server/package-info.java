// SPDX-License-Identifier: Apache-2.0
/**
 * The control plane as one thing that can be started and stopped.
 *
 * <ul>
 *   <li>When it has started, both ports accept and {@code server.json} says where; when it has not, nothing of it is
 *       left running, and the error names what to change.
 *   <li>It may be killed at any instant: the next one on the same data directory knows every agent whose registration
 *       was answered.
 *   <li>Two servers never use the same data directory.
 *   <li>Its ports are on loopback, and its secrets readable by its owner alone, unless it is told otherwise.
 * </ul>
 */
@NullMarked
package dev.holdfast.server;

import org.jspecify.annotations.NullMarked;
