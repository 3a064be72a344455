// SPDX-License-Identifier: Apache-2.0
/**
 * Benchmarks, each beside the peers that do the same, in the same run.
 *
 * <ul>
 *   <li>A benchmark's class has one method for Holdfast and one for each peer, which do the same.
 *   <li>What is reported is the ratio; a score alone says little about another machine.
 *   <li>Each runs in forked JVMs, with one thread and with two that contend.
 * </ul>
 */
@NullMarked
package dev.holdfast.lab.bench;

import org.jspecify.annotations.NullMarked;
