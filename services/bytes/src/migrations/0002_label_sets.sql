-- expand: an index by which files with a label are found
-- an organisation's files have few sets of labels: of each set one row tells whether it has the label, and the rest of
-- the set is in the order of insertion
CREATE INDEX bytes_raw_file_label_set ON bytes_raw_file (domain, tag_set, row_order);
