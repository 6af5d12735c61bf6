//! Persons as an answer counts them.

use std::collections::HashMap;

use strongroom_kernel::Uuid;
use strongroom_model::{Error, ErrorKind};

/// Short numbers for persons.
#[derive(Debug, Default)]
pub(super) struct Persons(HashMap<Uuid, u32>);

impl Persons {
    pub(super) fn number(&mut self, person: Uuid) -> Result<u32, Error> {
        let next = u32::try_from(self.0.len()).map_err(|_| {
            Error::new(ErrorKind::Unsupported, "too many users for one answer: ask for a shorter interval")
        })?;
        Ok(*self.0.entry(person).or_insert(next))
    }
}
