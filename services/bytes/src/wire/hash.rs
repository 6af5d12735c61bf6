//! The hash that binds a file's content to the end of the job that made it.
//!
//! `secure_hash` is the algorithm's name, a colon and the lower-case hex digits of H(content ‖ end time), where the end
//! time is seconds since the Unix epoch as Python prints a 64-bit float. Auditors recompute it with a shell.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha224, Sha512};
use strongroom_model::Timestamp;

use super::python;

/// Above this magnitude not every number of microseconds is a 64-bit float.
const EXACT: u64 = 1 << 53;

/// The algorithms the original knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// SHA-512.
    #[default]
    Sha512,
    /// SHA-224.
    Sha224,
}

impl Algorithm {
    /// The name in front of the colon, and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha512 => "sha512",
            Self::Sha224 => "sha224",
        }
    }

    /// The algorithm of that name, in any case; the original's own documentation spells it `SHA512`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha512, Self::Sha224].into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }
}

/// The end time as it enters the hash: seconds as Python prints a float.
///
/// The float is the correctly rounded quotient of microseconds and a million; plain division rounds twice for instants
/// before 1684 and after 2255.
pub fn end_time_text(instant: Timestamp) -> String {
    python::float_repr(quotient(instant.micros()))
}

/// The correctly rounded quotient of `micros` and a million.
fn quotient(micros: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 53 bits, which is checked")]
    if micros.unsigned_abs() <= EXACT {
        micros as f64 / 1e6
    } else {
        format!("{micros}e-6").parse().expect("an integer with an exponent is a float")
    }
}

/// Hashes content as it passes.
#[derive(Debug, Clone)]
pub struct SecureHasher(State);

#[derive(Debug, Clone)]
enum State {
    Sha512(Sha512),
    Sha224(Sha224),
}

impl SecureHasher {
    /// A hasher that has seen nothing.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
            Algorithm::Sha224 => State::Sha224(Sha224::new()),
        })
    }

    /// Takes the next piece of the content.
    pub fn update(&mut self, content: &[u8]) {
        match &mut self.0 {
            State::Sha512(hasher) => hasher.update(content),
            State::Sha224(hasher) => hasher.update(content),
        }
    }

    /// Ends the content and gives `sha512:…` or `sha224:…`.
    pub fn finish(mut self, ended_at: Timestamp) -> String {
        self.update(end_time_text(ended_at).as_bytes());
        match self.0 {
            State::Sha512(hasher) => spell(Algorithm::Sha512, &hasher.finalize()),
            State::Sha224(hasher) => spell(Algorithm::Sha224, &hasher.finalize()),
        }
    }
}

fn spell(algorithm: Algorithm, digest: &[u8]) -> String {
    let mut text = format!("{}:", algorithm.name());
    for byte in digest {
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::scalar::parse_instant;

    fn secure_hash(algorithm: Algorithm, content: &[u8], ended_at: &str) -> String {
        let mut hasher = SecureHasher::new(algorithm);
        let (first, second) = content.split_at(content.len() / 2);
        hasher.update(first);
        hasher.update(second);
        hasher.finish(parse_instant(ended_at).expect(ended_at))
    }

    #[test]
    fn sha512_hashes_are_those_of_the_original() {
        let check = |content: &[u8], ended_at: &str, text: &str, digest: &str| {
            assert_eq!(end_time_text(parse_instant(ended_at).expect(ended_at)), text);
            let expected = format!("sha512:{digest}");
            assert_eq!(secure_hash(Algorithm::Sha512, content, ended_at), expected, "{ended_at}");
        };
        check(
            b"hello bytes",
            "2024-02-03T04:05:06Z",
            "1706933106.0",
            concat!(
                "a87838737d2381c087ee2546d451cf2eb7221dab26529f4873e2f52794ae6fbc",
                "ce40530aa9089aa79801a4ece1eff4a01848379e6f48fac7099b3e6e59715a08"
            ),
        );
        check(
            b"hello bytes",
            "2024-02-03T06:05:06+02:00",
            "1706933106.0",
            concat!(
                "a87838737d2381c087ee2546d451cf2eb7221dab26529f4873e2f52794ae6fbc",
                "ce40530aa9089aa79801a4ece1eff4a01848379e6f48fac7099b3e6e59715a08"
            ),
        );
        check(
            b"hello bytes",
            "2024-02-03T00:35:06-03:30",
            "1706933106.0",
            concat!(
                "a87838737d2381c087ee2546d451cf2eb7221dab26529f4873e2f52794ae6fbc",
                "ce40530aa9089aa79801a4ece1eff4a01848379e6f48fac7099b3e6e59715a08"
            ),
        );
        check(
            b"hello bytes",
            "2024-02-03T04:05:07.25Z",
            "1706933107.25",
            concat!(
                "d6c39b071f0c660dc0372c301ff85d40e6f5a217dde77a6b81e94312e8cf1cbc",
                "c803a589da39fc97f2a3714eee33f74156d7ec5658c57eae5aa2ecaea7e1b509"
            ),
        );
        check(
            b"hello bytes",
            "2024-02-03T04:05:06.123456Z",
            "1706933106.123456",
            concat!(
                "877d9821b99b1c1c404349311b3088862b4faafbfa536bad22a07356a24a3778",
                "87e41ca8bc89e2d84d1e519c999efe4a40a5e234fa04144d23f023da81305f34"
            ),
        );
        check(
            b"hello bytes",
            "2024-02-03T04:05:06.000001Z",
            "1706933106.000001",
            concat!(
                "e26c8ba1501230eb3e3f2dde2e563a47f6187a94f472b8c99f57adb4e1915db3",
                "0bab9ed7bdf48519a0e78619aed5613af1acfcae6e8ac7d3c994534b552419ca"
            ),
        );
        check(
            b"",
            "2024-02-03T04:05:06Z",
            "1706933106.0",
            concat!(
                "0cc6049ffa3af3010bd22a42139c926c4861410ac2458d67b9c88ce7c241c9b6",
                "e1cff91f66de17563137d77ee43a84d9406f10ab4b7ac6f130b345c86c9394bd"
            ),
        );
        check(
            b"hello bytes",
            "1970-01-01T00:00:00Z",
            "0.0",
            concat!(
                "a5249af0be35301ab2a07962ed4f077c9a86816a36e5207776a918e61bb2fe08",
                "cac9083ae794d789f42ba4b40ae2de9495e0f4681a2f287fefb855b93c1e7d76"
            ),
        );
        check(
            b"hello bytes",
            "1970-01-01T00:00:00.000001Z",
            "1e-06",
            concat!(
                "b1470ea16f5ce1451a635a2ba8ae289b13f0108924f7a2f8032c29e290c65cca",
                "2420639b77edc696fbdaa8026221a86144f679d78ec064a248f67d613a5adf4c"
            ),
        );
        check(
            b"hello bytes",
            "1970-01-01T00:00:00.0001Z",
            "0.0001",
            concat!(
                "15252f5f82e39ce404fd0447cdf1df92bd3cb12dd67558c77ef4b1d68d9ebe21",
                "ae298f46a3bd3e467a6220f6cb7f1986d4bbfe1c9c1bab12f8419e2bef84e79a"
            ),
        );
        check(
            b"hello bytes",
            "1969-12-31T23:59:59.999999Z",
            "-1e-06",
            concat!(
                "a44b89d52b282c5b4491b19092b38f14b0fc471a0d66d8d9ce2ea8188fe0f836",
                "d402eb5dbf79d16aa562462f484164025ba1fccbb70bfd1e802a3cead5b93126"
            ),
        );
        check(
            b"hello bytes",
            "1000-10-10T10:10:11Z",
            "-30585822589.0",
            concat!(
                "2e0a3bf2df247f184a9759e37036ad5bce669c9bab38e6ad8ee8d3b38c382277",
                "25c41301a99066272b17c8a2f5d3733d0cc4239931d0fe59d4a24d546d560e51"
            ),
        );
        check(
            b"hello bytes",
            "1000-10-10T10:10:11.123456Z",
            "-30585822588.876545",
            concat!(
                "6473a5beac6ab553703341037f5da505e4574600d24c4a359eb079f236e06a8e",
                "5a287b6c9cd300fbf20f00cd84061ef118ee4012f6d39664babcb93c86315dec"
            ),
        );
        check(
            b"hello bytes",
            "2300-01-01T00:00:00.100001Z",
            "10413792000.1",
            concat!(
                "219d6801a49882aa80713fd7338757eb8960de0b3c452602ada296b7468f2600",
                "5477eda03022528ae895ae899ecbada5bacb42eb3ae82b3febda3f8115064573"
            ),
        );
        check(
            b"hello bytes",
            "9999-12-31T23:59:59.999999Z",
            "253402300800.0",
            concat!(
                "0530683ecdcaeecfbad3072571e1ae787447c0b965970cd115e1f1766d39cd77",
                "7c141d1d7cfbf29aa108e30b00317e1c0eb2182d66d8f01facb6ccbab4cf0ee2"
            ),
        );
    }

    #[test]
    fn sha224_hashes_are_those_of_the_original() {
        let check = |ended_at: &str, digest: &str| {
            let expected = format!("sha224:{digest}");
            assert_eq!(secure_hash(Algorithm::Sha224, b"hello bytes", ended_at), expected, "{ended_at}");
        };
        check("2024-02-03T04:05:06Z", "2cfe73592e08cf9aa8fd93829f37f5fc9f70f1547b5d1ffb81d868a8");
        check("2024-02-03T04:05:06.123456Z", "d6b4edbaecc4671b9d05d1553e21318f6be75592c1a2f2009129e350");
    }

    #[test]
    fn instants_beyond_53_bits_are_rounded_once() {
        let check = |micros: i64, text: &str| {
            assert_eq!(end_time_text(Timestamp::from_micros(micros).unwrap()), text);
        };
        check(58_895_111_815_038_486, "58895111815.03848");
        // Half-way between two shortest texts, Python takes the even one.
        check(151_771_000_534_265_621, "151771000534.26562");
        check(-56_829_312_704_298_466, "-56829312704.29847");
    }

    #[test]
    fn algorithms_are_known_by_name_in_any_case() {
        assert_eq!(Algorithm::from_name("sha512"), Some(Algorithm::Sha512));
        assert_eq!(Algorithm::from_name("SHA224"), Some(Algorithm::Sha224));
        assert_eq!(Algorithm::from_name("sha256"), None);
    }
}
