//! The suite of the database port.
