//! Names of ledgers: ours, and those the original knew, all of which mean ours.

/// What the original called its ledgers, and the word for all of them.
pub const ORIGINALS: &[&str] = &["ALL_ENABLED", "BESU_PRIVATE", "BIGCHAINDB_PRIVATE"];

/// Whether `name` means our ledger, which is called `ours`; in any letter case.
pub fn is_ledger(name: &str, ours: &str) -> bool {
    name.eq_ignore_ascii_case(ours) || ORIGINALS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_known_ledgers_are_ours() {
        for name in ["STRONGROOM", "strongroom", "all_enabled", "BESU_PRIVATE", "BigchainDB_Private"] {
            assert!(is_ledger(name, "STRONGROOM"), "{name}");
        }
        assert!(!is_ledger("ETHEREUM", "STRONGROOM") && !is_ledger("", "STRONGROOM"));
    }
}
