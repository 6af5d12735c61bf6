//! Tests of the kernel that need no backend; those on real backends live in `strongroom-testkit`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod record;
