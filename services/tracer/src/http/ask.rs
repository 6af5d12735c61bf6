//! A request on its way through an operation.

use axum::{
    body::Body,
    http::{header, request::Parts},
};
use strongroom_http::{body, idempotency};
use strongroom_kernel::{Kernel, OnceKey, Uuid};
use strongroom_model::{Digest, Error, ErrorKind};

use super::{error::Refusal, gate::Admitted, routes::Operation};
use crate::{
    TracerState,
    callers::ADMIN,
    config::Readers,
    queries::Readable,
    wire::{problem::Problems, query::Query},
};

/// Longer bodies are read a few at a time.
const LARGE: u64 = 1 << 20;

/// A request whose path, method and caller are settled.
pub(super) struct Ask {
    pub(super) state: TracerState,
    pub(super) operation: Operation,
    pub(super) parts: Parts,
    /// Segments of the path that stand for the braces of the route, in order.
    pub(super) parameters: Vec<String>,
    pub(super) admitted: Admitted,
}

impl Ask {
    pub(super) fn kernel(&self) -> &Kernel {
        self.state.kernel()
    }

    /// The query string.
    pub(super) fn query(&self) -> Query<'_> {
        Query::new(self.parts.uri.query().unwrap_or_default())
    }

    /// The one segment of the path that is not fixed.
    pub(super) fn segment(&self) -> &str {
        self.parameters.first().map_or("", String::as_str)
    }

    /// The id of the path.
    pub(super) fn path_id(&self) -> Result<Uuid, Refusal> {
        Uuid::try_parse(self.segment()).map_err(|_| Refusal::Query(Problems::one("id", "is not a UUID")))
    }

    /// The whole body, bounded; what `read` makes of it, beside the workers where it is long.
    pub(super) async fn body<T: Send + 'static>(
        &self,
        body: Body,
        read: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<(Digest, T), Refusal> {
        let limit = self.state.config().max_body_bytes;
        let told = self.parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let length = told.and_then(|length| length.parse::<u64>().ok());
        let large = length.is_none_or(|length| length > LARGE);
        let place = if large { self.state.large_bodies().acquire().await.ok() } else { None };
        let bytes = body::read(body, limit).await?.ok_or_else(|| {
            Error::new(ErrorKind::TooLarge, format!("the body has more than {limit} bytes"))
        })?;
        if bytes.len() as u64 <= LARGE / 16 {
            return Ok((Digest::of(&bytes), read(&bytes)));
        }
        let worked = tokio::task::spawn_blocking(move || (Digest::of(&bytes), read(&bytes))).await;
        drop(place);
        worked.map_err(|error| {
            Error::new(ErrorKind::Internal, "internal error")
                .with_context("read a body")
                .with_source(error)
                .into()
        })
    }

    /// The key under which this request may be repeated; `request` tells it from others under the same key.
    pub(super) fn once_key(&self, request: Digest) -> Result<Option<OnceKey>, Refusal> {
        let Some(key) = idempotency::key(&self.parts.headers)? else { return Ok(None) };
        let scope = format!("tracer {:?} {}", self.operation, self.admitted.caller.name);
        Ok(Some(OnceKey { scope, key: key.to_owned(), request }))
    }

    /// Whether the caller may see and do what administrators may; where nobody asks for names, everybody does.
    pub(super) fn is_admin(&self) -> bool {
        self.admitted.identified.as_ref().is_none_or(|known| known.has(ADMIN))
    }

    /// Whose traces the caller may read.
    pub(super) fn readable(&self) -> Readable {
        let config = self.state.config();
        match &self.admitted.identified {
            Some(known) if config.readers == Readers::Own => {
                let all = known.has(ADMIN) || config.reader_roles.iter().any(|role| known.has(role));
                if all { Readable::All } else { Readable::Own(known.subject.clone()) }
            }
            _ => Readable::All,
        }
    }
}
