// SPDX-License-Identifier: Apache-2.0
/** What all of Holdfast shares: which version it is. */
@NullMarked
package dev.holdfast.core;

import org.jspecify.annotations.NullMarked;
