//! Saves a scan job: once, under the id its client chose.

use async_trait::async_trait;
use strongroom_kernel::{Command, Snapshot, State, Unit};
use strongroom_model::{Caller, Error};

use crate::{
    commands::{SAVE_BOEFJE_META, integrity_error},
    tables::BoefjeMeta,
};

/// Saves `meta`; the same id again is refused, even with the same values.
#[derive(Debug, Clone)]
pub struct SaveBoefjeMeta {
    /// Who asks.
    pub caller: Caller,
    /// What to save.
    pub meta: BoefjeMeta,
}

#[async_trait]
impl Command for SaveBoefjeMeta {
    type Reply = ();

    async fn decide(&self, _snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(&self.caller, SAVE_BOEFJE_META);
        unit.about("boefje_meta", self.meta.id);
        unit.about("organization", &self.meta.organization);
        unit.put(&self.meta, State::Absent.or("id_taken"));
        Ok((unit, ()))
    }

    fn unmet(&self, _label: &'static str) -> Error {
        integrity_error()
    }
}
