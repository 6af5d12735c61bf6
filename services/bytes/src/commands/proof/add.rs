//! Adds a proof made after the answer to its raw file.

use async_trait::async_trait;
use strongroom_kernel::{Command, Snapshot, State, Unit, Uuid, Value, ports::AnchorProof};
use strongroom_model::{Caller, Error};

use crate::{
    commands::ADD_PROOF,
    tables::{PendingProof, RawFile},
};

/// Adds `proof` to `raw_file` and forgets that it waits.
#[derive(Debug)]
pub struct AddProof {
    /// The file.
    pub raw_file: Uuid,
    /// The proof of its hash.
    pub proof: AnchorProof,
}

#[async_trait]
impl Command for AddProof {
    type Reply = ();

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        let key = vec![Value::Id(self.raw_file)];
        let mut unit = Unit::new(&Caller::system("bytes"), ADD_PROOF);
        unit.about("raw_file", self.raw_file);
        if let Some(raw) = snapshot.find::<RawFile>(&key).await? {
            let provider = self.proof.provider.clone();
            let row = RawFile { proof_provider: provider, proof_link: Some(self.proof.link.clone()), ..raw };
            unit.put(&row, State::Present);
        }
        unit.remove::<PendingProof>(key, State::Present);
        Ok((unit, ()))
    }
}
