//! Pieces against the whole.

use proptest::prelude::*;
use strongroom_inspect::{Algorithm, Digests};

/// Content of up to 10 KiB (longer than every block, and than a chunk of BLAKE3), and where it is cut.
fn cut_content() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    (prop::collection::vec(any::<u8>(), 0..10_240), prop::collection::vec(any::<prop::sample::Index>(), 0..8))
        .prop_map(|(content, cuts)| {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(content.len() + 1)).collect();
            cuts.sort_unstable();
            (content, cuts)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_content_is_cut_its_digests_are_those_of_the_whole((content, cuts) in cut_content()) {
        let mut digests = Digests::new(&Algorithm::ALL);
        let mut start = 0;
        for cut in cuts.into_iter().chain([content.len()]) {
            digests.update(&content[start..cut]);
            start = cut;
        }
        let whole: Vec<_> = Algorithm::ALL.into_iter().map(|one| (one, one.digest(&content))).collect();
        prop_assert_eq!(digests.finish(), whole);
    }
}

#[test]
fn digests_come_in_the_order_asked_for_and_once_each() {
    let mut digests = Digests::new(&[Algorithm::Blake3, Algorithm::Sha256, Algorithm::Blake3]);
    digests.update(b"abc");
    let names: Vec<_> = digests.finish().into_iter().map(|(algorithm, _)| algorithm).collect();
    assert_eq!(names, [Algorithm::Blake3, Algorithm::Sha256]);
    assert_eq!(Digests::new(&[]).finish(), []);
}
