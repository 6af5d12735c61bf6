//! Whom a download may ask, as far as the text of a URL tells.
//!
//! What names lead to is looked at when connecting, by the neighbour `resolver`.

use std::{fmt, net::IpAddr, str::FromStr};

use reqwest::Url;
use strongroom_kernel::ports::FetchError;

use crate::AddressPolicy;

/// A scheme that downloads know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// Bare HTTP.
    Http,
}

impl Scheme {
    /// As it stands in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// Whom a [`Downloader`](crate::Downloader) may ask. The default is nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadPolicy {
    /// Allowed schemes.
    pub schemes: Vec<Scheme>,
    /// Allowed ports.
    pub ports: Vec<u16>,
    /// Allowed hosts, where their addresses are public.
    pub hosts: Vec<HostPattern>,
    /// Hosts that may have addresses of our own network, each on one port.
    pub internal: Vec<InternalHost>,
    /// How many redirects are followed.
    pub redirects: usize,
}

impl Default for DownloadPolicy {
    /// Nobody; of whoever is added, by `https` on port 443, after at most 5 redirects.
    fn default() -> Self {
        Self {
            schemes: vec![Scheme::Https],
            ports: vec![443],
            hosts: Vec::new(),
            internal: Vec::new(),
            redirects: 5,
        }
    }
}

/// A place that may be asked, and with which guard of its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) url: Url,
    pub(crate) addresses: AddressPolicy,
}

impl DownloadPolicy {
    /// Reads and checks the URL a client posted.
    pub(crate) fn admit(&self, url: &str) -> Result<Admitted, FetchError> {
        self.check(Url::parse(url).map_err(|_| FetchError::Url)?)
    }

    /// Where a redirect from `from` to `location` leads.
    pub(crate) fn redirect(&self, from: &Url, location: &str) -> Result<Admitted, FetchError> {
        let target = from.join(location).map_err(|_| FetchError::Redirect)?;
        if from.scheme() == "https" && target.scheme() == "http" {
            return Err(FetchError::Downgrade);
        }
        self.check(target)
    }

    fn check(&self, mut url: Url) -> Result<Admitted, FetchError> {
        if !self.schemes.iter().any(|scheme| scheme.as_str() == url.scheme()) {
            let allowed: Vec<_> = self.schemes.iter().map(|scheme| scheme.as_str()).collect();
            return Err(FetchError::Scheme { allowed: allowed.join(", ") });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Credentials);
        }
        let (host, port) = host_and_port(&url).ok_or(FetchError::Url)?;
        let addresses = if self.internal.iter().any(|known| known.host == host && known.port == port) {
            AddressPolicy::Internal
        } else if !self.ports.contains(&port) {
            return Err(FetchError::Port);
        } else if !self.hosts.iter().any(|pattern| pattern.matches(&host)) {
            return Err(FetchError::Host);
        } else {
            AddressPolicy::PublicOnly
        };
        if literal(&host).is_some_and(|address| !addresses.allows(address)) {
            return Err(FetchError::Address);
        }
        url.set_fragment(None);
        Ok(Admitted { url, addresses })
    }
}

/// Host as the URL standard writes it (lower case, ASCII, numbers as addresses) without a final dot, and port.
fn host_and_port(url: &Url) -> Option<(String, u16)> {
    let host = url.host_str()?;
    Some((host.strip_suffix('.').unwrap_or(host).to_owned(), url.port_or_known_default()?))
}

/// The address that a host of a URL is, if it is one.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// The text is neither a host nor a pattern of hosts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidHost(&'static str);

/// Hosts that may be asked: `*` for all, `*.example.org` for those below, or one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(Pattern);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    All,
    /// With the dot in front.
    Below(String),
    One(String),
}

impl HostPattern {
    fn matches(&self, host: &str) -> bool {
        match &self.0 {
            Pattern::All => true,
            Pattern::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
            Pattern::One(one) => host == one,
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(match text.strip_prefix("*.") {
            _ if text == "*" => Pattern::All,
            Some(domain) => Pattern::Below(format!(".{}", bare_host(domain)?)),
            None => Pattern::One(bare_host(text)?),
        }))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Pattern::All => formatter.write_str("*"),
            Pattern::Below(suffix) => write!(formatter, "*{suffix}"),
            Pattern::One(host) => formatter.write_str(host),
        }
    }
}

/// `text` as a URL would have it as its host.
fn bare_host(text: &str) -> Result<String, InvalidHost> {
    const WRONG: InvalidHost =
        InvalidHost("not a host: `*`, `*.example.org`, `files.example.org` or an address");
    if text.contains(['/', '?', '#', '@', '\\', '*']) {
        return Err(WRONG);
    }
    let url = Url::parse(&format!("http://{text}/")).map_err(|_| WRONG)?;
    let has_port = url.port().is_some() || text.ends_with(":80") || text.ends_with(':');
    match host_and_port(&url) {
        Some((host, _)) if !has_port => Ok(host),
        _ => Err(WRONG),
    }
}

/// A host of our own network that may be asked on one port: `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalHost {
    host: String,
    port: u16,
}

impl FromStr for InternalHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = InvalidHost("not a host with its port, such as `files.hospital.example:8443`");
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong.clone())?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port != 0).ok_or_else(|| wrong.clone())?;
        let host = bare_host(host).map_err(|_| wrong)?;
        if literal(&host).is_some_and(|address| !AddressPolicy::Internal.allows(address)) {
            return Err(InvalidHost("link-local, multicast and metadata addresses are never asked"));
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for InternalHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(hosts: &[&str], internal: &[&str]) -> DownloadPolicy {
        DownloadPolicy {
            schemes: vec![Scheme::Https, Scheme::Http],
            ports: vec![80, 443],
            hosts: hosts.iter().map(|host| host.parse().expect(host)).collect(),
            internal: internal.iter().map(|host| host.parse().expect(host)).collect(),
            ..DownloadPolicy::default()
        }
    }

    /// What is said of `url`, as the name of the error or of the guard of addresses.
    fn verdict(policy: &DownloadPolicy, url: &str) -> String {
        match policy.admit(url) {
            Ok(admitted) => format!("{:?}", admitted.addresses),
            Err(error) => {
                let text = format!("{error:?}");
                text.split([' ', '(']).next().unwrap_or_default().to_owned()
            }
        }
    }

    #[test]
    fn nobody_may_be_asked_unless_allowed() {
        assert_eq!(verdict(&DownloadPolicy::default(), "https://example.org/file"), "Host");
        assert_eq!(verdict(&DownloadPolicy::default(), "http://example.org/file"), "Scheme");
    }

    #[test]
    fn the_text_of_a_url_decides() {
        let policy = policy(&["*.example.org", "files.test", "8.8.8.8"], &["pacs.test:8443", "10.0.0.1:80"]);
        for (url, expected) in [
            ("https://a.example.org/x", "PublicOnly"),
            ("https://A.B.Example.ORG./x", "PublicOnly"),
            ("https://example.org/x", "Host"),
            ("https://badexample.org/x", "Host"),
            ("http://files.test/x#part", "PublicOnly"),
            ("http://files.test:443/x", "PublicOnly"),
            ("http://files.test:8080/x", "Port"),
            ("https://8.8.8.8/x", "PublicOnly"),
            ("https://pacs.test:8443/x", "Internal"),
            ("https://pacs.test/x", "Host"),
            ("http://10.0.0.1/x", "Internal"),
            ("http://0xa000001/x", "Internal"),
            ("https://10.0.0.1/x", "Host"),
            ("https://user@files.test/x", "Credentials"),
            ("https://:secret@files.test/x", "Credentials"),
            ("ftp://files.test/x", "Scheme"),
            ("file:///etc/passwd", "Scheme"),
            ("jar:https://files.test/x!/y", "Scheme"),
            ("data:text/plain,x", "Scheme"),
            ("files.test/x", "Url"),
            ("", "Url"),
            ("https://", "Url"),
        ] {
            assert_eq!(verdict(&policy, url), expected, "{url}");
        }
    }

    #[test]
    fn every_public_host_is_not_every_address() {
        let policy = policy(&["*"], &[]);
        for url in [
            "http://127.1/",
            "http://[::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "http://2130706433/",
        ] {
            assert_eq!(verdict(&policy, url), "Address", "{url}");
        }
        assert_eq!(verdict(&policy, "https://anything.example/"), "PublicOnly");
    }

    #[test]
    fn redirects_are_checked_as_the_url_was() {
        let policy = policy(&["files.test"], &[]);
        let from = Url::parse("https://files.test/a/b").expect("a URL");
        assert_eq!(
            policy.redirect(&from, "../c?d#e").expect("allowed").url.as_str(),
            "https://files.test/c?d"
        );
        assert!(matches!(policy.redirect(&from, "http://files.test/c"), Err(FetchError::Downgrade)));
        assert!(matches!(policy.redirect(&from, "//other.test/c"), Err(FetchError::Host)));
        assert!(matches!(policy.redirect(&from, "//me@files.test/c"), Err(FetchError::Credentials)));
        assert!(matches!(policy.redirect(&from, "file:///etc/passwd"), Err(FetchError::Scheme { .. })));
        assert!(matches!(policy.redirect(&from, "https://"), Err(FetchError::Redirect)));
    }

    #[test]
    fn patterns_are_read_as_urls_write_hosts() {
        for (text, shown) in [
            ("*", "*"),
            ("*.Example.org", "*.example.org"),
            ("bücher.test", "xn--bcher-kva.test"),
            ("0x7f.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(text.parse::<HostPattern>().expect(text).to_string(), shown);
        }
        for text in ["", "*example.org", "a.*", "a:80", "a:8080", "a:", "http://a", "a/b", "u@a", "a b"] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
        for (text, shown) in
            [("Pacs.test:80", "pacs.test:80"), ("127.0.0.1:8080", "127.0.0.1:8080"), ("[::1]:9", "[::1]:9")]
        {
            assert_eq!(text.parse::<InternalHost>().expect(text).to_string(), shown);
        }
        for text in [
            "pacs.test",
            "pacs.test:",
            "pacs.test:0",
            "pacs.test:+80",
            "pacs.test:65536",
            "*.test:80",
            "169.254.169.254:80",
            ":80",
        ] {
            assert!(text.parse::<InternalHost>().is_err(), "{text}");
        }
    }
}
