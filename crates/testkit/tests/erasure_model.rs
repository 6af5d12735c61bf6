//! Random units and erasures against a model in memory: what was erased is nowhere, all else is as it was.

use std::collections::BTreeMap;

use strongroom_kernel::{State, Uuid, Value, verify::Verdict};
use strongroom_model::Digest;
use strongroom_testkit::{Room, SeededRng};

use crate::{
    diary::{Entry, domain, entry, erase, find, options, rebuild, run, unit},
    tampering::found_in_files,
};

fn name(number: u64) -> String {
    format!("subject-{number}-of-the-model")
}

fn any_entry(rng: &SeededRng, id: u128, fresh: u64) -> (Entry, Vec<u8>) {
    // names that were erased never come again, so that a trace of one is a trace of the old
    let who = |rng: &SeededRng| name(fresh + rng.below(4));
    let picture = format!("picture {}", rng.below(6)).into_bytes();
    let entry = Entry {
        mood: (rng.below(2) == 0).then(|| who(rng)),
        picture: (rng.below(2) == 0).then(|| Digest::of(&picture)),
        ..entry(id, &who(rng))
    };
    (entry, picture)
}

/// What an erasure of a value does to the model.
fn forget(model: &mut BTreeMap<u128, Entry>, value: &str) {
    model.retain(|_, entry| entry.author != value);
    for entry in model.values_mut() {
        if entry.mood.as_deref() == Some(value) {
            entry.mood = None;
        }
    }
}

#[tokio::test]
async fn any_sequence_of_units_and_erasures_does_what_the_model_does() {
    let seed = std::env::var("STRONGROOM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(11);
    let rng = SeededRng::new(seed);
    let mut room = Room::new(options()).await;
    let mut model: BTreeMap<u128, Entry> = BTreeMap::new();
    for round in 0..8 {
        let fresh = round * 10;
        for _ in 0..25 {
            let id = u128::from(rng.below(9));
            let mut unit = unit(&name(fresh + rng.below(4)));
            if rng.below(5) == 0 {
                unit.remove::<Entry>(vec![Value::Id(Uuid::from_u128(id))], State::Any);
                model.remove(&id);
            } else {
                let (entry, picture) = any_entry(&rng, id, fresh);
                if entry.picture.is_some() {
                    unit.blob(&domain(), picture.into());
                }
                unit.put(&entry, State::Any);
                unit.emit("entry_written", "home", format!("{{\"by\": \"{}\"}}", entry.author));
                model.insert(id, entry);
            }
            run(&room, unit).await;
        }
        for number in 0..4 {
            let value = name(fresh + number);
            if rng.below(3) > 0 {
                erase(&room, &value).await;
                forget(&mut model, &value);
                assert!(!found_in_files(room.folder(), value.as_bytes()), "seed {seed}: {value} is left");
            }
        }
        if rng.below(3) == 0 && !model.is_empty() {
            let id = *model.keys().nth(usize::try_from(rng.below(model.len() as u64)).unwrap()).unwrap();
            erase(&room, &format!("row:diary_entry/{}", Uuid::from_u128(id))).await;
            model.remove(&id);
        }
        if round % 3 == 1 {
            room = room.reopen().await.unwrap();
        }
        if round % 3 == 2 {
            rebuild(&room).await;
        }
        for id in 0..9 {
            assert_eq!(find(&room, id).await.as_ref(), model.get(&id), "seed {seed}, round {round}");
        }
        let report = room.verify().await;
        assert_eq!(report.verdict(), Verdict::Clean, "seed {seed}, round {round}: {report:?}");
    }
}
