//! Programs in Go, which read and ask what we serve without any of our code.
//!
//! Without Go, or without its modules at hand, there is none of them and tests say "skipped", unless
//! `STRONGROOM_TEST_GO=required`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Verifies ledgers: the program of the ledger's own tests.
pub(crate) fn reader() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| build("../crates/ledger/tests/go-reader", "e2e-go-reader")).as_deref()
}

/// A log of Tessera that is cosigned and mirrored.
pub(crate) fn judge() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| build("tests/go-judge", "e2e-go-judge")).as_deref()
}

fn build(folder: &str, name: &str) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let go = |args: &[&str]| Command::new("go").args(args).current_dir(&source).output();
    if go(&["mod", "download"]).is_ok_and(|output| output.status.success()) {
        let built = go(&["build", "-o", program.to_str().unwrap(), "."]).unwrap();
        assert!(built.status.success(), "{built:?}");
        return Some(program);
    }
    let required = std::env::var_os("STRONGROOM_TEST_GO").is_some_and(|value| value == "required");
    assert!(!required, "Go and its modules are required");
    println!("skipped: no Go, or its modules cannot be fetched");
    None
}
