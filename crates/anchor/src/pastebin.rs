//! Publishes the text as a paste: whoever trusts Pastebin's date can see since when it was there.

use std::fmt;

use async_trait::async_trait;
use strongroom_fetch::Fetcher;
use strongroom_kernel::ports::{Anchor, AnchorProof, PortError, PortErrorKind};

/// Who attests, as clients of the original know it.
const PROVIDER: &str = "https://pastebin.com";
/// A link longer than this is none.
const LONGEST_LINK: usize = 2_048;

/// Publishes texts at Pastebin, unlisted and without end.
#[derive(Clone)]
pub struct Pastebin {
    key: String,
    base: String,
    fetcher: Fetcher,
}

impl Pastebin {
    /// Publishes with the developer key `key`.
    pub fn new(key: impl Into<String>, fetcher: Fetcher) -> Self {
        Self { key: key.into(), base: PROVIDER.to_owned(), fetcher }
    }

    /// Talks to `base`, a URL without a trailing slash, in place of Pastebin itself.
    #[must_use]
    pub fn with_base(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }
}

#[async_trait]
impl Anchor for Pastebin {
    async fn anchor(&self, text: &str) -> Result<AnchorProof, PortError> {
        let fields = [
            ("api_paste_code", text),
            ("api_option", "paste"),
            ("api_dev_key", &*self.key),
            ("api_paste_private", "1"),
            ("api_paste_expire_date", "N"),
        ];
        let answer = self.fetcher.post_form(&format!("{}/api/api_post.php", self.base), &fields).await?;
        if answer.status != 200 {
            let answer = answer.success("publish paste")?;
            return Err(PortError::refused(format!(
                "publish paste: the answer has status {}",
                answer.status
            )));
        }
        let link = std::str::from_utf8(&answer.body).map(str::trim).unwrap_or_default();
        // Pastebin says what it dislikes with status 200 and a text in place of the link.
        if link.len() > LONGEST_LINK || !(link.starts_with("https://") || link.starts_with("http://")) {
            return Err(PortError::refused("publish paste: the answer is not a link"));
        }
        Ok(AnchorProof { link: link.to_owned(), provider: Some(PROVIDER.to_owned()) })
    }

    /// Fetches the paste and compares. `Refused` for proofs that are no pastes.
    async fn check(&self, text: &str, proof: &AnchorProof) -> Result<(), PortError> {
        if proof.provider.as_deref() != Some(PROVIDER) {
            return Err(PortError::refused("check paste: the proof is not Pastebin's"));
        }
        // Only the last segment of the link counts, so a link never leads anywhere but to Pastebin.
        let segment = proof.link.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if segment.is_empty() || !segment.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(PortError::corrupt("check paste: the link does not end in the name of a paste"));
        }
        let answer = self.fetcher.get(&format!("{}/raw/{segment}", self.base)).await?;
        let answer = answer.success("check paste").map_err(|error| match error.kind {
            PortErrorKind::Refused => PortError::corrupt("check paste: it is not there").with_source(error),
            _ => error,
        })?;
        if answer.body != text.as_bytes() {
            return Err(PortError::corrupt("check paste: it has another text"));
        }
        Ok(())
    }

    fn provider(&self) -> Option<&str> {
        Some(PROVIDER)
    }
}

impl fmt::Debug for Pastebin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pastebin").field("base", &self.base).finish_non_exhaustive()
    }
}
