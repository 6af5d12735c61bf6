//! Whom `tracer` may ask for files of resources that are given by their address.

use std::{fmt::Display, str::FromStr, sync::Arc};

use anyhow::{Result, anyhow};
use strongroom_fetch::{DownloadPolicy, Downloader, Scheme};
use strongroom_kernel::ports::Fetch;
use strongroom_tracer::config;

/// The client for such files; `None` where nobody may be asked.
///
/// # Errors
/// When a host is none, or the TLS stack cannot be set up.
pub(crate) fn of_tracer(fetch: &config::Fetch) -> Result<Option<Arc<dyn Fetch>>> {
    let policy = policy(fetch)?;
    if !fetch.is_on() {
        return Ok(None);
    }
    Ok(Some(Arc::new(Downloader::new(policy)?)))
}

fn policy(fetch: &config::Fetch) -> Result<DownloadPolicy> {
    let scheme = |name: &String| match name.as_str() {
        "https" => Ok(Scheme::Https),
        "http" => Ok(Scheme::Http),
        _ => Err(anyhow!("tracer.fetch.schemes: {name:?} is neither https nor http")),
    };
    Ok(DownloadPolicy {
        schemes: fetch.schemes.iter().map(scheme).collect::<Result<_>>()?,
        ports: fetch.ports.clone(),
        hosts: read("hosts", &fetch.hosts)?,
        internal: read("internal_hosts", &fetch.internal_hosts)?,
        redirects: fetch.redirects,
    })
}

fn read<T: FromStr<Err: Display>>(key: &str, texts: &[String]) -> Result<Vec<T>> {
    let one =
        |text: &String| text.parse().map_err(|error| anyhow!("tracer.fetch.{key}: {text:?} is {error}"));
    texts.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_by_default_and_a_wrong_key_is_named() {
        assert!(of_tracer(&config::Fetch::default()).unwrap().is_none());
        let with = |change: fn(&mut config::Fetch)| {
            let mut fetch =
                config::Fetch { hosts: vec!["files.example".to_owned()], ..config::Fetch::default() };
            change(&mut fetch);
            of_tracer(&fetch)
        };
        assert!(with(|_| {}).unwrap().is_some());
        for (change, names) in [
            (
                (|fetch| fetch.schemes.push("ftp".to_owned())) as fn(&mut config::Fetch),
                "tracer.fetch.schemes: \"ftp\"",
            ),
            (|fetch| fetch.hosts.push("a/b".to_owned()), "tracer.fetch.hosts: \"a/b\""),
            (|fetch| fetch.internal_hosts.push("a".to_owned()), "tracer.fetch.internal_hosts: \"a\""),
        ] {
            let error = with(change).unwrap_err().to_string();
            assert!(error.starts_with(names), "{error}");
        }
    }
}
