//! When a trace leaves the cache: everybody who was to see its leaf has seen it.

use async_trait::async_trait;
use strongroom_kernel::Kernel;
use strongroom_model::Error;
use strongroom_tracer::Finality;

/// Leaves are final when the published checkpoint covers them, a quorum of the witnesses has cosigned one that does,
/// and the shared ledger has given its receipt: as far as there are witnesses and a shared ledger.
#[derive(Debug)]
pub(super) struct SeenByAll {
    /// Whether there are witnesses.
    pub(super) witnessed: bool,
}

impl SeenByAll {
    /// Leaves that a quorum has cosigned; `None`: nobody is asked.
    fn cosigned(&self, kernel: &Kernel) -> Option<u64> {
        self.witnessed.then(|| kernel.ledger().cosigned().map_or(0, |cosigned| cosigned.size))
    }
}

#[async_trait]
impl Finality for SeenByAll {
    async fn final_size(&self, kernel: &Kernel) -> Result<u64, Error> {
        let published = kernel.ledger().published().size;
        let forwarded = kernel.forwarding().map(|state| state.size);
        Ok(self.cosigned(kernel).into_iter().chain(forwarded).fold(published, u64::min))
    }

    fn waits_for(&self, kernel: &Kernel) -> Option<&'static str> {
        let published = kernel.ledger().published().size;
        if self.cosigned(kernel).is_some_and(|size| size < published) {
            return Some("recorded here; the witnesses have not cosigned it yet");
        }
        let state = kernel.forwarding().filter(|state| state.size < published)?;
        Some(match state {
            state if state.contradicts => "recorded here; the shared ledger holds other leaves in its place",
            state if state.failing.is_some() => {
                "recorded here; the shared ledger did not take it when asked last, and is asked again"
            }
            _ => "recorded here; the shared ledger has not given its receipt yet",
        })
    }
}
