// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

/**
 * A record that was given up on, kept until somebody replays or purges it.
 *
 * @param id what it is called, rising in the order in which records were given up on
 * @param lane where it stood
 * @param attempts why it was given up on
 * @param record what it was
 */
public record DeadLetter(long id, String lane, Attempts attempts, Item.Stored record) {}
