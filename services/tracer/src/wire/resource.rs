//! Resources of a dataset: how they are posted, and the form in which they are stored and answered.

use serde::{Deserialize, Serialize};
use strongroom_inspect::{Algorithm, Digests};

use super::base64::{self, NotBase64};

/// A resource as it stands in a trace. Members that only the first version promised are left out where they are
/// absent, so that what the newest clients posted is answered as they know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// What the client calls it.
    pub id: String,
    /// Standard Base64 of the digest of its content; absent until a remote content was fetched.
    pub content_hash: Option<String>,
    /// Name of the algorithm of that digest.
    pub content_hash_type: Option<String>,
    /// `IMAGING_DATA` or `PATIENT_INFO`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resource_type: Option<String>,
    /// Digest of its name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name_hash: Option<String>,
    /// Algorithm of that digest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name_hash_type: Option<String>,
    /// Digest of where it was fetched from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path_hash: Option<String>,
    /// Algorithm of that digest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path_hash_type: Option<String>,
    /// Bytes of the file that was fetched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_length: Option<i64>,
    /// Digest of where the file came from after redirects, by the algorithm of its content's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source_hash: Option<String>,
    /// When it was fetched, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fetched: Option<String>,
}

/// A content somewhere else, to be fetched and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Place of its resource in the list.
    pub place: usize,
    /// Where it is.
    pub url: String,
}

impl Resource {
    /// A resource of that id with nothing known of it yet.
    pub fn new(id: String) -> Self {
        Self {
            id,
            content_hash: None,
            content_hash_type: None,
            resource_type: None,
            name_hash: None,
            name_hash_type: None,
            path_hash: None,
            path_hash_type: None,
            content_length: None,
            source_hash: None,
            fetched: None,
        }
    }

    /// With this digest of its content.
    #[must_use]
    pub fn with_content(mut self, digest: &[u8], algorithm: Algorithm) -> Self {
        self.content_hash = Some(base64::encode(digest));
        self.content_hash_type = Some(algorithm.name().to_owned());
        self
    }

    /// With the digest of its name.
    #[must_use]
    pub fn with_name(mut self, name: &str, algorithm: Algorithm) -> Self {
        self.name_hash = Some(text_hash(name, algorithm));
        self.name_hash_type = Some(algorithm.name().to_owned());
        self
    }

    /// With the digest of its address.
    #[must_use]
    pub fn with_path(mut self, path: &str, algorithm: Algorithm) -> Self {
        self.path_hash = Some(text_hash(path, algorithm));
        self.path_hash_type = Some(algorithm.name().to_owned());
        self
    }
}

/// Standard Base64 of the digest of a text's UTF-8.
fn text_hash(text: &str, algorithm: Algorithm) -> String {
    base64::encode(&algorithm.digest(text.as_bytes()))
}

/// The digest of content given as Base64, in one pass over it.
pub(super) fn digest_of_base64(data: &str, algorithm: Algorithm) -> Result<Vec<u8>, NotBase64> {
    let mut digests = Digests::new(&[algorithm]);
    base64::decode(data, |piece| digests.update(piece))?;
    Ok(digests.finish().pop().map(|(_, digest)| digest).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_and_names_hash_to_the_published_vectors() {
        let check = |algorithm: Algorithm, data: &str, expected: &str| {
            assert_eq!(base64::encode(&digest_of_base64(data, algorithm).unwrap()), expected);
        };
        let this = "VGhpcyBpcyBhIGZpbGU=";
        check(Algorithm::Sha3_256, this, "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=");
        check(
            Algorithm::Sha3_512,
            this,
            "GFeqHjLQTW+bXoJIA4WgDYYgnPKmGMZpiNWk53GZwJxQQI5d0Q+PVMfySgQEmA9uEv6mqQS3eb5fRo96mRd0jA==",
        );
        check(Algorithm::Sha3_256, "", "p//G+L8e12ZRwUdWoGHWYvWA/03kO0n6gtgKS4D4Q0o=");
        assert_eq!(
            text_hash("resource 12121", Algorithm::Sha3_256),
            "zCCNo96qqmjGpgldXwv8Ec22U9uga9zGnG8rKi5KukU="
        );
    }

    #[test]
    fn members_nobody_posted_are_not_answered() {
        let resource = Resource::new("index".to_owned()).with_content(&[0; 3], Algorithm::Sha3_256);
        assert_eq!(
            serde_json::to_string(&resource).unwrap(),
            r#"{"id":"index","contentHash":"AAAA","contentHashType":"SHA3_256"}"#
        );
    }
}
