-- erased persons have no name: any number of rows may be null
CREATE TABLE tracer_person (
    id {id} NOT NULL PRIMARY KEY,
    name {text},
    folded {text},
    {row}
);
CREATE UNIQUE INDEX tracer_person_person_taken ON tracer_person (name);
CREATE INDEX tracer_person_folded ON tracer_person (folded);

CREATE TABLE tracer_trace (
    id {id} NOT NULL PRIMARY KEY,
    entry {id} NOT NULL,
    time {time} NOT NULL,
    user_id {id} NOT NULL,
    caller_id {id} NOT NULL,
    action {text} NOT NULL,
    dataset_id {text},
    datasets_ids {list} NOT NULL,
    previous_ids {list} NOT NULL,
    application_id {text},
    model_id {text},
    models_ids {list} NOT NULL,
    tool_name {text},
    tool_version {text},
    details {text},
    resources {json},
    {row}
);
-- lists are the newest first within one action; several actions are merged from as many ranges
-- over an expression, so that no planner takes it where a person fixes a range far narrower than an action's
CREATE INDEX tracer_trace_action ON tracer_trace ((action || ''), time, row_order);
CREATE INDEX tracer_trace_caller ON tracer_trace (caller_id, action, time, row_order);
CREATE INDEX tracer_trace_user ON tracer_trace (user_id, action, time, row_order, caller_id);

CREATE TABLE tracer_trace_dataset (
    trace {id} NOT NULL,
    place {int} NOT NULL,
    folded {text} NOT NULL,
    time {time} NOT NULL,
    user_id {id} NOT NULL,
    caller_id {id} NOT NULL,
    action {text} NOT NULL,
    {row},
    PRIMARY KEY (trace, place)
);
-- both hold all that a search by dataset asks, so that the table itself is not touched; one person's datasets stand
-- together, so that a trace of several touches few pages
CREATE INDEX tracer_trace_dataset_folded
    ON tracer_trace_dataset (folded, action, time, row_order, user_id, caller_id, trace);
CREATE INDEX tracer_trace_dataset_user
    ON tracer_trace_dataset (user_id, folded, action, time, row_order, caller_id, trace);

CREATE TABLE tracer_trace_model (
    trace {id} NOT NULL,
    place {int} NOT NULL,
    model {text} NOT NULL,
    folded {text} NOT NULL,
    time {time} NOT NULL,
    user_id {id} NOT NULL,
    action {text} NOT NULL,
    {row},
    PRIMARY KEY (trace, place)
);
CREATE INDEX tracer_trace_model_folded ON tracer_trace_model (folded, action, time);

CREATE TABLE tracer_caller_tally (
    caller_id {id} NOT NULL,
    action {text} NOT NULL,
    traces {int} NOT NULL,
    {row},
    PRIMARY KEY (caller_id, action)
);

CREATE TABLE tracer_user_tally (
    user_id {id} NOT NULL,
    caller_id {id} NOT NULL,
    action {text} NOT NULL,
    traces {int} NOT NULL,
    {row},
    PRIMARY KEY (user_id, caller_id, action)
);

CREATE TABLE tracer_dataset_tally (
    folded {text} NOT NULL,
    action {text} NOT NULL,
    traces {int} NOT NULL,
    {row},
    PRIMARY KEY (folded, action)
);

-- files of resources that are given by their address: on their way, here, or given up
CREATE TABLE tracer_fetch (
    trace {id} NOT NULL,
    place {int} NOT NULL,
    url {text},
    state {text} NOT NULL,
    tries {int} NOT NULL,
    due {time} NOT NULL,
    changed {time} NOT NULL,
    message {text},
    content_hash {text},
    content_hash_type {text},
    content_length {int},
    source_hash {text},
    {row},
    PRIMARY KEY (trace, place)
);
CREATE INDEX tracer_fetch_due ON tracer_fetch (state, due);
