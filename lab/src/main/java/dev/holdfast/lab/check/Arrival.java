// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

/**
 * What a server stored.
 *
 * @param event the name that it gave it, which no other has
 * @param lane the lane it came in
 * @param sequence its number there
 * @param payload what it is
 */
public record Arrival(String event, String lane, long sequence, Payload payload) {}
