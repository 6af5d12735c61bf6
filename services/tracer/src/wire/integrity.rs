//! Resources of a dataset held against those that were recorded: ready hashes as they are, contents by the algorithm
//! of the record.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strongroom_inspect::Algorithm;

use super::{
    base64::{decode_short, encode},
    few::few,
    post::{MAX_RESOURCES, Rejection},
    problem::Problems,
    resource::{Resource, digest_of_base64},
};

/// What became of a resource since it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// It is as it was.
    Intact,
    /// It is another.
    Changed,
    /// None of that id was recorded.
    Unknown,
    /// It was recorded by another algorithm than the hash that was sent.
    NotComparable,
    /// It was recorded by its address, and its file was not fetched yet or could not be.
    NotFetched,
    /// It was recorded, and nothing was sent to hold against it.
    NotChecked,
}

/// A resource and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Its id.
    pub id: String,
    /// What became of it.
    pub verdict: Verdict,
    /// The digest that was recorded, if one was.
    pub recorded_hash: Option<String>,
    /// Its algorithm.
    pub recorded_hash_type: Option<String>,
}

/// The list may stand under a name.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    resources: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    hash: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    hash_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<Cow<'a, str>>,
}

/// Reads the body of `POST /api/v1/datasets/{id}/integrity` and holds each resource of it against `recorded`; then come
/// those of `recorded` that the body does not name.
///
/// # Errors
/// [`Rejection`] with all that must be changed.
pub fn check(body: &[u8], recorded: &[Resource]) -> Result<Vec<Checked>, Rejection> {
    let asked = asked(body)
        .map_err(|error| Rejection::Syntax(format!("the body is not a list of resources: {error}")))?;
    if asked.is_empty() || asked.len() > MAX_RESOURCES {
        let message = format!("must have 1 to {MAX_RESOURCES} members");
        return Err(Rejection::Problems(Problems::one("resources", message)));
    }
    let mut problems = Problems::default();
    let mut checked = Vec::with_capacity(recorded.len().max(asked.len()));
    // the first of an id counts, where several were recorded under it
    let by_id: HashMap<&str, &Resource> = recorded.iter().rev().map(|known| (&*known.id, known)).collect();
    for (place, asked) in asked.iter().enumerate() {
        let known = by_id.get(&*asked.id).copied();
        match verdict(asked, known) {
            Ok(verdict) => checked.push(line(&asked.id, known, verdict)),
            Err((member, message)) => problems.add(format!("resources[{place}].{member}"), message),
        }
    }
    if !problems.is_empty() {
        return Err(Rejection::Problems(problems));
    }
    let named: HashSet<&str> = asked.iter().map(|asked| &*asked.id).collect();
    let others = recorded.iter().filter(|known| !named.contains(&*known.id));
    checked.extend(others.map(|known| line(&known.id, Some(known), Verdict::NotChecked)));
    Ok(checked)
}

/// The resources of a body, one more than are taken where it has more.
fn asked(body: &[u8]) -> serde_json::Result<Vec<Asked<'_>>> {
    let body: &RawValue = serde_json::from_slice(body)?;
    let list = if body.get().starts_with('{') {
        serde_json::from_str::<Object<'_>>(body.get())?.resources
    } else {
        body
    };
    few(list.get(), MAX_RESOURCES)
}

fn line(id: &str, known: Option<&Resource>, verdict: Verdict) -> Checked {
    Checked {
        id: id.to_owned(),
        verdict,
        recorded_hash: known.and_then(|known| known.content_hash.clone()),
        recorded_hash_type: known.and_then(|known| known.content_hash_type.clone()),
    }
}

fn verdict(asked: &Asked<'_>, known: Option<&Resource>) -> Result<Verdict, (&'static str, String)> {
    let recorded = known.and_then(|known| {
        let algorithm = known.content_hash_type.as_deref()?.parse::<Algorithm>().ok()?;
        Some((known.content_hash.as_deref()?, algorithm))
    });
    let compare = |digest: &[u8], hash: &str| {
        if encode(digest) == hash { Verdict::Intact } else { Verdict::Changed }
    };
    let not_base64 = |member: &'static str| (member, "must be Base64".to_owned());
    match (&asked.hash, &asked.data) {
        (Some(hash), None) => {
            let digest = decode_short(hash).map_err(|_| not_base64("hash"))?;
            let name = asked.hash_type.as_deref().unwrap_or_default();
            let algorithm = name.trim().parse::<Algorithm>().map_err(|_| {
                let known: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
                ("hashType", format!("must be one of {}", known.join(", ")))
            })?;
            if digest.len() != algorithm.output_len() {
                let (is, must) = (digest.len(), algorithm.output_len());
                let message = format!("is Base64 of {is} bytes, but a digest of {algorithm} has {must}");
                return Err(("hash", message));
            }
            Ok(match (known, recorded) {
                (None, _) => Verdict::Unknown,
                (Some(_), None) => Verdict::NotFetched,
                (_, Some((_, other))) if other != algorithm => Verdict::NotComparable,
                (_, Some((hash, _))) => compare(&digest, hash),
            })
        }
        (None, Some(data)) => {
            let algorithm = recorded.map_or(Algorithm::Sha3_256, |(_, algorithm)| algorithm);
            let digest = digest_of_base64(data, algorithm).map_err(|_| not_base64("data"))?;
            Ok(match (known, recorded) {
                (None, _) => Verdict::Unknown,
                (Some(_), None) => Verdict::NotFetched,
                (_, Some((hash, _))) => compare(&digest, hash),
            })
        }
        _ => Err(("hash", "must be there with hashType, or data in its place".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=";
    const EMPTY: &str = "p//G+L8e12ZRwUdWoGHWYvWA/03kO0n6gtgKS4D4Q0o=";

    fn recorded() -> Vec<Resource> {
        let digest = decode_short(FILE).unwrap();
        let whole = |id: &str| Resource::new(id.to_owned()).with_content(&digest, Algorithm::Sha3_256);
        vec![whole("a"), whole("b"), Resource::new("remote".to_owned())]
    }

    fn verdicts(body: &str) -> Vec<(String, Verdict)> {
        let checked = check(body.as_bytes(), &recorded()).unwrap();
        checked.into_iter().map(|one| (one.id, one.verdict)).collect()
    }

    #[test]
    fn each_resource_is_judged_and_what_was_not_sent_is_named() {
        let body = format!(
            r#"[{{"id":"a","hash":"{FILE}","hashType":"sha3_256"}},{{"id":"x","data":"AA=="}},
                {{"id":"remote","hash":"{FILE}","hashType":"SHA3_256"}}]"#
        );
        let expected = [
            ("a", Verdict::Intact),
            ("x", Verdict::Unknown),
            ("remote", Verdict::NotFetched),
            ("b", Verdict::NotChecked),
        ];
        assert_eq!(verdicts(&body), expected.map(|(id, verdict)| (id.to_owned(), verdict)));
        let one = |body: String| verdicts(&body)[0].1;
        assert_eq!(
            one(r#"{"resources":[{"id":"a","data":"VGhpcyBpcyBhIGZpbGU="}]}"#.to_owned()),
            Verdict::Intact
        );
        assert_eq!(one(r#"[{"id":"a","data":"VGhpcyBpcyBhIGZpbGU"}]"#.to_owned()), Verdict::Intact);
        assert_eq!(one(r#"[{"id":"a","data":""}]"#.to_owned()), Verdict::Changed);
        let twice = [recorded().remove(0), Resource::new("a".to_owned())];
        let checked = check(br#"[{"id":"a","data":"VGhpcyBpcyBhIGZpbGU="}]"#, &twice).unwrap();
        assert_eq!((checked.len(), checked[0].verdict), (1, Verdict::Intact), "the first of an id counts");
        assert_eq!(
            one(format!(r#"[{{"id":"a","hash":"{EMPTY}","hashType":"SHA3_256"}}]"#)),
            Verdict::Changed
        );
        assert_eq!(
            one(format!(r#"[{{"id":"a","hash":"{FILE}","hashType":"SHA_256"}}]"#)),
            Verdict::NotComparable
        );
    }

    #[test]
    fn what_cannot_be_judged_is_told_by_its_place() {
        for (body, says) in [
            ("[]", "resources must have"),
            (r#"[{"id":"a"}]"#, "resources[0].hash must be there"),
            (r#"[{"id":"a","hash":"AA==","hashType":"SHA3_256"}]"#, "resources[0].hash is Base64 of 1 bytes"),
            (r#"[{"id":"a","hash":"AA=="}]"#, "resources[0].hashType must be one of"),
            (r#"[{"id":"a","hash":"_","hashType":"SHA3_256"}]"#, "resources[0].hash must be Base64"),
            (r#"[{"id":"a","data":"_"}]"#, "resources[0].data must be Base64"),
        ] {
            let Err(Rejection::Problems(problems)) = check(body.as_bytes(), &recorded()) else {
                panic!("{body}");
            };
            assert!(problems.summary().starts_with(says), "{body}: {}", problems.summary());
        }
        let many = format!("[{}]", vec![r#"{"id":"a","data":""}"#; MAX_RESOURCES + 2].join(","));
        let Err(Rejection::Problems(problems)) = check(many.as_bytes(), &recorded()) else { panic!() };
        assert!(problems.summary().starts_with("resources must have 1 to"), "{}", problems.summary());
        for body in ["", "{}", "[1]", r#"{"resources":{}}"#, r#"{"resources":null}"#, "[] []"] {
            assert!(matches!(check(body.as_bytes(), &recorded()), Err(Rejection::Syntax(_))), "{body}");
        }
    }
}
