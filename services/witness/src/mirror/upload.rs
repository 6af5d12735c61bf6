//! The body of an upload, read piece by piece, unpacked on the way where it came as gzip.

use std::{io::Write as _, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header::CONTENT_ENCODING},
};
use bytes::{Buf as _, BytesMut};
use flate2::write::MultiGzDecoder;
use strongroom_http::body;
use strongroom_ledger::mirror::{EntryPackage, UploadError, UploadHead};
use tokio::time::timeout;

/// Longest wait for one package: 16 MiB at most, 2 KiB as a rule.
const LONGEST_PACKAGE: Duration = Duration::from_mins(1);
/// Packed bytes that are unpacked at once: they become 4 MiB at most.
const SLICE: usize = 4 << 10;

/// An upload under way.
pub(crate) struct Upload {
    body: Body,
    unpacker: Option<MultiGzDecoder<Vec<u8>>>,
    /// A piece of the packed body that is not unpacked yet.
    packed: Bytes,
    held: BytesMut,
    ended: bool,
}

impl Upload {
    /// Begins to read `body`; `None` when it is packed by anything but gzip.
    pub(crate) fn begin(headers: &HeaderMap, body: Body) -> Option<Self> {
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        let unpacker = match (codings.next(), codings.next()) {
            (None, _) => None,
            (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"identity") => None,
            (Some(coding), None) if is_gzip(coding.as_bytes()) => Some(MultiGzDecoder::new(Vec::new())),
            _ => return None,
        };
        Some(Self { body, unpacker, packed: Bytes::new(), held: BytesMut::new(), ended: false })
    }

    /// The head; `None` when the body ends before it does.
    ///
    /// # Errors
    /// [`UploadError`].
    pub(super) async fn head(&mut self) -> Result<Option<UploadHead>, UploadError> {
        self.part(UploadHead::parse).await
    }

    /// The next package, of `count` entries; `None` when the body ends before it does.
    ///
    /// # Errors
    /// [`UploadError`].
    pub(super) async fn package(&mut self, count: u64) -> Result<Option<EntryPackage>, UploadError> {
        self.part(|bytes| EntryPackage::parse(bytes, count)).await
    }

    async fn part<T>(
        &mut self,
        parse: impl Fn(&[u8]) -> Result<Option<(T, usize)>, UploadError>,
    ) -> Result<Option<T>, UploadError> {
        let whole = async {
            loop {
                if let Some((part, length)) = parse(&self.held)? {
                    self.held.advance(length);
                    return Ok(Some(part));
                }
                if !self.more().await {
                    return Ok(None);
                }
            }
        };
        // one that drips is one that has ended
        timeout(LONGEST_PACKAGE, whole).await.unwrap_or(Ok(None))
    }

    /// Holds some more bytes; `false` when there are none: the body is at its end, broken off, or wrongly packed.
    async fn more(&mut self) -> bool {
        let before = self.held.len();
        while !self.ended && self.held.len() == before {
            if self.packed.is_empty() {
                match body::next(&mut self.body).await {
                    Ok(Some(piece)) => self.packed = piece,
                    Ok(None) | Err(_) => self.ended = true,
                }
            }
            let Some(unpacker) = &mut self.unpacker else {
                self.held.extend_from_slice(&std::mem::take(&mut self.packed));
                continue;
            };
            let slice = self.packed.split_to(self.packed.len().min(SLICE));
            let unpacked = unpacker.write_all(&slice).and_then(|()| unpacker.flush());
            self.ended |= unpacked.is_err();
            self.held.extend_from_slice(unpacker.get_ref());
            unpacker.get_mut().clear();
        }
        self.held.len() > before
    }
}

fn is_gzip(coding: &[u8]) -> bool {
    [&b"gzip"[..], b"x-gzip"].iter().any(|name| coding.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use flate2::{Compression, write::GzEncoder};
    use futures::stream;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn in_pieces(bytes: &[u8], length: usize) -> Body {
        let pieces: Vec<_> = bytes
            .chunks(length)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        Body::from_stream(stream::iter(pieces))
    }

    fn coded(coding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(coding))])
    }

    fn written() -> (UploadHead, Vec<EntryPackage>, Vec<u8>) {
        let head = UploadHead { origin: "log.example".to_owned(), start: 0, end: 513, ticket: Vec::new() };
        let packages: Vec<_> = head
            .packages()
            .map(|range| EntryPackage {
                entries: range.map(|n| n.to_string().into_bytes()).collect(),
                proof: Vec::new(),
            })
            .collect();
        let parts = packages.iter().flat_map(|package| package.encode().unwrap());
        let bytes = head.encode().unwrap().into_iter().chain(parts).collect();
        (head, packages, bytes)
    }

    #[tokio::test]
    async fn an_upload_is_read_whatever_its_pieces_and_coding() {
        let (head, packages, bytes) = written();
        let (first, second) = bytes.split_at(700);
        let codings = [
            (None, bytes.clone()),
            (Some("GZIP"), gzip(&bytes)),
            (Some("gzip"), [gzip(first), gzip(second)].concat()),
        ];
        for (coding, bytes) in codings {
            for length in [1, 7, 1000, 1 << 20] {
                let headers = coding.map(coded).unwrap_or_default();
                let mut upload = Upload::begin(&headers, in_pieces(&bytes, length)).unwrap();
                assert_eq!(upload.head().await, Ok(Some(head.clone())));
                for package in &packages {
                    let count = package.entries.len() as u64;
                    assert_eq!(upload.package(count).await, Ok(Some(package.clone())), "{coding:?} {length}");
                }
                assert_eq!(upload.package(1).await, Ok(None));
            }
        }
    }

    #[tokio::test]
    async fn what_cannot_be_unpacked_is_an_end() {
        let (head, packages, bytes) = written();
        let mut packed = gzip(&bytes);
        let last = packed.len() - 30;
        packed[last..].fill(0xff);
        for spoiled in [packed, bytes.clone(), gzip(&bytes)[..40].to_vec()] {
            let mut upload = Upload::begin(&coded("gzip"), in_pieces(&spoiled, 64)).unwrap();
            let mut read = 0;
            if upload.head().await == Ok(Some(head.clone())) {
                while let Some(package) = packages.get(read)
                    && upload.package(package.entries.len() as u64).await == Ok(Some(package.clone()))
                {
                    read += 1;
                }
            }
            assert!(read < packages.len(), "{read}");
            assert_eq!(upload.package(256).await, Ok(None));
        }
        for coding in ["br", "gzip, gzip", "zstd"] {
            assert!(Upload::begin(&coded(coding), Body::empty()).is_none(), "{coding}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_package_that_drips_is_an_end() {
        let drips = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"\0")), ()))
        });
        let mut upload = Upload::begin(&HeaderMap::new(), Body::from_stream(drips)).unwrap();
        assert_eq!(upload.package(256).await, Ok(None));
    }
}
