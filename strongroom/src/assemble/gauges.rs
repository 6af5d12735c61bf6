//! How it goes with the kernel, in numbers for the metrics page.

use strongroom_kernel::Kernel;

/// Name, meaning, value.
pub(super) type Gauge = (&'static str, &'static str, f64);

/// The database, what waits, the witnesses, small content on its way.
pub(super) fn of(kernel: &Kernel) -> Vec<Gauge> {
    let readiness = kernel.readiness();
    let mut gauges = kernel.database().gauges();
    gauges.push(("units_waiting", "Units that wait for their commit", figure(readiness.waiting as u64)));
    gauges.push((
        "leaves_unpublished",
        "Leaves the published checkpoint does not cover yet",
        figure(readiness.unpublished),
    ));
    gauges.push((
        "events_unconfirmed",
        "Announcements no receiver has confirmed yet",
        figure(kernel.unconfirmed_events()),
    ));
    gauges.extend(witness_gauges(kernel));
    gauges.extend(packing_gauges(kernel));
    gauges
}

/// How it goes with small content in the database; nothing where it goes to packs.
fn packing_gauges(kernel: &Kernel) -> Vec<Gauge> {
    let Some(figures) = kernel.packing() else { return Vec::new() };
    vec![
        (
            "small_contents_waiting",
            "Small contents in the database that are not in an object yet, counted up to 65536",
            figure(figures.waiting_contents),
        ),
        (
            "small_contents_waiting_bytes",
            "Bytes of small contents in the database that are not in an object yet",
            figure(figures.waiting_bytes),
        ),
        ("small_content_objects", "Objects that hold small contents", figure(figures.objects)),
        (
            "small_contents_moved",
            "Small contents moved from the database to objects since the start",
            figure(figures.moved_contents),
        ),
        (
            "small_contents_moved_bytes",
            "Bytes of small contents moved from the database to objects since the start",
            figure(figures.moved_bytes),
        ),
    ]
}

/// How it goes with the witnesses; nothing while none is asked.
fn witness_gauges(kernel: &Kernel) -> Vec<Gauge> {
    let witnesses = kernel.ledger().witnesses();
    if witnesses.is_empty() {
        return Vec::new();
    }
    let failing = witnesses.iter().filter(|witness| witness.failing.is_some()).count();
    let contradict = witnesses.iter().filter(|witness| witness.contradicts).count();
    let cosigned = kernel.ledger().cosigned().map_or(0, |cosigned| cosigned.size);
    let published = kernel.ledger().published().size;
    vec![
        ("witnesses", "Witnesses that are asked to cosign", figure(witnesses.len() as u64)),
        ("witnesses_failing", "Witnesses that did not cosign when asked last", figure(failing as u64)),
        (
            "witnesses_contradicting",
            "Witnesses that hold another history of this ledger",
            figure(contradict as u64),
        ),
        (
            "leaves_not_cosigned",
            "Published leaves that no cosigned checkpoint covers yet",
            figure(published.saturating_sub(cosigned)),
        ),
    ]
}

/// A count as metrics have it.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53, and metrics are floats")]
pub(super) fn figure(count: u64) -> f64 {
    count as f64
}
