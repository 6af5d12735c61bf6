//! Lets one request at a time make a person known, so that none of many first requests fails for the others.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher as _, RandomState},
};

use tokio::sync::{Mutex, MutexGuard};

/// Names share so many doors; two that share one only wait for each other.
const DOORS: usize = 256;

/// Doors through which new persons come, one at a time each.
#[derive(Debug)]
pub struct Newcomers {
    doors: Vec<Mutex<()>>,
    // random per process, so that nobody can choose names that all share a door
    hasher: RandomState,
}

impl Default for Newcomers {
    fn default() -> Self {
        Self { doors: (0..DOORS).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }
}

impl Newcomers {
    /// Waits for the doors of `names`, always in the same order, so that no two wait for each other.
    pub async fn admit<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<MutexGuard<'_, ()>> {
        let doors: BTreeSet<usize> = names.map(|name| self.door(name)).collect();
        let mut guards = Vec::with_capacity(doors.len());
        for door in doors {
            guards.push(self.doors[door].lock().await);
        }
        guards
    }

    fn door(&self, name: &str) -> usize {
        let doors = u64::try_from(DOORS).unwrap_or(u64::MAX);
        usize::try_from(self.hasher.hash_one(name) % doors).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_name_is_admitted_once_at_a_time() {
        let newcomers = Newcomers::default();
        let inside = newcomers.admit(["a", "b", "a"].into_iter()).await;
        assert!(newcomers.doors[newcomers.door("a")].try_lock().is_err());
        drop(inside);
        assert!(newcomers.doors[newcomers.door("a")].try_lock().is_ok());
    }
}
