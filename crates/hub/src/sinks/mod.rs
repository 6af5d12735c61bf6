//! Receivers outside, one module each.

pub mod amqp;
