// SPDX-License-Identifier: Apache-2.0
/**
 * The agent as one thing that can be started and stopped.
 */
@NullMarked
package dev.holdfast.agent;

import org.jspecify.annotations.NullMarked;
