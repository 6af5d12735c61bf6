-- End of the ledger: one row, written with every batch.
CREATE TABLE ledger_head (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    size INTEGER NOT NULL,
    time INTEGER NOT NULL
) STRICT;
INSERT INTO ledger_head (id, size, time) VALUES (0, 0, 0);

-- One row per unit. The sequence is the index of the leaf.
CREATE TABLE ledger_record (
    sequence INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    nonce BLOB NOT NULL,
    canonical BLOB NOT NULL,
    openings BLOB NOT NULL
) STRICT;

-- A stream of events: one partition of a topic.
CREATE TABLE hub_topic (
    number INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    UNIQUE (topic, partition)
) STRICT;

-- position = number of the stream * 2^40 + offset: events of a stream lie together, in order.
CREATE TABLE hub_event (
    position INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    place INTEGER NOT NULL,
    time INTEGER NOT NULL,
    event_key TEXT NOT NULL,
    payload BLOB NOT NULL
) STRICT;

-- place: 0 in a pack (then the next three say where), 1 in the content store, 2 in kernel_small_content.
CREATE TABLE kernel_content (
    domain TEXT NOT NULL,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    place INTEGER NOT NULL,
    pack INTEGER,
    pack_offset INTEGER,
    pack_length INTEGER,
    refs INTEGER NOT NULL,
    unreferenced_since INTEGER,
    PRIMARY KEY (domain, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX kernel_content_unreferenced ON kernel_content (unreferenced_since)
    WHERE unreferenced_since IS NOT NULL;

CREATE TABLE kernel_small_content (
    domain TEXT NOT NULL,
    digest BLOB NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (domain, digest)
) STRICT;

-- The last position in the packs that a commit relies on.
CREATE TABLE kernel_pack_end (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    pack INTEGER NOT NULL,
    pack_offset INTEGER NOT NULL,
    pack_length INTEGER NOT NULL
) STRICT;

CREATE TABLE kernel_note (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kernel_reply (
    scope TEXT NOT NULL,
    reply_key TEXT NOT NULL,
    request BLOB NOT NULL,
    reply BLOB NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (scope, reply_key)
) STRICT;
CREATE INDEX kernel_reply_expires ON kernel_reply (expires);
