//! Figures in words, one per line.

use std::time::Duration;

use crate::{Options, probe::Probe, process::Usage};

/// What a run measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Answered as hoped.
    pub(crate) good: u64,
    /// Answered 503.
    pub(crate) refused: u64,
    /// Anything else.
    pub(crate) failed: u64,
    /// Latencies of the good ones.
    pub(crate) latencies: Vec<Duration>,
    /// How long was measured.
    pub(crate) elapsed: Duration,
    /// Server and generator before and after.
    pub(crate) server: Option<(Usage, Usage)>,
    pub(crate) own: Option<(Usage, Usage)>,
    /// True where each good answer says that something is durable.
    pub(crate) durable: bool,
}

#[expect(clippy::print_stdout, reason = "the report is this program's output")]
#[expect(clippy::cast_precision_loss, reason = "counts of a short run are exact in a double")]
pub(crate) fn print(options: &Options, probe: Option<Probe>, figures: &Figures) {
    let seconds = figures.elapsed.as_secs_f64();
    let rate = figures.good as f64 / seconds;
    println!(
        "scenario        {:?}, {} clients, {seconds:.1} s, {} bytes",
        options.scenario, options.clients, options.size
    );
    println!(
        "figure          {rate:.0}/s ({} good, {} refused with 503, {} failed)",
        figures.good, figures.refused, figures.failed
    );
    let mut latencies = figures.latencies.clone();
    latencies.sort_unstable();
    let at = |part: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
        let place = (latencies.len() as f64 * part) as usize;
        latencies
            .get(place.min(latencies.len().saturating_sub(1)))
            .map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    };
    println!(
        "latency ms      p50 {:.2}  p90 {:.2}  p99 {:.2}  p99.9 {:.2}  longest {:.2}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    let mut per_request = None;
    if let Some((before, after)) = figures.server {
        let requests = figures.good.max(1) as f64;
        let written = (after.written - before.written) / requests;
        per_request = Some(written);
        println!(
            "server          {:.2} cores, {:.0} bytes written per request, {:.1} MB resident, {:.1} MB at most",
            (after.cpu - before.cpu) / seconds,
            written,
            after.resident / 1e6,
            after.peak / 1e6
        );
    }
    if let Some((before, after)) = figures.own {
        println!("generator       {:.2} cores", (after.cpu - before.cpu) / seconds);
    }
    if let Some(probe) = probe {
        println!(
            "disk probe      S = {:.0} synced appends/s, B = {:.0} MB/s durable",
            probe.syncs,
            probe.bytes / 1e6
        );
        if figures.durable {
            let by_syncs = f64::from(options.clients) * probe.syncs;
            let by_bytes = per_request
                .filter(|written| *written > 0.0)
                .map_or(f64::INFINITY, |written| probe.bytes / written);
            let bound = by_syncs.min(by_bytes);
            println!("bound           {bound:.0}/s, ratio {:.2}", rate / bound);
        }
    }
}
