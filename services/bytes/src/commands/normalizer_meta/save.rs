//! Saves a parser job over a raw file that must be there.

use async_trait::async_trait;
use strongroom_kernel::{Command, Snapshot, State, Unit, Value};
use strongroom_model::{Caller, Error};

use crate::{
    commands::{SAVE_NORMALIZER_META, integrity_error},
    tables::{NormalizerMeta, RawFile},
};

/// Saves `meta`; the same id again and an unknown raw file are refused alike, as the original does.
#[derive(Debug, Clone)]
pub struct SaveNormalizerMeta {
    /// Who asks.
    pub caller: Caller,
    /// What to save.
    pub meta: NormalizerMeta,
}

#[async_trait]
impl Command for SaveNormalizerMeta {
    type Reply = ();

    async fn decide(&self, _snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(&self.caller, SAVE_NORMALIZER_META);
        unit.about("normalizer_meta", self.meta.id);
        unit.about("raw_file", self.meta.raw_file);
        unit.require::<RawFile>(vec![Value::Id(self.meta.raw_file)], State::Present.or("raw_file_unknown"));
        unit.put(&self.meta, State::Absent.or("id_taken"));
        Ok((unit, ()))
    }

    fn unmet(&self, _label: &'static str) -> Error {
        integrity_error()
    }
}
