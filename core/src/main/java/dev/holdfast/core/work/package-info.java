// SPDX-License-Identifier: Apache-2.0
/**
 * A queue of keys to be worked on.
 *
 * <ul>
 *   <li>A key is queued at most once, never run by two workers at a time, and run again if it was added while it ran.
 *   <li>A key that fails comes back with backoff; success forgets its failures; after its retries, or a permanent
 *       failure, it is terminal, says so once, and runs again only when it is released.
 *   <li>Nothing lets a key past its backoff but being asked for just that.
 *   <li>Fair between keys, no priority starves, and there are never more keys than the policy allows.
 *   <li>A million waiting keys cost one alarm and no CPU; failing ones, however many, twelve log lines a minute.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.work;

import org.jspecify.annotations.NullMarked;
