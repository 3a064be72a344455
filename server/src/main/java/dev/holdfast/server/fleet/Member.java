// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import org.jspecify.annotations.Nullable;

/**
 * One agent, as a fleet holds it. Immutable.
 *
 * @param link what it is attached by; null exactly if it is not attached
 * @param stored how many of its registrations are stored
 * @param rivalry what its links' displacing each other shows
 */
record Member(AgentRecord record, @Nullable AgentLink link, long stored, Rivalry rivalry) {

    /** Whether {@code candidate} comes too late. */
    boolean isHeldAgainst(AgentLink candidate) {
        return link != null && link.number() > candidate.number();
    }

    boolean isAttachedBy(AgentLink candidate) {
        return link != null && link.number() == candidate.number();
    }

    boolean isStored() {
        return stored >= record.registrations();
    }

    /** Whether {@code candidate} is of a process that is to have another uid. */
    boolean turnsAway(AgentLink candidate, long now) {
        return link != null
                && link.number() < candidate.number()
                && rivalry.turnsAway(candidate.process(), link.process(), now);
    }

    Member with(AgentRecord record) {
        return new Member(record, link, stored, rivalry);
    }

    Member with(AgentRecord record, AgentLink newer, long now) {
        Rivalry next = link == null || link.number() == newer.number()
                ? rivalry
                : rivalry.displaced(link.process(), newer.process(), now);
        return new Member(record, newer, stored, next);
    }

    Member detached() {
        return new Member(record.detached(), null, stored, rivalry);
    }

    Member withStored(long registrations) {
        return new Member(record, link, registrations, rivalry);
    }

    Member with(Rivalry rivalry) {
        return new Member(record, link, stored, rivalry);
    }
}
