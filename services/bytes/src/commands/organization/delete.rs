//! Deletes all that an organisation has: parser jobs, raw files, scan jobs, its counters.
//!
//! In steps of one unit each (`remove.rs`), and the same words go on with an interrupted one. Contents that nobody
//! refers to any more go a day later. What records say of the rows stays: deleting is not erasing.

use async_trait::async_trait;
use strongroom_kernel::{Command, Kernel, Snapshot, State, Unit, Value};
use strongroom_model::{Caller, Error};

use super::{
    Deleted,
    remove::{Jobs, next_step},
    unexpected,
};
use crate::{commands::DELETE_ORGANIZATION, tables::Organization};

/// One step of deleting an organisation; its reply says how far it came.
#[derive(Debug, Clone)]
pub struct DeleteOrganization {
    /// Who asks.
    pub caller: Caller,
    /// Its code.
    pub organization: String,
}

#[async_trait]
impl Command for DeleteOrganization {
    type Reply = Deleted;

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, Deleted), Error> {
        let mut unit = Unit::new(&self.caller, DELETE_ORGANIZATION);
        unit.about("organization", &self.organization);
        let deleted = next_step(snapshot, &self.organization, &Jobs::All, &mut unit).await?;
        if deleted.done {
            let key = vec![Value::Text(self.organization.clone())];
            if snapshot.find::<Organization>(&key).await?.is_some() {
                unit.remove::<Organization>(key, State::Present);
            }
        }
        Ok((unit, deleted))
    }

    fn unmet(&self, _label: &'static str) -> Error {
        unexpected()
    }
}

/// Deletes all that `organization` has, step by step; `heard` is told of each.
///
/// # Errors
/// `Unavailable`, `StorageFull`; the next call goes on where this one ended.
pub async fn delete_organization(
    kernel: &Kernel,
    caller: &Caller,
    organization: &str,
    mut heard: impl FnMut(Deleted),
) -> Result<Deleted, Error> {
    let command = DeleteOrganization { caller: caller.clone(), organization: organization.to_owned() };
    let mut all = Deleted::default();
    while !all.done {
        let step = kernel.run(&command).await?.reply;
        all.add(step);
        heard(step);
    }
    Ok(all)
}
