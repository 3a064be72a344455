-- SPDX-License-Identifier: Apache-2.0
-- One row for each agent that ever registered. Times are milliseconds since 1970 in UTC. The description is what the
-- wire carried, byte for byte, and its hash stands in the same row, so that neither is ever kept without the other.
CREATE TABLE agent (
    uid           TEXT    NOT NULL PRIMARY KEY,
    description   BLOB    NOT NULL,
    state_hash    TEXT,
    capabilities  INTEGER NOT NULL,
    health        BLOB,
    first_seen    INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    attached      INTEGER NOT NULL,
    registrations INTEGER NOT NULL,
    rejoins       INTEGER NOT NULL,
    status        TEXT,
    status_at     INTEGER
) STRICT;
