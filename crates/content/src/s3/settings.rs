//! Where the S3 server is and how long it may take.

use std::time::Duration;

use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
    client::{HttpClient, HttpConnector as _, ReqwestConnector},
    path::Path,
};
use strongroom_kernel::ports::PortError;

/// Connecting takes at most so long.
const CONNECT: Duration = Duration::from_secs(5);

/// An S3 server, a bucket and a prefix in it.
#[derive(Clone)]
pub struct S3Settings {
    bucket: String,
    prefix: Path,
    options: Vec<(AmazonS3ConfigKey, String)>,
    plain_http: bool,
    patience: Duration,
    abandoned_after: Duration,
}

impl S3Settings {
    /// The place `s3://bucket/prefix`, with the rest from `variables`: of them the usual `AWS_*` are taken, such as
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_DEFAULT_REGION` and
    /// `AWS_ENDPOINT_URL`, which may be plain HTTP. Empty ones count as not set.
    ///
    /// Without an endpoint it is AWS; without keys those of the machine's role there.
    ///
    /// # Errors
    /// `Refused` when `url` is not of that form.
    pub fn new(url: &str, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, PortError> {
        let refused = |why: &str| PortError::refused(format!("read the content URL: {why}"));
        let place = url.strip_prefix("s3://").ok_or_else(|| refused("it does not begin with s3://"))?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if bucket.is_empty() || !bucket.bytes().all(plain) {
            return Err(refused("it names no bucket"));
        }
        let prefix =
            Path::parse(prefix).map_err(|error| refused("the prefix is malformed").with_source(error))?;
        let options: Vec<_> = variables
            .into_iter()
            .filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty())
            .filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)))
            .collect();
        let plain_http = options.iter().any(|(key, value)| {
            matches!(key, AmazonS3ConfigKey::Endpoint | AmazonS3ConfigKey::S3Endpoint)
                && value.starts_with("http://")
        });
        let (patience, abandoned_after) = (Duration::from_secs(20), Duration::from_hours(24));
        Ok(Self { bucket: bucket.to_owned(), prefix, options, plain_http, patience, abandoned_after })
    }

    /// Waits at most so long for each answer, and as long again for further tries. Default 20 s.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Multipart uploads that began longer ago are taken for interrupted. Default 24 h.
    #[must_use]
    pub fn with_abandoned_after(mut self, age: Duration) -> Self {
        self.abandoned_after = age;
        self
    }

    pub(super) fn abandoned_after(&self) -> Duration {
        self.abandoned_after
    }

    /// What all keys begin with.
    pub(super) fn prefix(&self) -> &Path {
        &self.prefix
    }

    pub(super) fn client(&self) -> Result<AmazonS3, object_store::Error> {
        // The client inside, reqwest, is built without a provider of cryptography. An error says there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::new();
        for (key, value) in &self.options {
            builder = builder.with_config(*key, value);
        }
        let backoff = BackoffConfig { max_backoff: self.patience / 4, ..BackoffConfig::default() };
        let retry = RetryConfig { backoff, max_retries: 4, retry_timeout: self.patience };
        builder
            .with_bucket_name(&self.bucket)
            .with_client_options(self.client_options())
            .with_retry(retry)
            .build()
    }

    /// For requests that [`AmazonS3`] has no call for; to be made after [`S3Settings::client`].
    pub(super) fn plain_client(&self) -> Result<HttpClient, object_store::Error> {
        ReqwestConnector::default().connect(&self.client_options())
    }

    fn client_options(&self) -> ClientOptions {
        // No limit for a whole request: a slow reader may take his time, a server that says nothing may not.
        ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(CONNECT.min(self.patience))
            .with_read_timeout(self.patience)
            .with_allow_http(self.plain_http)
    }
}

impl std::fmt::Debug for S3Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the options: keys are among them.
        write!(formatter, "S3Settings(s3://{}/{})", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::ports::PortErrorKind;

    use super::*;

    fn settings(url: &str, variables: &[(&str, &str)]) -> Result<S3Settings, PortError> {
        S3Settings::new(url, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn urls_name_a_bucket_and_perhaps_a_prefix() {
        for (url, bucket, prefix) in [
            ("s3://bucket", "bucket", ""),
            ("s3://bucket/", "bucket", ""),
            ("s3://BytesBucket/a/b", "BytesBucket", "a/b"),
            ("s3://b.c-d_e/a/", "b.c-d_e", "a"),
        ] {
            let settings = settings(url, &[]).unwrap();
            assert_eq!((settings.bucket.as_str(), settings.prefix.as_ref()), (bucket, prefix));
        }
        for url in ["", "bucket", "http://bucket", "s3://", "s3:///prefix", "s3://a b/", "s3://bucket/a//b"] {
            assert_eq!(settings(url, &[]).unwrap_err().kind, PortErrorKind::Refused, "{url}");
        }
    }

    #[test]
    fn the_usual_variables_are_taken_and_secrets_not_printed() {
        let settings = settings(
            "s3://bucket/prefix",
            &[
                ("AWS_ACCESS_KEY_ID", "known"),
                ("AWS_SECRET_ACCESS_KEY", "hidden"),
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000"),
                ("AWS_SESSION_TOKEN", ""),
                ("AWS_PROFILE", "not for us"),
                ("HOME", "/"),
            ],
        )
        .unwrap();
        assert_eq!(settings.options.len(), 3);
        assert!(settings.plain_http);
        assert_eq!(format!("{settings:?}"), "S3Settings(s3://bucket/prefix)");
        settings.client().unwrap();
    }
}
