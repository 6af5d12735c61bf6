//! What an authority is asked (RFC 3161 §2.4.1).

use der::{
    Encode,
    asn1::{Int, OctetString},
};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{
    error::{TokenError, malformed},
    hash::HashAlgorithm,
    structures::{MessageImprint, TimeStampReq},
};

/// Whether the token shall carry the signer's certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Certificates {
    /// It shall, so that it can be verified with a root alone. A token has some kilobytes then.
    #[default]
    Include,
    /// It shall not, as the original asked: short tokens, and the signer's certificate must be configured.
    Omit,
}

/// The request for a stamp on `text`, in DER. `nonce` is the content of a positive ASN.1 `INTEGER`.
pub(crate) fn encode(
    text: &str,
    imprint: HashAlgorithm,
    nonce: &[u8],
    certificates: Certificates,
) -> Result<Vec<u8>, TokenError> {
    let unwritable = malformed("the request");
    let request = TimeStampReq {
        version: 1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: imprint.oid(),
                parameters: Some(der::asn1::Null.into()),
            },
            hashed_message: OctetString::new(imprint.digest(text.as_bytes())).map_err(&unwritable)?,
        },
        nonce: Int::new(nonce).map_err(&unwritable)?,
        cert_req: certificates == Certificates::Include,
    };
    request.to_der().map_err(unwritable)
}

/// A nonce from random bytes: positive, and never written shorter than it is long.
pub(crate) fn nonce(mut random: [u8; 8]) -> [u8; 8] {
    random[0] = random[0] & 0x7f | 0x40;
    random
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_bytes_of_the_standard() {
        // The same as `openssl ts -query -digest … -sha256 -cert` with this nonce.
        let request =
            encode("abc", HashAlgorithm::Sha256, &[0x41, 2, 3, 4, 5, 6, 7, 8], Certificates::Include);
        assert_eq!(
            hex::encode(request.expect("a request")),
            "3043020101\
             3031300d060960864801650304020105000420\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\
             02084102030405060708\
             0101ff"
        );
    }

    #[test]
    fn a_request_without_certificates_leaves_the_default_out() {
        let request =
            encode("abc", HashAlgorithm::Sha1, &nonce([0; 8]), Certificates::Omit).expect("a request");
        assert!(request.ends_with(&[0x02, 0x08, 0x40, 0, 0, 0, 0, 0, 0, 0]));
    }

    #[test]
    fn a_nonce_is_positive_and_has_eight_bytes_whatever_was_drawn() {
        for random in [[0; 8], [0xff; 8], [0x80, 0, 0, 0, 0, 0, 0, 0]] {
            let nonce = nonce(random);
            assert!((0x40..0x80).contains(&nonce[0]));
            assert_eq!(Int::new(&nonce).expect("an integer").as_bytes(), nonce);
        }
    }
}
