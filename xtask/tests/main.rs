//! The house rules as tests, so that `cargo test` alone finds what the build server would.

use xtask::house::{self, Report};

fn check(report: &Report) {
    assert!(report.faults.is_empty(), "{} faults:\n{}", report.faults.len(), report.faults.join("\n"));
}

#[test]
fn every_text_keeps_the_house_rules() {
    check(&house::tidy::check(&xtask::root()).expect("the repository can be read"));
}

#[test]
fn crates_see_only_what_the_design_draws() {
    check(&house::arrows::check(&xtask::root()).expect("the manifests can be read"));
}

#[test]
fn every_dependency_is_used() {
    check(&house::unused::check(&xtask::root()).expect("the manifests can be read"));
}
