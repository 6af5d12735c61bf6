//! The ASN.1 of time stamps (RFC 3161) and of the signed data around them (RFC 5652, RFC 5035, RFC 5816).
//!
//! Only the shape. What is signed, and certificates, stay the bytes they came as: parsing and writing them again
//! could change a byte a signature covers. Nothing here judges anything.

use der::{
    Any, Choice, DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Sequence, Tag, Writer,
    asn1::{BitString, Int, ObjectIdentifier, OctetString, SetOfVec},
};
use x509_cert::{ext::Extensions, serial_number::SerialNumber, spki::AlgorithmIdentifierOwned};

/// `id-signedData`.
pub(crate) const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// `id-ct-TSTInfo`.
pub(crate) const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// `id-contentType`.
pub(crate) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// `id-messageDigest`.
pub(crate) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// `id-aa-signingCertificate`.
pub(crate) const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
/// `id-aa-signingCertificateV2`.
pub(crate) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// RFC 3161 §2.4.1.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(crate) struct MessageImprint {
    pub(crate) hash_algorithm: AlgorithmIdentifierOwned,
    pub(crate) hashed_message: OctetString,
}

/// RFC 3161 §2.4.1, without policy and extensions, which we never ask for.
#[derive(Debug, Sequence)]
pub(crate) struct TimeStampReq {
    pub(crate) version: u8,
    pub(crate) message_imprint: MessageImprint,
    pub(crate) nonce: Int,
    #[asn1(default = "Default::default")]
    pub(crate) cert_req: bool,
}

/// RFC 3161 §2.4.2.
#[derive(Debug, Sequence)]
pub(crate) struct TimeStampResp {
    pub(crate) status: PkiStatusInfo,
    #[asn1(optional = "true")]
    pub(crate) time_stamp_token: Option<Any>,
}

/// RFC 3161 §2.4.2.
#[derive(Debug, Sequence)]
pub(crate) struct PkiStatusInfo {
    pub(crate) status: u32,
    #[asn1(optional = "true")]
    pub(crate) status_string: Option<Vec<Any>>,
    #[asn1(optional = "true")]
    pub(crate) fail_info: Option<BitString>,
}

/// RFC 5652 §3.
#[derive(Debug, Sequence)]
pub(crate) struct ContentInfo {
    pub(crate) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) content: Any,
}

/// RFC 5652 §5.1.
#[derive(Debug, Sequence)]
pub(crate) struct SignedData {
    pub(crate) version: u8,
    pub(crate) digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    pub(crate) encap_content_info: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) certificates: Option<Vec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) crls: Option<Vec<Any>>,
    pub(crate) signer_infos: SetOfVec<Any>,
}

/// RFC 5652 §5.2.
#[derive(Debug, Sequence)]
pub(crate) struct EncapsulatedContentInfo {
    pub(crate) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) content: OctetString,
}

/// RFC 5652 §5.3.
#[derive(Debug, Sequence)]
pub(crate) struct SignerInfo {
    pub(crate) version: u8,
    pub(crate) sid: SignerIdentifier,
    pub(crate) digest_algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    pub(crate) signed_attributes: Vec<Any>,
    pub(crate) signature_algorithm: AlgorithmIdentifierOwned,
    pub(crate) signature: OctetString,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) unsigned_attributes: Option<Vec<Any>>,
}

/// RFC 5652 §5.3.
#[derive(Debug, Choice)]
pub(crate) enum SignerIdentifier {
    /// By who issued the certificate under which number.
    IssuerAndSerialNumber(IssuerAndSerialNumber),
    /// By the identifier of its key.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    SubjectKeyIdentifier(OctetString),
}

/// RFC 5652 §10.2.4. The issuer is a `Name`.
#[derive(Debug, Sequence)]
pub(crate) struct IssuerAndSerialNumber {
    pub(crate) issuer: Any,
    pub(crate) serial_number: SerialNumber,
}

/// RFC 5652 §5.3.
#[derive(Debug, Sequence)]
pub(crate) struct Attribute {
    pub(crate) kind: ObjectIdentifier,
    pub(crate) values: SetOfVec<Any>,
}

/// RFC 5035 §5.4.1.
#[derive(Debug, Sequence)]
pub(crate) struct SigningCertificate {
    pub(crate) certs: Vec<EssCertId>,
    #[asn1(optional = "true")]
    pub(crate) policies: Option<Vec<Any>>,
}

/// RFC 5035 §5.4.1.1: a SHA-1 digest.
#[derive(Debug, Sequence)]
pub(crate) struct EssCertId {
    pub(crate) cert_hash: OctetString,
    #[asn1(optional = "true")]
    pub(crate) issuer_serial: Option<Vec<Any>>,
}

/// RFC 5035 §3.
#[derive(Debug, Sequence)]
pub(crate) struct SigningCertificateV2 {
    pub(crate) certs: Vec<EssCertIdV2>,
    #[asn1(optional = "true")]
    pub(crate) policies: Option<Vec<Any>>,
}

/// RFC 5035 §4: SHA-256 where no algorithm is named.
#[derive(Debug, Sequence)]
pub(crate) struct EssCertIdV2 {
    #[asn1(optional = "true")]
    pub(crate) hash_algorithm: Option<AlgorithmIdentifierOwned>,
    pub(crate) cert_hash: OctetString,
    #[asn1(optional = "true")]
    pub(crate) issuer_serial: Option<Vec<Any>>,
}

/// RFC 3161 §2.4.2.
#[derive(Debug, Sequence)]
pub(crate) struct TstInfo {
    pub(crate) version: u8,
    pub(crate) policy: ObjectIdentifier,
    pub(crate) message_imprint: MessageImprint,
    pub(crate) serial_number: Int,
    pub(crate) gen_time: GeneralizedTimeText,
    #[asn1(optional = "true")]
    pub(crate) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(crate) ordering: bool,
    #[asn1(optional = "true")]
    pub(crate) nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) extensions: Option<Extensions>,
}

/// RFC 3161 §2.4.2.
#[derive(Debug, Sequence)]
pub(crate) struct Accuracy {
    #[asn1(optional = "true")]
    pub(crate) seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) micros: Option<u16>,
}

/// A `GeneralizedTime` as text: RFC 3161 allows fractions of a second, which the crate's own type refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GeneralizedTimeText(pub(crate) Vec<u8>);

impl FixedTag for GeneralizedTimeText {
    const TAG: Tag = Tag::GeneralizedTime;
}

impl<'a> DecodeValue<'a> for GeneralizedTimeText {
    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        Ok(Self(reader.read_vec(header.length)?))
    }
}

impl EncodeValue for GeneralizedTimeText {
    fn value_len(&self) -> der::Result<Length> {
        self.0.len().try_into()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(&self.0)
    }
}
