CREATE TABLE custody_foreign_leaves (
    sender {text} NOT NULL,
    ledger {text} NOT NULL,
    first_leaf {int} NOT NULL,
    leaves {int} NOT NULL,
    root {digest} NOT NULL,
    {row},
    UNIQUE (sender, ledger, first_leaf)
);
