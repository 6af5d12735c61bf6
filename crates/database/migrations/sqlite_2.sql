-- The index of terms, which derives from the records. Runs of entries; state: 0 being written, 1 live, 2 replaced.
CREATE TABLE ledger_term_run (
    number INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    behind INTEGER NOT NULL,
    state INTEGER NOT NULL
) STRICT;

-- Blocks of a run, in the order of their first keys.
CREATE TABLE ledger_term_block (
    run INTEGER NOT NULL,
    first BLOB NOT NULL,
    entries BLOB NOT NULL,
    UNIQUE (run, first)
) STRICT;
