//! Both databases against the suite of the port, and what is particular to each.

mod faulty;
mod postgres;
mod sqlite;
