CREATE TABLE bytes_boefje_meta (
    id {id} NOT NULL PRIMARY KEY,
    boefje_id {text} NOT NULL,
    boefje_version {text},
    organization {text} NOT NULL,
    input_ooi {text},
    arguments {json} NOT NULL,
    environment {json},
    runnable_hash {text},
    started_at {time},
    ended_at {time},
    {row}
);
-- the scheduler's question before every job: the latest of this boefje on this input; only the beginning of the input,
-- since PostgreSQL refuses index entries above 2.7 KB
CREATE INDEX bytes_boefje_meta_latest
    ON bytes_boefje_meta (organization, boefje_id, (substr(input_ooi, 1, 200)), started_at DESC, row_order);

CREATE TABLE bytes_raw_file (
    id {id} NOT NULL PRIMARY KEY,
    boefje_meta {id} NOT NULL,
    domain {text} NOT NULL,
    content {digest} NOT NULL,
    size {int} NOT NULL,
    mime_types {list} NOT NULL,
    tag_set {digest} NOT NULL,
    secure_hash {text},
    proof_provider {text},
    proof_link {text},
    {row}
);
-- one file per job and set of labels, held against concurrent uploads; also finds the files of a job
CREATE UNIQUE INDEX bytes_raw_file_same_tags ON bytes_raw_file (boefje_meta, tag_set);
-- lists are in the order of insertion: this index grows at its end, that of row_order comes with every table
CREATE INDEX bytes_raw_file_domain ON bytes_raw_file (domain, row_order);

CREATE TABLE bytes_normalizer_meta (
    id {id} NOT NULL PRIMARY KEY,
    normalizer_id {text} NOT NULL,
    normalizer_version {text},
    started_at {time},
    ended_at {time},
    raw_file {id} NOT NULL,
    {row}
);
CREATE INDEX bytes_normalizer_meta_raw_file ON bytes_normalizer_meta (raw_file);

CREATE TABLE bytes_organization (
    id {text} NOT NULL PRIMARY KEY,
    raw_files {int} NOT NULL,
    bytes {int} NOT NULL,
    {row}
);

CREATE TABLE bytes_pending_proof (
    raw_file {id} NOT NULL PRIMARY KEY,
    since {time} NOT NULL,
    {row}
);
