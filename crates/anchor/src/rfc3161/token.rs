//! Verifies a time-stamp token: the signed data an authority gave for a text (RFC 3161 §2.4.2, RFC 5652 §5).
//!
//! What the signature covers cannot change: the text's digest, the time, number, policy and nonce of the stamp,
//! and which certificate signed it. Outside it stand the token's version numbers, the list of digest algorithms,
//! parameters of algorithms, unsigned attributes, revocation lists, and certificates that the chain does not
//! need; a change there may pass, and changes nothing of what is attested. Who stores a token and wants it byte
//! for byte the same keeps a digest of it.

use der::{
    Any, Decode, Encode,
    asn1::{ObjectIdentifier, OctetString},
};
use strongroom_model::Timestamp;

use super::{
    error::{TokenError, malformed},
    hash::HashAlgorithm,
    signature::TokenSignature,
    signer::{CertificateDigest, Signer},
    structures::{
        Attribute, CONTENT_TYPE, ContentInfo, MESSAGE_DIGEST, MessageImprint, SIGNED_DATA,
        SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, SignedData, SignerInfo, SigningCertificate,
        SigningCertificateV2, TST_INFO, TstInfo,
    },
    time,
    trust::Trust,
};

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When the text existed, by the authority's clock (`genTime`).
    pub time: Timestamp,
    /// How the text was hashed.
    pub imprint: HashAlgorithm,
    /// The authority's number of the stamp, in lower-case hexadecimal.
    pub serial_number: String,
    /// Object identifier of the authority's policy, in dots.
    pub policy: String,
    /// Subject of the signer's certificate (RFC 4514).
    pub signer: String,
}

/// What a token must say to be accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// Anything for the text; what rests on SHA-1 is accepted, since tokens outlive algorithms.
    Stored,
    /// The answer to a request just made.
    Fresh {
        /// The hash algorithm asked for; SHA-1 elsewhere in the token is accepted only with it.
        imprint: HashAlgorithm,
        /// The nonce asked for: content of an ASN.1 `INTEGER`.
        nonce: &'a [u8],
    },
}

/// Verifies a stored token, in DER, for `text` against `trust`, at the time it names itself.
///
/// # Errors
/// Any [`TokenError`] but a declined one.
pub fn verify_token(text: &str, token: &[u8], trust: &Trust) -> Result<Stamp, TokenError> {
    verify(text, token, trust, Expected::Stored)
}

pub(crate) fn verify(
    text: &str,
    token: &[u8],
    trust: &Trust,
    expected: Expected<'_>,
) -> Result<Stamp, TokenError> {
    let data = signed_data(token)?;
    let content = data.encap_content_info.content.as_bytes();
    let info = TstInfo::from_der(content).map_err(malformed("the stamp"))?;
    let imprint = check_stamp(&info, text, expected)?;
    let time = time::parse(&info.gen_time.0)?;

    let signer_info = only_signer(&data)?;
    let digest = hash_algorithm(signer_info.digest_algorithm.oid, "the content's digest")?;
    let attributes = Attributes::read(&signer_info.signed_attributes)?;
    attributes.check_content(&digest.digest(content))?;

    let embedded = data.certificates.iter().flatten().map(Any::to_der).collect::<Result<Vec<_>, _>>();
    let embedded = embedded.map_err(malformed("a certificate"))?;
    let candidates = embedded.iter().map(Vec::as_slice).chain(trust.certificates());
    let signer = Signer::find(candidates, &attributes.signing_certificates()?, &signer_info.sid)?;
    signer.check_purpose()?;
    signer.check_validity(time)?;

    let message = attributes.signed_bytes()?;
    let signature = TokenSignature {
        algorithm: &signer_info.signature_algorithm,
        digest,
        message: &message,
        signature: signer_info.signature.as_bytes(),
    };
    let sha1_accepted =
        !matches!(expected, Expected::Fresh { imprint, .. } if imprint != HashAlgorithm::Sha1);
    if !sha1_accepted && (digest == HashAlgorithm::Sha1 || signature.is_weak()?) {
        return Err(TokenError::Weak);
    }
    signature.verify(signer.key())?;
    trust.check_chain(signer.der(), &embedded, time)?;
    Ok(Stamp {
        time,
        imprint,
        serial_number: hex::encode(info.serial_number.as_bytes()),
        policy: info.policy.to_string(),
        signer: signer.name(),
    })
}

fn signed_data(token: &[u8]) -> Result<SignedData, TokenError> {
    let outer = ContentInfo::from_der(token).map_err(malformed("the token"))?;
    if outer.content_type != SIGNED_DATA {
        return Err(TokenError::Broken("the token is not signed data"));
    }
    let signed: SignedData = outer.content.decode_as().map_err(malformed("the token's signed data"))?;
    if signed.encap_content_info.content_type != TST_INFO {
        return Err(TokenError::Broken("the signed content is not a time stamp"));
    }
    Ok(signed)
}

/// What the stamp itself says against what was asked.
fn check_stamp(info: &TstInfo, text: &str, expected: Expected<'_>) -> Result<HashAlgorithm, TokenError> {
    if info.version != 1 {
        return Err(TokenError::Broken("the stamp's version is not 1"));
    }
    if info.extensions.iter().flatten().any(|extension| extension.critical) {
        return Err(TokenError::Broken("the stamp has a critical extension"));
    }
    let MessageImprint { hash_algorithm: algorithm, hashed_message } = &info.message_imprint;
    let imprint = hash_algorithm(algorithm.oid, "the text's digest")?;
    if hashed_message.as_bytes() != imprint.digest(text.as_bytes()) {
        return Err(TokenError::WrongText);
    }
    if let Expected::Fresh { imprint: asked, nonce } = expected {
        if imprint != asked {
            return Err(TokenError::WrongText);
        }
        if info.nonce.as_ref().is_none_or(|answered| answered.as_bytes() != nonce) {
            return Err(TokenError::WrongNonce);
        }
    }
    Ok(imprint)
}

fn only_signer(data: &SignedData) -> Result<SignerInfo, TokenError> {
    let [signer] = data.signer_infos.as_slice() else {
        return Err(TokenError::Broken("the token has not exactly one signer"));
    };
    signer.decode_as().map_err(malformed("the signer's part"))
}

fn hash_algorithm(oid: ObjectIdentifier, what: &'static str) -> Result<HashAlgorithm, TokenError> {
    HashAlgorithm::from_oid(oid).ok_or(TokenError::Unsupported(what))
}

/// The attributes the signature covers.
struct Attributes<'a> {
    raw: &'a [Any],
    read: Vec<Attribute>,
}

impl<'a> Attributes<'a> {
    fn read(raw: &'a [Any]) -> Result<Self, TokenError> {
        let read: Result<Vec<Attribute>, _> = raw.iter().map(Any::decode_as).collect();
        Ok(Self { raw, read: read.map_err(malformed("a signed attribute"))? })
    }

    /// The one value of the attribute `kind`, if it is there.
    fn find(&self, kind: ObjectIdentifier) -> Result<Option<&Any>, TokenError> {
        let mut found = self.read.iter().filter(|attribute| attribute.kind == kind);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(attribute), None) => match attribute.values.as_slice() {
                [value] => Ok(Some(value)),
                _ => Err(TokenError::Broken("a signed attribute has not exactly one value")),
            },
            (Some(_), Some(_)) => Err(TokenError::Broken("a signed attribute is there twice")),
        }
    }

    fn get(&self, kind: ObjectIdentifier, absent: &'static str) -> Result<&Any, TokenError> {
        self.find(kind)?.ok_or(TokenError::Broken(absent))
    }

    /// Whether the attributes belong to the content with `digest` (RFC 5652 §11.1, §11.2).
    fn check_content(&self, digest: &[u8]) -> Result<(), TokenError> {
        let unreadable = malformed("a signed attribute");
        let kind: ObjectIdentifier =
            self.get(CONTENT_TYPE, "the content's type is not signed")?.decode_as().map_err(&unreadable)?;
        if kind != TST_INFO {
            return Err(TokenError::Broken("the signed type is not that of a time stamp"));
        }
        let signed: OctetString = self
            .get(MESSAGE_DIGEST, "the content's digest is not signed")?
            .decode_as()
            .map_err(&unreadable)?;
        if signed.as_bytes() != digest {
            return Err(TokenError::WrongSignature);
        }
        Ok(())
    }

    /// Digests of the signer's certificate, at least one: from the attribute of RFC 5035, and its predecessor.
    fn signing_certificates(&self) -> Result<Vec<CertificateDigest>, TokenError> {
        let unreadable = malformed("the signer's identifier");
        let mut digests = Vec::new();
        if let Some(value) = self.find(SIGNING_CERTIFICATE)? {
            let value: SigningCertificate = value.decode_as().map_err(&unreadable)?;
            let first = value.certs.first().ok_or(TokenError::Broken("the signer is not named"))?;
            let digest = first.cert_hash.as_bytes().to_vec();
            digests.push(CertificateDigest { algorithm: HashAlgorithm::Sha1, digest });
        }
        if let Some(value) = self.find(SIGNING_CERTIFICATE_V2)? {
            let value: SigningCertificateV2 = value.decode_as().map_err(&unreadable)?;
            let first = value.certs.first().ok_or(TokenError::Broken("the signer is not named"))?;
            let algorithm = match &first.hash_algorithm {
                Some(named) => hash_algorithm(named.oid, "the signer's identifier")?,
                None => HashAlgorithm::Sha256,
            };
            let digest = first.cert_hash.as_bytes().to_vec();
            digests.push(CertificateDigest { algorithm, digest });
        }
        if digests.is_empty() {
            return Err(TokenError::Broken("the signer's certificate is not signed"));
        }
        Ok(digests)
    }

    /// The bytes under the signature: the attributes as a `SET OF` (RFC 5652 §5.4), in the order they came.
    fn signed_bytes(&self) -> Result<Vec<u8>, TokenError> {
        let unreadable = malformed("the signed attributes");
        let mut content = Vec::new();
        for attribute in self.raw {
            attribute.encode_to_vec(&mut content).map_err(&unreadable)?;
        }
        Any::new(der::Tag::Set, content).and_then(|set| set.to_der()).map_err(&unreadable)
    }
}
