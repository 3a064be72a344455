// SPDX-License-Identifier: Apache-2.0
/**
 * The fleet in an SQLite file.
 *
 * <ul>
 *   <li>What was saved is there after a kill at any instant; a batch is saved whole or not at all.
 *   <li>A damaged file is set aside under a name of its own, and what can be read of it begins the next.
 *   <li>A file of a newer version, a full disk and a missing permission are no damage: they are told, and nothing is
 *       touched.
 *   <li>Nothing but this package knows of tables.
 * </ul>
 */
@NullMarked
package dev.holdfast.server.sqlite;

import org.jspecify.annotations.NullMarked;
