//! Statistics: who used what how often, as of a size of the ledger.
//!
//! Everything is counted from the traces themselves, page by page along an index, so that two databases, and the
//! same question tomorrow, come to the same numbers. An answer is about the traces of the first so many leaves;
//! what came later does not change it.

mod anomalies;
mod detail;
mod groups;
mod persons;
mod scan;
mod scope;
mod timeline;

pub use anomalies::{Anomaly, anomalies};
pub use detail::{Beside, Detail, of_dataset};
pub use groups::{Dimension, Group, Groups, groups};
pub use scan::{Event, Scan};
pub use scope::{AsOf, Scope};
pub use timeline::{Bar, timeline};

use strongroom_model::{Error, ErrorKind};

use crate::wire::action::UserAction;

/// Actions that are a use of data unless others are asked for. Making and updating a dataset is not.
pub const USES: [UserAction; 4] = [
    UserAction::UseDatasets,
    UserAction::VisualizeVersionDataset,
    UserAction::CreateModel,
    UserAction::UseModels,
];

/// Most members of all sets of one answer: bounds its memory at about 100 MB.
const MOST_MEMBERS: usize = 2_000_000;

/// Counts what an answer keeps in memory.
#[derive(Debug, Default)]
struct Budget(usize);

impl Budget {
    /// Takes one more member.
    fn take(&mut self) -> Result<(), Error> {
        self.0 += 1;
        if self.0 > MOST_MEMBERS {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "too much for one answer: ask for a shorter interval",
            ));
        }
        Ok(())
    }
}
