//! Tokens: a short signed text that says a name, a role and until when.
//!
//! `srt1.<claims>.<mac>`, both in unpadded base64url: the claims are JSON, the mac is HMAC-SHA256 over the text
//! before the second dot. Not a JWT: there is one algorithm, and nothing in a token chooses it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use strongroom_model::Timestamp;

use crate::key::TokenKey;

/// What a token of this form begins with.
const PREFIX: &str = "srt1";
/// Longest token that is looked at.
const MOST_CHARACTERS: usize = 1024;

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May read records with what opens them, across all domains.
    Auditor,
    /// May have a subject erased, and nothing else.
    Eraser,
    /// May hand leaves of another ledger over to this one, and nothing else.
    Forwarder,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who holds it.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// Unix seconds from which on it no longer holds.
    pub expires: i64,
}

/// Why a token does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not a token signed with this key.
    #[error("not a token of this service")]
    Invalid,
    /// It was one.
    #[error("the token has expired")]
    Expired,
}

impl Claims {
    /// The token that says this, signed with `key`.
    ///
    /// # Panics
    /// Never: the claims are always JSON.
    pub fn sign(&self, key: &TokenKey) -> String {
        let claims = serde_json::to_vec(self).expect("a name, a word and a number are always JSON");
        let signed = format!("{PREFIX}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let mac = mac(key, &signed).finalize().into_bytes();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac))
    }

    /// What `token` says, when it was signed with `key` and holds at `now`. The signature is compared in
    /// constant time.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn verify(token: &str, key: &TokenKey, now: Timestamp) -> Result<Self, Refusal> {
        if token.len() > MOST_CHARACTERS {
            return Err(Refusal::Invalid);
        }
        let (signed, given) = token.rsplit_once('.').ok_or(Refusal::Invalid)?;
        let given = BASE64_URL_SAFE_NO_PAD.decode(given).map_err(|_| Refusal::Invalid)?;
        mac(key, signed).verify_slice(&given).map_err(|_| Refusal::Invalid)?;
        let claims =
            signed.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('.')).ok_or(Refusal::Invalid)?;
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).map_err(|_| Refusal::Invalid)?;
        let claims: Self = serde_json::from_slice(&claims).map_err(|_| Refusal::Invalid)?;
        if claims.expires <= now.micros().div_euclid(1_000_000) { Err(Refusal::Expired) } else { Ok(claims) }
    }
}

fn mac(key: &TokenKey, text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: TokenKey = TokenKey::from_bytes([7; 32]);

    fn auditor() -> Claims {
        Claims { name: "jo".to_owned(), role: Role::Auditor, expires: 1_000 }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000).unwrap()
    }

    #[test]
    fn a_token_holds_until_its_end_and_under_its_key_only() {
        let token = auditor().sign(&KEY);
        assert_eq!(Claims::verify(&token, &KEY, at(999)), Ok(auditor()));
        assert_eq!(Claims::verify(&token, &KEY, at(1_000)), Err(Refusal::Expired));
        let other = TokenKey::from_bytes([8; 32]);
        assert_eq!(Claims::verify(&token, &other, at(999)), Err(Refusal::Invalid));
    }

    proptest! {
        #[test]
        fn a_changed_token_does_not_hold(place in 0usize..100, byte in 0x21u8..0x7f) {
            let token = auditor().sign(&KEY);
            let mut changed = token.clone().into_bytes();
            let place = place % changed.len();
            prop_assume!(changed[place] != byte);
            changed[place] = byte;
            let changed = String::from_utf8(changed).unwrap();
            prop_assert_eq!(Claims::verify(&changed, &KEY, at(0)), Err(Refusal::Invalid));
        }
    }
}
