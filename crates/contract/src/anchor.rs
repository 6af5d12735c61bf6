//! What every anchor must do.
//!
//! An adapter runs it with `strongroom_contract::anchor_tests!(make)`, where `make` is an async function that gives
//! `Option<impl Anchor>`: `None` says that the outsider is not at hand, and the test that it was skipped. What an
//! outsider may answer, and how long he may take, is tested beside each adapter.

use strongroom_kernel::ports::{Anchor, AnchorProof, PortErrorKind};

/// Runs the suite on the anchors that `$make` makes: one test per case.
#[macro_export]
macro_rules! anchor_tests {
    ($make:path) => {
        $crate::anchor_tests! { @each $make;
            a_proof_holds_for_its_text_alone,
            a_proof_names_who_gave_it_and_is_short,
            the_same_text_may_be_attested_twice,
            texts_of_all_kinds_are_attested,
            a_spoilt_proof_never_holds,
        }
    };
    (@each $make:path; $($case:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                match $make().await {
                    Some(anchor) => $crate::anchor::$case(&anchor).await,
                    None => println!("skipped"),
                }
            }
        )*
    };
}

const TEXT: &str = "sha512:e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931";

/// Whether `proof` holds for `text`; `None` when this kind of anchor leaves nothing to check.
async fn holds(anchor: &dyn Anchor, text: &str, proof: &AnchorProof) -> Option<bool> {
    match anchor.check(text, proof).await {
        Ok(()) => Some(true),
        Err(error) => match error.kind {
            PortErrorKind::Corrupt => Some(false),
            PortErrorKind::Refused => None,
            other => panic!("{other:?}: {error}"),
        },
    }
}

/// An anchor that checks at all tells texts apart.
pub async fn a_proof_holds_for_its_text_alone(anchor: &dyn Anchor) {
    let proof = anchor.anchor(TEXT).await.unwrap();
    if holds(anchor, TEXT, &proof).await.is_none() {
        assert!(anchor.provider().is_none(), "whoever attests leaves something to check");
        return;
    }
    assert_eq!(holds(anchor, TEXT, &proof).await, Some(true));
    let longer = format!("{TEXT}0");
    for other in ["", "another text", &TEXT[1..], &longer, &TEXT.to_uppercase()] {
        assert_eq!(holds(anchor, other, &proof).await, Some(false), "{other}");
    }
}

/// As the port's document says.
pub async fn a_proof_names_who_gave_it_and_is_short(anchor: &dyn Anchor) {
    let proof = anchor.anchor(TEXT).await.unwrap();
    assert_eq!(proof.provider.as_deref(), anchor.provider());
    assert!((1..=64 * 1024).contains(&proof.link.len()), "{} bytes", proof.link.len());
}

/// And both proofs hold.
pub async fn the_same_text_may_be_attested_twice(anchor: &dyn Anchor) {
    let proofs = [anchor.anchor(TEXT).await.unwrap(), anchor.anchor(TEXT).await.unwrap()];
    for proof in proofs {
        assert_ne!(holds(anchor, TEXT, &proof).await, Some(false));
    }
}

/// Callers anchor digests and checkpoints; nothing forbids other texts.
pub async fn texts_of_all_kinds_are_attested(anchor: &dyn Anchor) {
    let long = "line\n".repeat(2_000);
    for text in ["x", "äöü 漢字 &=+%00", "two\nlines\r\n", &long] {
        let proof = anchor.anchor(text).await.unwrap();
        assert_ne!(holds(anchor, text, &proof).await, Some(false), "{text}");
    }
}

/// Neither an empty one, nor somebody else's, nor a cut one.
pub async fn a_spoilt_proof_never_holds(anchor: &dyn Anchor) {
    let proof = anchor.anchor(TEXT).await.unwrap();
    let cut = proof.link[..proof.link.len() / 2].to_owned();
    for link in [String::new(), "\0".to_owned(), "nonsense".to_owned(), cut] {
        let spoilt = AnchorProof { link, provider: proof.provider.clone() };
        assert_ne!(holds(anchor, TEXT, &spoilt).await, Some(true), "{spoilt:?}");
    }
    let nobodys = AnchorProof { provider: None, ..proof };
    if anchor.provider().is_some() {
        assert_ne!(holds(anchor, TEXT, &nobodys).await, Some(true), "the provider is part of the proof");
    }
}
