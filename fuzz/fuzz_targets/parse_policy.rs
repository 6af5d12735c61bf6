//! Trust policies: refused, or judged without a panic, and more cosignatures never make less of a quorum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_ledger::Policy;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = Policy::parse(bytes) {
        let some = policy.is_met(|place| place % 2 == 0);
        assert!(policy.is_met(|_| true) || !some);
        assert!(some || !policy.is_met(|_| false));
        let _ = policy.judge(b"");
    }
});
