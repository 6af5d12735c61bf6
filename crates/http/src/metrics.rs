//! The registry behind the metrics page, and the families every service shares.

use std::{
    fmt::{self, Write as _},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

type RequestLabels = [(&'static str, &'static str); 3];
type RouteLabels = [(&'static str, &'static str); 1];

/// Upper bounds of the duration histogram, in seconds.
const BOUNDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// All metrics of a process, in the Prometheus (`OpenMetrics`) text format.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    shed: Counter,
    /// Requests that have a number.
    numbered: AtomicU64,
}

impl Metrics {
    /// The shared families, all at zero.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        let histogram: fn() -> Histogram = || Histogram::new(BOUNDS);
        let durations = Family::new_with_constructor(histogram);
        let shed = Counter::default();
        registry.register("strongroom_http_requests", "Requests answered", requests.clone());
        registry.register(
            "strongroom_http_request_duration_seconds",
            "Time from the request head to the answer's end or, when that streams, its head",
            durations.clone(),
        );
        registry.register("strongroom_http_shed", "Requests turned away because of overload", shed.clone());
        Self { registry, requests, durations, shed, numbered: AtomicU64::new(0) }
    }

    /// Counts an answered request.
    pub fn request(&self, route: &'static str, method: &Method, status: StatusCode, duration: Duration) {
        let labels = [("route", route), ("method", method_word(method)), ("status", status_word(status))];
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&[("route", route)]).observe(duration.as_secs_f64());
    }

    /// The number of the next request, over all listeners of the process.
    pub(crate) fn next_request(&self) -> u64 {
        self.numbered.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a request turned away because of overload.
    pub fn count_shed(&self) {
        self.shed.inc();
    }

    /// The page: these families, then `gauges` as name, help and value.
    pub fn page<'g>(&self, gauges: impl IntoIterator<Item = (&'g str, &'g str, f64)>) -> String {
        let mut page = String::new();
        let _infallible = text::encode_registry(&mut page, &self.registry);
        for (name, help, value) in gauges {
            push_gauge(&mut page, name, help, value);
        }
        page.push_str("# EOF\n");
        page
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Metrics")
    }
}

fn push_gauge(page: &mut String, name: &str, help: &str, value: f64) {
    let _infallible = write!(
        page,
        "# HELP strongroom_{name} {help}\n# TYPE strongroom_{name} gauge\nstrongroom_{name} {value}\n"
    );
}

/// Methods of our own routes by name; a stranger's inventions must not become series.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Statuses our services answer with.
fn status_word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        201 => "201",
        206 => "206",
        307 => "307",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        409 => "409",
        410 => "410",
        413 => "413",
        416 => "416",
        422 => "422",
        429 => "429",
        500 => "500",
        503 => "503",
        507 => "507",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_on_the_page_with_its_route() {
        let metrics = Metrics::new();
        metrics.request("/bytes/raw", &Method::POST, StatusCode::OK, Duration::from_millis(2));
        let page = metrics.page([("wal_bytes", "Size of the write-ahead log", 12.0)]);
        let line = r#"strongroom_http_requests_total{route="/bytes/raw",method="POST",status="200"} 1"#;
        assert!(page.contains(line), "{page}");
        assert!(page.contains("strongroom_wal_bytes 12\n"), "{page}");
        assert!(page.ends_with("# EOF\n"));
    }
}
