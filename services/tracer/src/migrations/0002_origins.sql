CREATE TABLE tracer_origin (
    chain {text} NOT NULL,
    contract {text} NOT NULL,
    position {int} NOT NULL,
    trace {id} NOT NULL,
    block_time {time},
    block {int},
    sender {text} NOT NULL,
    hash {text} NOT NULL,
    {row},
    PRIMARY KEY (chain, contract, position)
);
CREATE INDEX tracer_origin_trace ON tracer_origin (trace);
