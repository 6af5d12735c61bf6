//! Spans to a collector by OTLP over HTTP (protobuf).

use anyhow::{Context as _, Result};
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use strongroom_http::SPANS;
use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
};

use super::BoxedLayer;

/// Sends out what is left when it is dropped.
#[derive(Debug)]
pub(super) struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        // a collector that is gone keeps nobody from stopping
        let _ = self.0.shutdown();
    }
}

/// The layer that collects spans for `endpoint`, in the name of `service`.
///
/// # Errors
/// When the address is unusable.
pub(super) fn layer(endpoint: &str, service: &str) -> Result<(BoxedLayer, Exporter)> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()
        .context("telemetry.otlp_endpoint")?;
    let resource = Resource::builder()
        .with_service_name(service.to_owned())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("strongroom"))
        .with_location(false)
        .with_filter(Targets::new().with_target(SPANS, LevelFilter::INFO))
        .boxed();
    Ok((layer, Exporter(provider)))
}
