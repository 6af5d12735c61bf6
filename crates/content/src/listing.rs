//! Lists the content of a folder, page by page, in the order of its paths. The layout is told in `disk.rs`.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use strongroom_kernel::ports::ContentKey;
use strongroom_model::{Digest, Domain};

use crate::paths::domain_hash;

/// The file beside the contents of a domain that has its text.
pub(crate) const DOMAIN_FILE: &str = "domain";

/// Up to `limit` keys behind `after`, with the lengths of their files.
pub(crate) fn list(
    objects: &Path,
    after: Option<&ContentKey>,
    limit: usize,
) -> io::Result<Vec<(ContentKey, u64)>> {
    let after = after.map(|key| (domain_hash(&key.domain), key.digest.to_string()));
    let (after_domain, after_digest) = after.unwrap_or_default();
    let mut page = Page { limit, found: Vec::new() };
    for first in names(objects, 2, prefix(&after_domain))? {
        for hash in names(&objects.join(&first), 64, &after_domain)? {
            let after = if hash == after_domain { after_digest.as_str() } else { "" };
            page.add_domain(&objects.join(&first).join(&hash), &hash, after)?;
            if page.is_full() {
                return Ok(page.found);
            }
        }
    }
    Ok(page.found)
}

struct Page {
    limit: usize,
    found: Vec<(ContentKey, u64)>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    fn add_domain(&mut self, folder: &Path, hash: &str, after: &str) -> io::Result<()> {
        let Some(domain) = domain(folder, hash)? else { return Ok(()) };
        for first in names(folder, 2, prefix(after))? {
            let contents = folder.join(first);
            for name in names(&contents, 64, after)?.into_iter().filter(|name| name != after) {
                if self.is_full() {
                    return Ok(());
                }
                let Ok(digest) = name.parse::<Digest>() else { continue };
                match fs::metadata(contents.join(name)) {
                    Ok(file) => self.found.push((ContentKey { domain: domain.clone(), digest }, file.len())),
                    // Removed meanwhile.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// The domain whose contents stand in `folder`, if its file says so.
fn domain(folder: &Path, hash: &str) -> io::Result<Option<Domain>> {
    let text = match fs::read_to_string(folder.join(DOMAIN_FILE)) {
        Ok(text) => text,
        // A crash between folder and file: nothing stands in it yet.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => String::new(),
        Err(error) => return Err(error),
    };
    let domain = Domain::parse(&text).ok().filter(|domain| domain_hash(domain) == hash);
    if domain.is_none() {
        tracing::warn!(folder = hash, "the name of a content domain is damaged; its content is not listed");
    }
    Ok(domain)
}

/// Names in `folder` of `length` lower-case hex digits that are not before `from`, sorted.
fn names(folder: &Path, length: usize, from: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry?.file_name().into_string()
            && name.len() == length
            && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && name.as_str() >= from
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn prefix(hash: &str) -> &str {
    hash.get(..2).unwrap_or_default()
}
