//! The resources of a posted dataset: ready hashes are taken, contents hashed, addresses kept to be fetched.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use strongroom_inspect::Algorithm;

use super::{MAX_RESOURCES, Posted, Rules, members::Reader};
use crate::wire::{
    base64::decode_short,
    few::few,
    lists::DATASET_RESOURCES,
    resource::{Remote, Resource, digest_of_base64},
};

/// Longest address.
const MAX_URL: usize = 4_096;
/// Longest text of a ready hash: no digest comes near it.
const MAX_HASH: usize = 1_024;

type Raw<'a> = Option<&'a RawValue>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    content_type: Raw<'a>,
    #[serde(borrow, default)]
    name: Raw<'a>,
    #[serde(borrow, default)]
    resource_type: Raw<'a>,
    #[serde(borrow, default)]
    url: Raw<'a>,
    #[serde(borrow, default)]
    data: Raw<'a>,
    #[serde(borrow, default)]
    hash: Raw<'a>,
    #[serde(borrow, default)]
    hash_type: Raw<'a>,
}

/// A text that is borrowed where it can be: content may be long.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads the list, which must be there and may be empty.
pub(super) fn read(posted: &mut Posted, reader: &mut Reader, raw: Raw<'_>, rules: &Rules) {
    let Some(raw) = raw else { return reader.problem("resources", "is missing, though it may be empty") };
    let Ok(list) = few::<&RawValue>(raw.get(), MAX_RESOURCES) else {
        return reader.problem("resources", "must be a list of objects");
    };
    if list.len() > MAX_RESOURCES {
        return reader.problem("resources", &format!("has more than {MAX_RESOURCES} members"));
    }
    let mut resources = Vec::with_capacity(list.len());
    for (place, raw) in list.into_iter().enumerate() {
        let field = format!("resources[{place}]");
        let members = raw.get().starts_with('{').then(|| serde_json::from_str::<Members<'_>>(raw.get()));
        let Some(Ok(members)) = members else {
            reader.problem(&field, "must be an object without repeated members");
            continue;
        };
        if let Some((resource, url)) = one(reader, &field, &members, rules) {
            posted.remote.extend(url.map(|url| Remote { place, url }));
            resources.push(resource);
        }
    }
    posted.resources = Some(resources);
}

fn one(
    reader: &mut Reader,
    field: &str,
    members: &Members<'_>,
    rules: &Rules,
) -> Option<(Resource, Option<String>)> {
    let id = reader.text(&format!("{field}.id"), members.id);
    let kind = reader.text(&format!("{field}.contentType"), members.content_type)?;
    let mut resource = Resource::new(id?);
    if let Some(name) = reader.optional_text(&format!("{field}.name"), members.name) {
        resource = resource.with_name(&name, rules.algorithm);
    }
    resource.resource_type = resource_type(reader, field, members);
    match kind.trim().to_ascii_uppercase().as_str() {
        "HASH" => {
            let (digest, algorithm) = ready_hash(reader, field, members)?;
            Some((resource.with_content(&digest, algorithm), None))
        }
        "FILE_DATA" => {
            let digest = content(reader, field, members, rules.algorithm)?;
            Some((resource.with_content(&digest, rules.algorithm), None))
        }
        "HTTP_FTP" => {
            let url = address(reader, field, members)?;
            Some((resource.with_path(&url, rules.algorithm), Some(url)))
        }
        _ => {
            reader.problem(&format!("{field}.contentType"), "must be one of HASH, FILE_DATA, HTTP_FTP");
            None
        }
    }
}

/// The newest version ignores it, so what it does not know is dropped and not refused.
fn resource_type(reader: &mut Reader, field: &str, members: &Members<'_>) -> Option<String> {
    let posted = reader.optional_text(&format!("{field}.resourceType"), members.resource_type)?;
    let known = DATASET_RESOURCES.iter().find(|known| known.eq_ignore_ascii_case(posted.trim()))?;
    Some((*known).to_owned())
}

fn ready_hash(reader: &mut Reader, field: &str, members: &Members<'_>) -> Option<(Vec<u8>, Algorithm)> {
    let hash_field = format!("{field}.hash");
    let type_field = format!("{field}.hashType");
    let algorithm = reader.text(&type_field, members.hash_type).and_then(|name| {
        let algorithm = name.trim().parse::<Algorithm>().ok();
        if algorithm.is_none() {
            let known: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
            reader.problem(&type_field, &format!("must be one of {}", known.join(", ")));
        }
        algorithm
    });
    let text = long_text(reader, &hash_field, members.hash, MAX_HASH)?;
    let Ok(digest) = decode_short(&text) else {
        reader.problem(&hash_field, "must be Base64 of the digest's bytes");
        return None;
    };
    let algorithm = algorithm?;
    if digest.len() != algorithm.output_len() {
        let (is, must) = (digest.len(), algorithm.output_len());
        let message = format!("is Base64 of {is} bytes, but a digest of {algorithm} has {must}");
        reader.problem(&hash_field, &message);
        return None;
    }
    Some((digest, algorithm))
}

fn content(reader: &mut Reader, field: &str, members: &Members<'_>, algorithm: Algorithm) -> Option<Vec<u8>> {
    let field = format!("{field}.data");
    let text = long_text(reader, &field, members.data, usize::MAX)?;
    let digest = digest_of_base64(&text, algorithm);
    if digest.is_err() {
        reader.problem(&field, "must be Base64");
    }
    digest.ok()
}

fn address(reader: &mut Reader, field: &str, members: &Members<'_>) -> Option<String> {
    let field = format!("{field}.url");
    let url = long_text(reader, &field, members.url, MAX_URL)?.trim().to_owned();
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("https" | "http" | "ftp")) || url.contains(['\0', ' ', '\n']) {
        reader.problem(&field, "must be an address with http, https or ftp");
        return None;
    }
    Some(url)
}

/// A text that must be there and not blank, of at most `most` bytes.
fn long_text<'a>(reader: &mut Reader, field: &str, raw: Raw<'a>, most: usize) -> Option<Cow<'a, str>> {
    let Some(raw) = raw else {
        reader.problem(field, "is missing");
        return None;
    };
    let Ok(Text(text)) = serde_json::from_str::<Text<'a>>(raw.get()) else {
        reader.problem(field, "must be a text");
        return None;
    };
    if text.trim().is_empty() {
        reader.problem(field, "must not be blank");
    } else if text.len() > most {
        reader.problem(field, &format!("has more than {most} bytes"));
    } else {
        return Some(text);
    }
    None
}
