-- The index of terms, which derives from the records. Runs of entries; state: 0 being written, 1 live, 2 replaced.
CREATE TABLE ledger_term_run (
    number BIGINT PRIMARY KEY,
    first BIGINT NOT NULL,
    behind BIGINT NOT NULL,
    state BIGINT NOT NULL
);

-- Blocks of a run, in the order of their first keys.
CREATE TABLE ledger_term_block (
    run BIGINT NOT NULL,
    first BYTEA NOT NULL,
    entries BYTEA NOT NULL,
    PRIMARY KEY (run, first)
);
-- blocks are hashes, which do not compress
ALTER TABLE ledger_term_block ALTER COLUMN entries SET STORAGE EXTERNAL;
