//! What a verification found, and how it says how far it is.

use std::{error::Error as _, fmt};

use strongroom_ledger::{Hash, empty_root};

use crate::ports::{PortError, PortErrorKind};

/// Findings are listed up to this number; beyond it they are counted.
const MAX_FINDINGS: usize = 1_000;

/// What a finding means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// Something stored is not what was stored.
    Tampered,
    /// Something could not be looked at.
    Unknown,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it means.
    pub kind: FindingKind,
    /// What was found, and where.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            FindingKind::Tampered => "tampered",
            FindingKind::Unknown => "unknown",
        };
        write!(formatter, "{word}: {}", self.text)
    }
}

/// The end of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All is as it was stored.
    Clean,
    /// Something is not.
    Tampered,
    /// Something could not be looked at, and nothing else was wrong.
    Unknown,
}

/// What a verification saw and found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The findings, at most 1,000.
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub more: u64,
    /// Leaves verified.
    pub leaves: u64,
    /// Rows verified.
    pub rows: u64,
    /// Contents verified.
    pub contents: u64,
    /// Root over the leaves.
    pub root: Hash,
}

impl Default for Report {
    fn default() -> Self {
        Self { findings: Vec::new(), more: 0, leaves: 0, rows: 0, contents: 0, root: empty_root() }
    }
}

impl Report {
    /// The end of it.
    pub fn verdict(&self) -> Verdict {
        let has = |kind| self.findings.iter().any(|finding| finding.kind == kind);
        match (has(FindingKind::Tampered), has(FindingKind::Unknown)) {
            (true, _) => Verdict::Tampered,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Clean,
        }
    }

    /// Something stored is not what was stored.
    pub fn tampered(&mut self, text: impl Into<String>) {
        self.add(FindingKind::Tampered, text.into());
    }

    /// Something could not be looked at.
    pub fn unknown(&mut self, text: impl Into<String>) {
        self.add(FindingKind::Unknown, text.into());
    }

    /// What a failed look means: corrupt or missing things were tampered with, others are unknown.
    pub(super) fn failed(&mut self, error: &PortError) {
        let text = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        match error.kind {
            PortErrorKind::Corrupt | PortErrorKind::Missing => self.tampered(text),
            _ => self.unknown(text),
        }
    }

    fn add(&mut self, kind: FindingKind, text: String) {
        // the first of a kind is always listed, so that the verdict holds
        let listed = self.findings.iter().any(|finding| finding.kind == kind);
        if listed && self.findings.len() >= MAX_FINDINGS {
            self.more += 1;
        } else {
            self.findings.push(Finding { kind, text });
        }
    }
}
