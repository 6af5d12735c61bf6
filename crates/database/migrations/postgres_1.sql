-- End of the ledger: one row, moved by compare-and-swap when records get their index.
CREATE TABLE ledger_head (
    id BIGINT PRIMARY KEY CHECK (id = 0),
    size BIGINT NOT NULL,
    time BIGINT NOT NULL,
    -- sequence of the last record that has an index; -1 when none has
    sequence BIGINT NOT NULL
);
INSERT INTO ledger_head (id, size, time, sequence) VALUES (0, 0, 0, -1);

-- One row per unit.
CREATE TABLE ledger_record (
    sequence BIGINT PRIMARY KEY,
    time BIGINT NOT NULL,
    leaf BYTEA NOT NULL,
    nonce BYTEA NOT NULL,
    canonical BYTEA NOT NULL,
    openings BYTEA NOT NULL
);

-- Which record has which index; a row is only ever added.
CREATE TABLE ledger_index (
    leaf_index BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL UNIQUE
);

-- A stream of events: one partition of a topic.
CREATE TABLE hub_topic (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    UNIQUE (topic, partition)
);

-- position = number of the stream * 2^40 + offset: events of a stream lie together, in order.
CREATE TABLE hub_event (
    position BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    place BIGINT NOT NULL,
    time BIGINT NOT NULL,
    event_key TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL
);

-- place: 0 in a pack (then the next three say where), 1 in the content store, 2 in kernel_small_content.
CREATE TABLE kernel_content (
    domain TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    size BIGINT NOT NULL,
    place BIGINT NOT NULL,
    pack BIGINT,
    pack_offset BIGINT,
    pack_length BIGINT,
    refs BIGINT NOT NULL,
    unreferenced_since BIGINT,
    PRIMARY KEY (domain, digest)
);
CREATE INDEX kernel_content_unreferenced ON kernel_content (unreferenced_since)
    WHERE unreferenced_since IS NOT NULL;

CREATE TABLE kernel_small_content (
    domain TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (domain, digest)
);
-- content comes compressed or encrypted more often than not
ALTER TABLE kernel_small_content ALTER COLUMN payload SET STORAGE EXTERNAL;

-- The last position in the packs that a commit relies on.
CREATE TABLE kernel_pack_end (
    id BIGINT PRIMARY KEY CHECK (id = 0),
    pack BIGINT NOT NULL,
    pack_offset BIGINT NOT NULL,
    pack_length BIGINT NOT NULL
);

CREATE TABLE kernel_note (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE kernel_reply (
    scope TEXT COLLATE "C" NOT NULL,
    reply_key TEXT COLLATE "C" NOT NULL,
    request BYTEA NOT NULL,
    reply BYTEA NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (scope, reply_key)
);
CREATE INDEX kernel_reply_expires ON kernel_reply (expires);

-- As SQLite's: the place of the second text in the first, from 1; 0 when it is not in it.
CREATE FUNCTION instr(text, text) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN strpos($1, $2);
