// SPDX-License-Identifier: Apache-2.0
/**
 * The control plane as one thing that can be started and stopped.
 */
@NullMarked
package dev.holdfast.server;

import org.jspecify.annotations.NullMarked;
