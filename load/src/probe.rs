//! What the disk can do at this moment: no design writes durably faster.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

/// How long each of the two probes runs.
const RUN: Duration = Duration::from_secs(2);
const BLOCK: usize = 4 << 10;
const CHUNK: usize = 1 << 20;
const CHUNKS_PER_SYNC: usize = 8;

/// The two figures that bound every durable write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probe {
    /// Appends of 4 KiB, each followed by fdatasync, per second.
    pub(crate) syncs: f64,
    /// Bytes per second written sequentially and synced.
    pub(crate) bytes: f64,
}

/// Measures in `folder`, and removes what it wrote.
pub(crate) fn probe(folder: &Path) -> io::Result<Probe> {
    let mut file = tempfile::tempfile_in(folder)?;
    Ok(Probe { syncs: appends(&mut file)?, bytes: throughput(&mut file)? })
}

#[expect(clippy::disallowed_methods, reason = "measures the disk, keeps nothing")]
fn appends(file: &mut File) -> io::Result<f64> {
    let block = [0x5a; BLOCK];
    let begin = Instant::now();
    let mut count = 0u32;
    while begin.elapsed() < RUN {
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}

#[expect(clippy::disallowed_methods, reason = "measures the disk, keeps nothing")]
fn throughput(file: &mut File) -> io::Result<f64> {
    let chunk = vec![0x5a; CHUNK];
    let begin = Instant::now();
    let mut written = 0u32;
    while begin.elapsed() < RUN {
        for _ in 0..CHUNKS_PER_SYNC {
            file.write_all(&chunk)?;
            written += 1;
        }
        file.sync_data()?;
    }
    Ok(f64::from(written) * 1_048_576.0 / begin.elapsed().as_secs_f64())
}
