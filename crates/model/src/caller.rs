//! Who asks now. Who exists at all (accounts, keys) is the business of the services.

/// How a caller proved who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerKind {
    /// A named account that showed a valid credential.
    Account,
    /// The holder of a custody token of role `auditor`.
    Auditor,
    /// Strongroom itself: relays, sweeps, imports, commands on the machine's own shell.
    System,
    /// Nobody known: no credential, or a wrong one.
    Stranger,
}

impl CallerKind {
    /// The word that stands in records.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Auditor => "auditor",
            Self::System => "system",
            Self::Stranger => "stranger",
        }
    }
}

/// Who asks now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// How he proved it.
    pub kind: CallerKind,
    /// The account's name; a personal value, kept in records as a commitment.
    pub name: String,
}

impl Caller {
    /// A caller with a proven account.
    pub fn account(name: impl Into<String>) -> Self {
        Self { kind: CallerKind::Account, name: name.into() }
    }

    /// An auditor with a custody token.
    pub fn auditor(name: impl Into<String>) -> Self {
        Self { kind: CallerKind::Auditor, name: name.into() }
    }

    /// Strongroom itself, acting as `part` (`"relay"`, `"import"`, …).
    pub fn system(part: impl Into<String>) -> Self {
        Self { kind: CallerKind::System, name: part.into() }
    }

    /// Nobody known.
    pub fn stranger() -> Self {
        Self { kind: CallerKind::Stranger, name: String::new() }
    }
}
