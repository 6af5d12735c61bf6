//! Resolves names for the client and lets only allowed addresses through.
//!
//! The client connects to exactly the addresses that come out of here, so a name whose answer changes between
//! a check and the connection gains nothing. Hosts written as an address never come here: see [`check_url`].

use std::{error::Error as StdError, net::SocketAddr, sync::Arc};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use crate::{AddressPolicy, Names, policy::literal};

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
    match literal(url.host_str().unwrap_or_default()) {
        Some(address) if !policy.allows(address) => Err(Forbidden::Address),
        _ => Ok(()),
    }
}

/// What the policy forbade, if that is at the root of `error`.
pub(crate) fn forbidden(error: &(dyn StdError + 'static)) -> Option<Forbidden> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(forbidden) = cause.downcast_ref() {
            return Some(*forbidden);
        }
        next = cause.source();
    }
    None
}

/// A resolver behind the policy.
#[derive(Debug, Clone)]
pub(crate) struct GuardedResolver {
    policy: AddressPolicy,
    names: Arc<dyn Names>,
}

impl GuardedResolver {
    pub(crate) fn new(policy: AddressPolicy, names: Arc<dyn Names>) -> Self {
        Self { policy, names }
    }

    /// Which addresses come out of it.
    pub(crate) fn policy(&self) -> AddressPolicy {
        self.policy
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { policy, names } = self.clone();
        Box::pin(async move {
            let found = names.look_up(name.as_str().to_owned()).await?;
            let n_found = found.len();
            // Port 0 stands for the one of the URL.
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| policy.allows(*address))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
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
