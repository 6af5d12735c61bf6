//! Trust policies: which logs are believed, and how many witnesses must agree (`c2sp.org/tlog-policy`).
//!
//! A policy judges a signed checkpoint; it asks nobody. Reading its text is `policy/read.rs`. What a policy does
//! not say, such as how old a cosignature may be, is its user's business.

mod read;

pub use read::{PolicyError, ReadError};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{Note, Verifier};

/// Longest policy read, in bytes.
pub const MAX_POLICY_BYTES: usize = 256 * 1024;
/// Most logs, most witnesses and most groups; the specification asks for at least 32.
pub const MAX_DEFINED: usize = 256;

/// A log whose checkpoints are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key, named as its origin.
    pub verifier: Verifier,
    /// Where it is, if the policy says so.
    pub url: Option<String>,
}

/// A witness and what the policy calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name within the policy, for people.
    pub name: String,
    /// Its key.
    pub verifier: Verifier,
    /// Its submission prefix (`c2sp.org/tlog-witness`), if the policy says so.
    pub url: Option<String>,
}

/// What a quorum or a group asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The cosignature of the witness at this place.
    Witness(usize),
    /// What the group at this place asks for.
    Group(usize),
}

/// At least so many of these.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    least: usize,
    members: Vec<Wanted>,
}

/// Logs, witnesses, and the quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    /// Each refers only to groups before it.
    groups: Vec<Group>,
    /// `None` asks for nobody.
    quorum: Option<Wanted>,
}

/// Why a checkpoint does not satisfy a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsatisfied {
    /// No known log signed it, or it is malformed.
    #[error("the checkpoint cannot be believed")]
    Checkpoint(#[from] CheckpointError),
    /// Too few witnesses cosigned it.
    #[error("the witnesses that cosigned it do not make the quorum: {}", list(.0))]
    Quorum(Vec<String>),
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "there is none".to_owned() } else { names.join(", ") }
}

/// A checkpoint that satisfies a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Names of the witnesses that cosigned it, with the time each says it did, in seconds since the Unix epoch.
    pub cosigned: Vec<(String, u64)>,
}

impl Policy {
    /// Reads the text of a policy.
    ///
    /// # Errors
    /// [`PolicyError`], with the number of the line at fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        read::read(bytes)
    }

    /// The logs that are believed; a policy may name none where the log is known from elsewhere.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// All witnesses, in the order of the text.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Whether these witnesses, by their place in [`Policy::witnesses`], make the quorum.
    pub fn is_met(&self, cosigned: impl Fn(usize) -> bool) -> bool {
        let mut groups: Vec<bool> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let agree = group.members.iter().filter(|&&wanted| holds(wanted, &groups, &cosigned));
            groups.push(agree.count() >= group.least);
        }
        self.quorum.is_none_or(|wanted| holds(wanted, &groups, &cosigned))
    }

    /// Which witnesses cosigned, by their places, with their times. Wrong signatures do not count.
    pub fn cosigned(&self, note: &Note) -> Vec<(usize, u64)> {
        let of = |(place, witness): (usize, &PolicyWitness)| {
            let verified = note.verify(std::slice::from_ref(&witness.verifier)).ok()?;
            Some((place, verified.first()?.time?))
        };
        self.witnesses.iter().enumerate().filter_map(of).collect()
    }

    /// Judges a signed checkpoint by the policy's own logs.
    ///
    /// # Errors
    /// [`Unsatisfied`].
    pub fn judge(&self, signed: &[u8]) -> Result<Judged, Unsatisfied> {
        let logs: Vec<Verifier> = self.logs.iter().map(|log| log.verifier.clone()).collect();
        self.judge_of(signed, &logs)
    }

    /// Judges a signed checkpoint of one of these logs, each of whose keys is named as its origin.
    ///
    /// # Errors
    /// [`Unsatisfied`].
    pub fn judge_of(&self, signed: &[u8], logs: &[Verifier]) -> Result<Judged, Unsatisfied> {
        let note = Note::parse(signed).map_err(CheckpointError::Note)?;
        let origin = note.text().split('\n').next().unwrap_or_default();
        let own: Vec<Verifier> = logs.iter().filter(|log| log.name().as_str() == origin).cloned().collect();
        let (checkpoint, note) = Checkpoint::open(signed, origin, &own)?;
        let cosigned = self.cosigned(&note);
        let name = |place: usize| self.witnesses[place].name.clone();
        if !self.is_met(|place| cosigned.iter().any(|(other, _)| *other == place)) {
            let names = cosigned.into_iter().map(|(place, _)| name(place)).collect();
            return Err(Unsatisfied::Quorum(names));
        }
        let cosigned = cosigned.into_iter().map(|(place, time)| (name(place), time)).collect();
        Ok(Judged { checkpoint, cosigned })
    }
}

fn holds(wanted: Wanted, groups: &[bool], cosigned: &impl Fn(usize) -> bool) -> bool {
    match wanted {
        Wanted::Witness(place) => cosigned(place),
        Wanted::Group(place) => groups.get(place).copied().unwrap_or(false),
    }
}
