//! Request bodies read with a limit of size and of time. How long their pieces are waited for is in [`super::patient`].

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use strongroom_model::{Error, ErrorKind};
use tokio::time::timeout;

/// Longest wait for the whole of a body that is read at once, however steadily it drips.
const LONGEST_READ: Duration = Duration::from_mins(1);

/// Reads the whole body, or `None` when it has more than `limit` bytes.
///
/// An announced length above the limit is refused before anything is read.
///
/// # Errors
/// `Invalid` when the body breaks off, does not go on, or is not whole within a minute.
pub async fn read(body: Body, limit: usize) -> Result<Option<Bytes>, Error> {
    let whole = timeout(LONGEST_READ, read_whole(body, limit)).await;
    whole.unwrap_or_else(|_| Err(Error::new(ErrorKind::Invalid, "the body takes too long")))
}

async fn read_whole(mut body: Body, limit: usize) -> Result<Option<Bytes>, Error> {
    if body.size_hint().lower() > limit as u64 {
        return Ok(None);
    }
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    while let Some(piece) = next(&mut body).await? {
        let held = first.as_ref().map_or(whole.len(), Bytes::len);
        if held + piece.len() > limit {
            return Ok(None);
        }
        // Most bodies come in one piece: it is handed on without a copy.
        match first.take() {
            None if whole.is_empty() => first = Some(piece),
            Some(before) => {
                whole.extend_from_slice(&before);
                whole.extend_from_slice(&piece);
            }
            None => whole.extend_from_slice(&piece),
        }
    }
    Ok(Some(first.unwrap_or_else(|| whole.freeze())))
}

/// The next piece of the body; `None` at its end.
///
/// # Errors
/// `Invalid` when the body breaks off or does not go on.
pub async fn next(body: &mut Body) -> Result<Option<Bytes>, Error> {
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Error::new(ErrorKind::Invalid, "the body is cut short").with_source(error))?;
        if let Ok(piece) = frame.into_data()
            && !piece.is_empty()
        {
            return Ok(Some(piece));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures::stream;
    use tokio::time::sleep;

    use super::*;

    fn body_of(pieces: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(
            pieces.iter().map(|piece| Ok::<_, io::Error>(Bytes::from_static(piece.as_bytes()))),
        ))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(body_of(&["ab", "", "c", "d"]), 4).await.unwrap().unwrap(), "abcd");
        assert_eq!(read(body_of(&[]), 0).await.unwrap().unwrap(), "");
        assert_eq!(read(body_of(&["ab", "cd"]), 3).await.unwrap(), None);
        assert_eq!(read(Body::from("abcd"), 3).await.unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up() {
        let drips = stream::unfold((), |()| async {
            sleep(Duration::from_secs(20)).await;
            Some((Ok::<_, io::Error>(Bytes::from_static(b"a")), ()))
        });
        let error = read(Body::from_stream(drips), 100).await.unwrap_err();
        assert_eq!((error.kind(), error.public()), (ErrorKind::Invalid, "the body takes too long"));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_the_callers_fault() {
        let broken = stream::iter([Ok(Bytes::from_static(b"a")), Err(io::Error::other("gone"))]);
        let error = read(Body::from_stream(broken), 10).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}
