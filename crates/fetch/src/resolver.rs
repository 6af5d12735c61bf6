//! Resolves names for the client and lets only allowed addresses through.
//!
//! The client connects to exactly the addresses that come out of here, so a name whose answer changes between
//! a check and the connection gains nothing. Hosts written as an address never come here: see [`check_url`].

use std::net::{IpAddr, SocketAddr};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use crate::AddressPolicy;

/// A connection the policy does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// The address, or all addresses of the name, are not public.
    Address,
    /// Neither `http` nor `https`.
    Scheme,
    /// Back from `https` to `http`.
    Downgrade,
    /// One redirect more than configured.
    Redirects,
}

impl std::fmt::Display for Forbidden {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Address => "the address is not a public one",
            Self::Scheme => "the scheme is neither http nor https",
            Self::Downgrade => "a redirect leads from https to http",
            Self::Redirects => "too many redirects",
        })
    }
}

impl std::error::Error for Forbidden {}

/// Checks what can be seen of `url` before its name is resolved: the scheme, and a host that is an address.
pub(crate) fn check_url(url: &Url, policy: AddressPolicy) -> Result<(), Forbidden> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Forbidden::Scheme);
    }
    let host = url.host_str().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) if !policy.allows(address) => Err(Forbidden::Address),
        _ => Ok(()),
    }
}

/// The system's resolver behind the policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GuardedResolver(pub(crate) AddressPolicy);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            // Port 0 stands for the one of the URL.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let n_found = found.len();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| policy.allows(address.ip())).collect();
            if allowed.is_empty() && n_found > 0 {
                return Err(Forbidden::Address.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, public_only: Result<(), Forbidden>, any: Result<(), Forbidden>) {
        let url = Url::parse(url).expect(url);
        assert_eq!(check_url(&url, AddressPolicy::PublicOnly), public_only, "{url}");
        assert_eq!(check_url(&url, AddressPolicy::Any), any, "{url}");
    }

    #[test]
    fn an_address_is_seen_however_it_is_written() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://[::1]/",
        ] {
            check(url, Err(Forbidden::Address), Ok(()));
        }
        check("https://1.1.1.1/", Ok(()), Ok(()));
        check("https://example.org/", Ok(()), Ok(()));
    }

    #[test]
    fn other_schemes_are_forbidden() {
        for url in ["file:///etc/passwd", "ftp://example.org/", "gopher://example.org/"] {
            check(url, Err(Forbidden::Scheme), Err(Forbidden::Scheme));
        }
    }
}
