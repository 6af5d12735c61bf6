//! Where events go once they are durable: the adapters of the kernel's [`Sink`](strongroom_kernel::ports::Sink).
//!
//! [`sinks::amqp`] delivers to RabbitMQ. Which events are due, and what was delivered already, is the kernel's
//! relay's business; nothing here keeps anything.

pub mod sinks;
