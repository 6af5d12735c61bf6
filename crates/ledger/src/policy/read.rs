//! The text of a policy, line by line (`c2sp.org/tlog-policy`, "Policy file syntax and structure").
//!
//! Names are opaque octets: two that look alike are two.

use std::collections::{HashMap, HashSet};

use super::{Group, MAX_DEFINED, MAX_POLICY_BYTES, Policy, PolicyLog, PolicyWitness, Wanted};
use crate::note::{Algorithm, KeyError, Verifier};

/// What asks for no witness at all; no witness and no group can have the name.
const NONE: &[u8] = b"none";

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Longer than [`MAX_POLICY_BYTES`].
    #[error("the policy is longer than {MAX_POLICY_BYTES} bytes")]
    TooLong,
    /// No `quorum` line.
    #[error("the policy has no quorum line")]
    NoQuorum,
    /// A line is wrong.
    #[error("line {line} of the policy: {error}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        error: ReadError,
    },
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A control character other than a tab.
    #[error("only tabs and newlines are allowed as control characters")]
    Character,
    /// The first word is not known.
    #[error("it begins with none of log, witness, group, quorum")]
    Keyword,
    /// Too few or too many words.
    #[error("it has too few or too many words")]
    Words,
    /// The key is none, or none of this kind.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// A log's key that is not of type 1, or a witness's that is not of type 4.
    #[error("the key is of another kind: logs need type 1, witnesses type 4")]
    Kind,
    /// The public key was given before.
    #[error("the public key stands on an earlier line already")]
    DuplicateKey,
    /// The name was given before, or is `none`.
    #[error("the name is taken")]
    Name,
    /// A name that no earlier line defines.
    #[error("a name that no earlier line defines")]
    Unknown,
    /// A member that is in a group already.
    #[error("a member that is in a group already")]
    Member,
    /// A threshold that is not `all`, `any` or a number from 1 to the number of members.
    #[error("the threshold is not all, any, or a number from 1 to the number of members")]
    Threshold,
    /// A second `quorum` line.
    #[error("a second quorum line")]
    SecondQuorum,
    /// More than [`MAX_DEFINED`] of one kind.
    #[error("there are more than {MAX_DEFINED} of these")]
    TooMany,
}

/// What was read so far.
#[derive(Default)]
struct Reader<'a> {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    names: HashMap<&'a [u8], Wanted>,
    members: HashSet<&'a [u8]>,
    quorum: Quorum,
}

/// What the `quorum` line says.
#[derive(Default)]
enum Quorum {
    /// There was none yet.
    #[default]
    Missing,
    /// `quorum none`.
    Nobody,
    /// A witness or a group.
    Of(Wanted),
}

pub(super) fn read(bytes: &[u8]) -> Result<Policy, PolicyError> {
    if bytes.len() > MAX_POLICY_BYTES {
        return Err(PolicyError::TooLong);
    }
    let mut reader = Reader::default();
    for (line, text) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        reader.line(text).map_err(|error| PolicyError::Line { line, error })?;
    }
    let Reader { logs, witnesses, groups, quorum, .. } = reader;
    let quorum = match quorum {
        Quorum::Missing => return Err(PolicyError::NoQuorum),
        Quorum::Nobody => None,
        Quorum::Of(wanted) => Some(wanted),
    };
    Ok(Policy { logs, witnesses, groups, quorum })
}

impl<'a> Reader<'a> {
    fn line(&mut self, text: &'a [u8]) -> Result<(), ReadError> {
        if text.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
            return Err(ReadError::Character);
        }
        let words: Vec<&[u8]> =
            text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] => self.log(key, None),
            [b"log", key, url] => self.log(key, Some(url)),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, least, members @ ..] if !members.is_empty() => self.group(name, least, members),
            [b"quorum", name] => self.quorum(name),
            [b"log" | b"witness" | b"group" | b"quorum", ..] => Err(ReadError::Words),
            _ => Err(ReadError::Keyword),
        }
    }

    fn log(&mut self, key: &[u8], url: Option<&[u8]>) -> Result<(), ReadError> {
        let verifier = verifier(key, Algorithm::Ed25519)?;
        room(self.logs.len())?;
        if self.logs.iter().any(|log| log.verifier.public_key() == verifier.public_key()) {
            return Err(ReadError::DuplicateKey);
        }
        self.logs.push(PolicyLog { verifier, url: url.map(shown) });
        Ok(())
    }

    fn witness(&mut self, name: &'a [u8], key: &[u8], url: Option<&[u8]>) -> Result<(), ReadError> {
        let verifier = verifier(key, Algorithm::CosignatureV1)?;
        room(self.witnesses.len())?;
        if self.witnesses.iter().any(|other| other.verifier.public_key() == verifier.public_key()) {
            return Err(ReadError::DuplicateKey);
        }
        self.define(name, Wanted::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness { name: shown(name), verifier, url: url.map(shown) });
        Ok(())
    }

    fn group(&mut self, name: &'a [u8], least: &[u8], members: &[&'a [u8]]) -> Result<(), ReadError> {
        room(self.groups.len())?;
        let mut wanted = Vec::with_capacity(members.len());
        for member in members {
            wanted.push(*self.names.get(member).ok_or(ReadError::Unknown)?);
            if !self.members.insert(member) {
                return Err(ReadError::Member);
            }
        }
        let least = match least {
            b"all" => wanted.len(),
            b"any" => 1,
            number => threshold(number, wanted.len()).ok_or(ReadError::Threshold)?,
        };
        self.define(name, Wanted::Group(self.groups.len()))?;
        self.groups.push(Group { least, members: wanted });
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), ReadError> {
        if !matches!(self.quorum, Quorum::Missing) {
            return Err(ReadError::SecondQuorum);
        }
        self.quorum = if name == NONE {
            Quorum::Nobody
        } else {
            Quorum::Of(*self.names.get(name).ok_or(ReadError::Unknown)?)
        };
        Ok(())
    }

    fn define(&mut self, name: &'a [u8], wanted: Wanted) -> Result<(), ReadError> {
        if name == NONE || self.names.contains_key(name) {
            return Err(ReadError::Name);
        }
        self.names.insert(name, wanted);
        Ok(())
    }
}

fn room(taken: usize) -> Result<(), ReadError> {
    if taken < MAX_DEFINED { Ok(()) } else { Err(ReadError::TooMany) }
}

fn verifier(key: &[u8], algorithm: Algorithm) -> Result<Verifier, ReadError> {
    let verifier: Verifier = std::str::from_utf8(key).map_err(|_| KeyError::Name)?.parse()?;
    if verifier.algorithm() == algorithm { Ok(verifier) } else { Err(ReadError::Kind) }
}

fn threshold(number: &[u8], members: usize) -> Option<usize> {
    let digits = number.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(number).ok().filter(|_| digits)?;
    number.parse().ok().filter(|least| (1..=members).contains(least))
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
