-- SPDX-License-Identifier: Apache-2.0
-- What outboxes brought. Times named "_at" are milliseconds since 1970 in UTC; hashes and epochs are 64 bits of which
-- the sign means nothing.
CREATE TABLE agent (
    id  INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE
) STRICT;

-- One row for each lane of each outbox, and another for each epoch of it. Rows stay when their events go.
CREATE TABLE stream (
    id       INTEGER PRIMARY KEY,
    outbox   BLOB    NOT NULL,
    lane     TEXT    NOT NULL,
    epoch    INTEGER NOT NULL,
    mark     INTEGER NOT NULL,
    hash     INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    UNIQUE (outbox, lane, epoch)
) STRICT;

-- Records in the order they were stored in. The time is nanoseconds since 1970, of which the sign means nothing.
CREATE TABLE event (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    stream    INTEGER NOT NULL,
    sequence  INTEGER NOT NULL,
    hash      INTEGER NOT NULL,
    agent     INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    type      TEXT    NOT NULL,
    encoding  TEXT    NOT NULL,
    headers   TEXT,
    replay_of INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    payload   BLOB    NOT NULL,
    UNIQUE (stream, sequence)
) STRICT;

-- Sequences that will never come, and what agents say became of them.
CREATE TABLE gap (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    stream    INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    hash      INTEGER NOT NULL,
    why       TEXT    NOT NULL,
    audit     TEXT    NOT NULL,
    agent     INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    UNIQUE (stream, last)
) STRICT;

-- The last batches of each agent.
CREATE TABLE push (
    id        INTEGER PRIMARY KEY,
    agent     INTEGER NOT NULL,
    stream    INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    records   INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT;

CREATE INDEX push_of_agent ON push (agent);

-- The hashes of events and gaps that are not there any more, or only under another epoch of their lane: 8 bytes
-- big-endian each, of at most 4,096 sequences without holes from the first. They prove what an outbox had when it comes
-- back from the past. A gap's are kept apart, since what was a gap once may come as a record yet.
CREATE TABLE past (
    stream INTEGER NOT NULL,
    of_gap INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    hashes BLOB    NOT NULL,
    PRIMARY KEY (stream, of_gap, first)
) STRICT, WITHOUT ROWID;

-- One row.
CREATE TABLE total (
    events INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT;

INSERT INTO total VALUES (0, 0);
