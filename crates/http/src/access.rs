//! The access line, one per request: an interface for operators (`docs/reference/access-line.md`).

use std::{fmt, time::Duration};

use axum::{
    http::{HeaderName, HeaderValue, Method, StatusCode},
    response::Response,
};
use strongroom_kernel::Receipt;

/// Header by which a write hands its receipt to the caller.
pub const RECEIPT_HEADER: HeaderName = HeaderName::from_static("strongroom-receipt");
/// Header of the id under which the access line and diagnostics know a request.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("strongroom-request-id");

/// Number of a request, unique within the life of the process and printed with a prefix drawn at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    pub(crate) process: u32,
    pub(crate) number: u64,
}

/// `1f2e3d4c-42`
impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}-{}", self.process, self.number)
    }
}

/// What only the service knows of a request; put among the extensions of its answer.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Path template of the operation, such as `/bytes/raw/{raw_id}`.
    pub route: Option<&'static str>,
    /// Kind and name of the caller, if he is known.
    pub caller: Option<String>,
    /// Index of the leaf the request became, if known.
    pub leaf: Option<u64>,
}

/// Hands `receipt` to the caller and remembers its index for the access line.
pub fn insert_receipt(response: &mut Response, receipt: &Receipt) {
    if let Ok(value) = HeaderValue::from_str(&receipt.to_string()) {
        response.headers_mut().insert(RECEIPT_HEADER, value);
    }
    let mut facts = response.extensions_mut().remove::<Facts>().unwrap_or_default();
    facts.leaf = receipt.index;
    response.extensions_mut().insert(facts);
}

/// Whole microseconds, so that the line does not show the noise of floats.
fn micros(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round()
}

/// All that one access line says.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) id: RequestId,
    pub(crate) listener: &'static str,
    pub(crate) method: Method,
    pub(crate) status: StatusCode,
    pub(crate) facts: Facts,
}

impl Line {
    /// Writes the line; the path itself is not in it, since names and ids of a service may be personal.
    pub(crate) fn write(&self, bytes: u64, duration: Duration) {
        tracing::info!(
            target: "access",
            request = %self.id,
            listener = self.listener,
            method = %self.method,
            route = self.facts.route.unwrap_or("-"),
            caller = self.facts.caller.as_deref().unwrap_or("-"),
            status = self.status.as_u16(),
            bytes,
            duration_ms = micros(duration) / 1_000.0,
            leaf = self.facts.leaf,
            "request"
        );
    }
}
