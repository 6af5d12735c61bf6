//! The index of terms against the records: it must name what they name, no more and no less.

use crate::{
    index::{Sum, TermKey, compare, covers, key_of},
    ports::{Database, PortError, PortErrorKind, StoredRecord},
};

use super::{Progress, Report};

/// How often the index is read again when it changed meanwhile.
const LOOKS: u32 = 3;

/// What the records say, as far as the index goes.
#[derive(Debug)]
pub(super) struct Terms {
    key: Option<TermKey>,
    /// Leaves that the index covers.
    size: u64,
    sum: Sum,
    /// It says that it covers leaves that are not there, which it would then leave out.
    beyond: bool,
    /// A record could not be read: nothing can be compared, and it was reported already.
    broken: bool,
}

impl Terms {
    /// Fixes how far is compared.
    pub(super) async fn begin(database: &dyn Database, size: u64) -> Result<Self, PortError> {
        let covered = covers(database).await?;
        // after it was read what it covers: the ledger may grow meanwhile, and the index behind it
        let beyond = covered > database.head().await?.size;
        let (key, size) = (key_of(database).await?, covered.min(size));
        Ok(Self { key, size, sum: Sum::default(), beyond, broken: false })
    }

    /// Takes the next record, and what it says in the clear.
    pub(super) fn add(&mut self, record: &StoredRecord, plain: &serde_json::Value) {
        if let Some(key) = &self.key
            && record.index < self.size
        {
            self.broken |= !self.sum.add_record(record, plain, key);
        }
    }

    /// A record could not be opened.
    pub(super) fn skip(&mut self) {
        self.broken = true;
    }

    /// After the last record.
    pub(super) async fn finish(
        self,
        database: &dyn Database,
        report: &mut Report,
        progress: &dyn Progress,
    ) -> Result<(), PortError> {
        if self.beyond {
            report.tampered("the index of terms says that it covers more leaves than there are");
        }
        if self.broken || self.size == 0 {
            return Ok(());
        }
        for _ in 0..LOOKS {
            match compare(database, &self.sum, self.size, progress).await {
                Ok(Some(true)) => return Ok(()),
                Ok(Some(false)) => {
                    report
                        .tampered("the index of terms is not what the records say; `rebuild` makes it again");
                    return Ok(());
                }
                Ok(None) => {}
                Err(error) if error.kind == PortErrorKind::Corrupt => {
                    report.tampered(format!("{error}; `rebuild` makes it again"));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        report.unknown("the index of terms kept changing while it was verified");
        Ok(())
    }
}
