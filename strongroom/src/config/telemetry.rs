//! Spans for a collector. Section `[telemetry]`.

use serde::Deserialize;

use super::ConfigError;

/// Spans for a collector. Section `[telemetry]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Telemetry {
    /// Where spans go by OTLP over HTTP (protobuf), such as `http://127.0.0.1:4318/v1/traces`; unset: nowhere.
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is an alias. Since 0.1.
    pub(crate) otlp_endpoint: Option<String>,
    /// Name of this instance in spans. Default `strongroom`. Since 0.1.
    pub(crate) service_name: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp_endpoint: None, service_name: "strongroom".to_owned() }
    }
}

impl Telemetry {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        match &self.otlp_endpoint {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                Err(ConfigError::value("telemetry.otlp_endpoint", "must begin with http:// or https://"))
            }
            _ => Ok(()),
        }
    }
}
