//! The client against servers that behave and servers that do not.

mod guard;
mod limits;
mod requests;
mod server;
