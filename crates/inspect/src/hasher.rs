//! One running hash function, whichever it is.

use blake2::{
    Blake2b, Blake2s,
    digest::{
        Digest,
        consts::{U28, U32, U48, U64},
    },
};

use crate::Algorithm;

/// Takes content in pieces and gives its digest.
pub(crate) trait Hasher: Send + Sync {
    /// Takes the next piece.
    fn update(&mut self, piece: &[u8]);

    /// The digest of all pieces.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

/// A function of RustCrypto.
struct Common<D>(D);

impl<D: Digest + Send + Sync> Hasher for Common<D> {
    fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

impl Hasher for blake3::Hasher {
    fn update(&mut self, piece: &[u8]) {
        Self::update(self, piece);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.finalize().as_bytes().to_vec()
    }
}

/// A hasher of `algorithm` that has seen nothing.
pub(crate) fn hasher(algorithm: Algorithm) -> Box<dyn Hasher> {
    match algorithm {
        Algorithm::Sha3_256 => Box::new(Common(sha3::Sha3_256::new())),
        Algorithm::Sha3_512 => Box::new(Common(sha3::Sha3_512::new())),
        Algorithm::Sha224 => Box::new(Common(sha2::Sha224::new())),
        Algorithm::Sha256 => Box::new(Common(sha2::Sha256::new())),
        Algorithm::Sha384 => Box::new(Common(sha2::Sha384::new())),
        Algorithm::Sha512 => Box::new(Common(sha2::Sha512::new())),
        Algorithm::Sha512_224 => Box::new(Common(sha2::Sha512_224::new())),
        Algorithm::Sha512_256 => Box::new(Common(sha2::Sha512_256::new())),
        Algorithm::Sha3_224 => Box::new(Common(sha3::Sha3_224::new())),
        Algorithm::Sha3_384 => Box::new(Common(sha3::Sha3_384::new())),
        Algorithm::Blake2b256 => Box::new(Common(Blake2b::<U32>::new())),
        Algorithm::Blake2b384 => Box::new(Common(Blake2b::<U48>::new())),
        Algorithm::Blake2b512 => Box::new(Common(Blake2b::<U64>::new())),
        Algorithm::Blake2s224 => Box::new(Common(Blake2s::<U28>::new())),
        Algorithm::Blake2s256 => Box::new(Common(Blake2s::<U32>::new())),
        Algorithm::Blake3 => Box::new(blake3::Hasher::new()),
    }
}
