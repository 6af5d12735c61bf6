//! The sinks against the receivers they are made for.
//!
//! Needs RabbitMQ at `STRONGROOM_TEST_AMQP_URL` (`cargo xtask services up` starts one); without it the tests say
//! that they were skipped. Each test has queues of its own.

#![expect(clippy::print_stdout, reason = "tests say when they are skipped, and how fast it was")]

mod broker;
mod contract;
mod delivery;
mod loss;
mod proxy;
mod queue;
mod throughput;
