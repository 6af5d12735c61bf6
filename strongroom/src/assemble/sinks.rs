//! Who is told of events.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use strongroom_bytes::wire::event::RAW_FILE_RECEIVED;
use strongroom_hub::sinks::amqp::{AmqpAddress, AmqpSettings, AmqpSink};
use strongroom_kernel::SinkPart;

use crate::config::Config;

/// Who is told of events.
///
/// # Errors
/// When an address is malformed.
pub(super) fn sinks(config: &Config) -> Result<Vec<SinkPart>> {
    let Some(url) = &config.announcements.amqp_url else { return Ok(Vec::new()) };
    let wait = config.announcements.before_answer;
    let sink = Arc::new(amqp(url.reveal())?);
    Ok(vec![SinkPart { sink, before_answer: (!wait.is_zero()).then_some(wait) }])
}

/// Asks everybody who is told of events whether he is there.
pub(crate) async fn ask_receivers(config: &Config) -> Vec<(&'static str, Result<()>)> {
    let Some(url) = &config.announcements.amqp_url else { return Vec::new() };
    let answer = async { Ok(amqp(url.reveal())?.check().await?) };
    vec![("RabbitMQ", answer.await)]
}

fn amqp(url: &str) -> Result<AmqpSink> {
    let address: AmqpAddress = url.parse().context("announcements.amqp_url")?;
    Ok(AmqpSink::new(RAW_FILE_RECEIVED, AmqpSettings::new(address, RAW_FILE_RECEIVED))?)
}
