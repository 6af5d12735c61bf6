//! Both databases against the suite of the port, and what is particular to each.

mod postgres;
mod sqlite;
