// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.breaker.CircuitBreaker.State;

/**
 * A breaker's change of state.
 *
 * @param why for people: what led to it
 */
public record Transition(State from, State to, String why) {}
