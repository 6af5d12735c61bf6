-- statistics walk through traces in the order of the ledger
CREATE INDEX tracer_trace_order ON tracer_trace (row_order);
