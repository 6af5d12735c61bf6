//! Remembers that somebody asked us to stop, so that services are always stopped first.
//!
//! A flag and no handler: whoever waits looks at it. The product's own graceful stop is elsewhere.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on an interrupt sets a flag instead of ending the process.
pub fn watch() {
    let asked = ASKED.get_or_init(Arc::default);
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        // A refusal leaves the system's default in place: we end at once and the next start cleans up.
        let _ = signal_hook::flag::register(signal, Arc::clone(asked));
    }
}

/// Whether an interrupt came since `watch`.
pub fn asked() -> bool {
    ASKED.get().is_some_and(|asked| asked.load(Ordering::Relaxed))
}
