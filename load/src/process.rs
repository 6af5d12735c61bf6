//! Processor time, memory and written bytes of a process, as the kernel of the machine counts them.

use std::fs;

/// Clock ticks per second of `/proc/<pid>/stat` on Linux.
const TICKS: f64 = 100.0;

/// Counters of a process at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Seconds of processor time, user and system.
    pub(crate) cpu: f64,
    /// Bytes it caused to be written to the disk.
    pub(crate) written: f64,
    /// Resident memory in bytes.
    pub(crate) resident: f64,
    /// Largest resident memory so far in bytes.
    pub(crate) peak: f64,
}

/// Counters of the process `pid`, or of this one.
pub(crate) fn usage(pid: Option<u32>) -> Option<Usage> {
    let pid = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    Some(Usage {
        cpu: ticks / TICKS,
        written: field(&io, "write_bytes:").unwrap_or(0.0),
        resident: field(&status, "VmRSS:").unwrap_or(0.0) * 1024.0,
        peak: field(&status, "VmHWM:").unwrap_or(0.0) * 1024.0,
    })
}

fn field(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
