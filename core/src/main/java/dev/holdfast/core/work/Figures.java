// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

/**
 * A queue at one instant.
 *
 * @param ready keys that are due
 * @param waiting keys that are not due yet, those that back off included
 * @param running keys that are being worked on
 * @param terminal keys that were given up on
 * @param failing keys that failed when they last ran, but for the terminal ones
 */
public record Figures(int ready, int waiting, int running, int terminal, int failing) {}
