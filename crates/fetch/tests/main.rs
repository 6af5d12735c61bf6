//! The client against servers that behave and servers that do not.

mod downloads;
mod guard;
mod limits;
mod rebinding;
mod requests;
