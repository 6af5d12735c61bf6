//! Diagnostics on standard error, and spans to a collector where one is configured.

#[cfg(feature = "otlp")]
mod spans;

use std::io::{IsTerminal as _, stderr};

use anyhow::{Context as _, Result};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use strongroom_http::SPANS;

use crate::config::{Config, Format};

type BoxedLayer = Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync>;

/// Sends out what is left of the spans when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    #[cfg(feature = "otlp")]
    _spans: Option<spans::Exporter>,
}

/// Installs the diagnostics of this process.
///
/// # Errors
/// When there are some already, or the collector's address is unusable.
pub(crate) fn install(config: &Config) -> Result<Diagnostics> {
    let mut layers = vec![lines(config)?];
    let diagnostics = collector(config, &mut layers)?;
    tracing_subscriber::registry().with(layers).try_init().context("install diagnostics")?;
    Ok(diagnostics)
}

/// The client of RabbitMQ writes a warning with the whole message when a broker returns one, and messages hold the
/// environment of jobs. Off whatever the filter says; the sink tells of the return itself.
const SECRETIVE: &str = "lapin::returned_messages=off";

fn lines(config: &Config) -> Result<BoxedLayer> {
    let filter = EnvFilter::try_new(&config.diagnostics.filter).context("diagnostics.filter")?;
    let quiet = [SECRETIVE.to_owned(), format!("{SPANS}=off")];
    let filter = quiet.iter().fold(filter, |filter, directive| {
        filter.add_directive(directive.parse().expect("a well-formed directive"))
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    Ok(match config.diagnostics.format {
        Format::Text => lines.with_ansi(stderr().is_terminal()).with_filter(filter).boxed(),
        Format::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    })
}

#[cfg(feature = "otlp")]
fn collector(config: &Config, layers: &mut Vec<BoxedLayer>) -> Result<Diagnostics> {
    let Some(endpoint) = &config.telemetry.otlp_endpoint else { return Ok(Diagnostics::default()) };
    let (layer, exporter) = spans::layer(endpoint, &config.telemetry.service_name)?;
    layers.push(layer);
    Ok(Diagnostics { _spans: Some(exporter) })
}

#[cfg(not(feature = "otlp"))]
fn collector(config: &Config, _: &mut Vec<BoxedLayer>) -> Result<Diagnostics> {
    if config.telemetry.otlp_endpoint.is_some() {
        anyhow::bail!("telemetry.otlp_endpoint: this program was built without the feature otlp");
    }
    Ok(Diagnostics::default())
}
