// SPDX-License-Identifier: Apache-2.0
/**
 * What can be seen of an agent from outside while it runs.
 *
 * <ul>
 *   <li>Whoever does not ask for it pays nothing: without an address no class of the metrics library is loaded.
 *   <li>It only listens. Nothing that the link or the outbox does depends on it, and what goes wrong here stays here.
 *   <li>Names and labels of metrics stay.
 * </ul>
 */
@NullMarked
package dev.holdfast.agent.metrics;

import org.jspecify.annotations.NullMarked;
