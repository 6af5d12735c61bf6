//! The borders of deduplication: equal content of two domains is stored twice.

use std::fmt;

/// Service and tenant within which equal content is stored once, printed as `service/tenant`.
///
/// The tenant is any text without NUL, the empty one included; it is never used as a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

/// The text is not `service/tenant`, or holds a NUL character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a domain of the form service/tenant")]
pub struct InvalidDomain;

impl Domain {
    /// The domain of `tenant` within `service`.
    ///
    /// # Errors
    /// [`InvalidDomain`] when `service` is empty or has a `/`, or either has a NUL character.
    pub fn new(service: &str, tenant: &str) -> Result<Self, InvalidDomain> {
        if service.is_empty() || service.contains(['/', '\0']) || tenant.contains('\0') {
            return Err(InvalidDomain);
        }
        Ok(Self(format!("{service}/{tenant}")))
    }

    /// A domain from its printed form.
    ///
    /// # Errors
    /// [`InvalidDomain`] when there is no `/`, nothing before it, or a NUL character.
    pub fn parse(text: &str) -> Result<Self, InvalidDomain> {
        let (service, tenant) = text.split_once('/').ok_or(InvalidDomain)?;
        Self::new(service, tenant)
    }

    /// The printed form, `service/tenant`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first `/`.
    pub fn service(&self) -> &str {
        self.0.split_once('/').map_or("", |(service, _)| service)
    }

    /// The part after the first `/`.
    pub fn tenant(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, tenant)| tenant)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_may_hold_slashes_but_the_service_not() {
        let domain = Domain::new("bytes", "a/b").unwrap();
        assert_eq!((domain.service(), domain.tenant()), ("bytes", "a/b"));
        assert_eq!(Domain::parse(domain.as_str()).unwrap(), domain);
        assert_eq!(Domain::new("by/tes", "a"), Err(InvalidDomain));
        assert_eq!(Domain::new("bytes", "\0"), Err(InvalidDomain));
        assert_eq!(Domain::parse("bytes"), Err(InvalidDomain));
    }
}
