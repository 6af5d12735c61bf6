//! Files of outsiders without an outside.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use parking_lot::Mutex;
use strongroom_kernel::ports::{Fetch, FetchError, FetchLimits, Fetched};

/// Gives the files it was given, and any other URL's answer is 404.
///
/// Files come in pieces of 1,000 bytes. Limits of length hold, those of time do not.
#[derive(Debug, Default)]
pub struct FakeFetch {
    files: Mutex<BTreeMap<String, Offer>>,
}

#[derive(Debug, Clone)]
enum Offer {
    File(Bytes),
    Failure(fn() -> FetchError),
}

impl FakeFetch {
    /// One without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `file` under `url`, instead of what was there.
    pub fn offer(&self, url: &str, file: impl Into<Bytes>) {
        self.files.lock().insert(url.to_owned(), Offer::File(file.into()));
    }

    /// Has `url` fail as `failure` says.
    pub fn fail(&self, url: &str, failure: fn() -> FetchError) {
        self.files.lock().insert(url.to_owned(), Offer::Failure(failure));
    }
}

#[async_trait]
impl Fetch for FakeFetch {
    fn check(&self, url: &str) -> Result<(), FetchError> {
        match url.split_once("://") {
            Some(("http" | "https", _)) => Ok(()),
            Some(_) => Err(FetchError::Scheme { allowed: "https, http".to_owned() }),
            None => Err(FetchError::Url),
        }
    }

    async fn fetch(&self, url: &str, limits: FetchLimits) -> Result<Fetched, FetchError> {
        self.check(url)?;
        let file = match self.files.lock().get(url) {
            Some(Offer::File(file)) => file.clone(),
            Some(Offer::Failure(failure)) => return Err(failure()),
            None => return Err(FetchError::Status(404)),
        };
        let length = file.len() as u64;
        if length > limits.max_bytes {
            return Err(FetchError::TooLong { limit: limits.max_bytes });
        }
        let pieces: Vec<_> = file.chunks(1_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(Fetched {
            url: url.to_owned(),
            media_type: None,
            length: Some(length),
            body: stream::iter(pieces).boxed(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn files_come_whole_and_within_limits() {
        let fake = FakeFetch::new();
        fake.offer("https://a.test/x", vec![7; 2_500]);
        fake.fail("https://a.test/y", || FetchError::Time);
        let limits = |max_bytes| FetchLimits { max_bytes, total: Duration::MAX, idle: Duration::MAX };
        let fetched = fake.fetch("https://a.test/x", limits(2_500)).await.expect("a file");
        let pieces: Vec<Bytes> = fetched.body.map(|piece| piece.expect("a piece")).collect().await;
        assert_eq!(pieces.concat(), vec![7; 2_500]);
        for (url, limit) in
            [("https://a.test/x", 2_499), ("https://a.test/y", 1), ("https://a.test/z", 1), ("a", 1)]
        {
            fake.fetch(url, limits(limit)).await.expect_err(url);
        }
    }
}
