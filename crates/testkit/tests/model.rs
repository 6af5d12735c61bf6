//! Random sequences of units against a model in memory: same answers, clean verification after each round.

use std::collections::BTreeMap;

use bytes::Bytes;
use strongroom_kernel::{State, TextList, Unit, Uuid, Value, verify::Verdict};
use strongroom_model::Digest;
use strongroom_testkit::SeededRng;

use crate::notebook::{Page, Plain, SAVE, anna, domain, find, room};

fn any_page(rng: &SeededRng, id: u128) -> (Page, Bytes) {
    let content =
        Bytes::from(vec![u8::try_from(rng.below(5)).unwrap(); usize::try_from(rng.below(3_000)).unwrap()]);
    let page = Page {
        id: Uuid::from_u128(id),
        title: format!("title {}", rng.below(8)),
        writer: (rng.below(2) == 0).then(|| "\u{e9} \"x\" \\".to_owned()),
        labels: TextList((0..rng.below(3)).map(|place| format!("label,{place}")).collect()),
        domain: domain(),
        picture: (rng.below(4) > 0).then(|| Digest::of(&content)),
    };
    (page, content)
}

#[tokio::test]
async fn any_sequence_of_units_does_what_the_model_does() {
    let seed = std::env::var("STRONGROOM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let rng = SeededRng::new(seed);
    let mut room = room().await;
    let mut model: BTreeMap<u128, Page> = BTreeMap::new();
    for round in 0..6 {
        for _ in 0..40 {
            let mut unit = Unit::new(&anna(), SAVE);
            let mut after = model.clone();
            let mut holds = true;
            for _ in 0..=rng.below(3) {
                let id = u128::from(rng.below(6));
                let state =
                    [State::Absent, State::Present, State::Any][usize::try_from(rng.below(3)).unwrap()];
                let there = after.contains_key(&id);
                holds &= match state {
                    State::Absent => !there,
                    State::Present => there,
                    State::Any | State::Version(_) => true,
                };
                if rng.below(4) == 0 {
                    unit.remove::<Page>(vec![Value::Id(Uuid::from_u128(id))], state.or("state"));
                    after.remove(&id);
                } else {
                    let (page, content) = any_page(&rng, id);
                    if page.picture.is_some() {
                        unit.blob(&page.domain, content);
                    }
                    unit.put(&page, state.or("state"));
                    after.insert(id, page);
                    let mut titles: Vec<_> = after.values().map(|page| &page.title).collect();
                    titles.sort();
                    titles.dedup();
                    holds &= titles.len() == after.len();
                }
            }
            let done = room.kernel.run(&Plain(unit.clone())).await;
            assert_eq!(done.is_ok(), holds, "seed {seed}, {unit:?}: {done:?}");
            if holds {
                model = after;
            }
        }
        for id in 0..6 {
            assert_eq!(find(&room, id).await.as_ref(), model.get(&id), "seed {seed}");
        }
        if round % 2 == 1 {
            room = room.reopen().await.unwrap();
        }
        let report = room.verify().await;
        assert_eq!(report.verdict(), Verdict::Clean, "seed {seed}: {report:?}");
    }
}
