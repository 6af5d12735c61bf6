//! A request on its way through an operation.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, header, request::Parts},
};
use bytes::Bytes;
use strongroom_http::{body, idempotency};
use strongroom_kernel::{Kernel, OnceKey};
use strongroom_model::{Caller, Digest, Error, ErrorKind};

use super::{error::Refusal, routes::Operation};
use crate::{
    BytesState,
    wire::{
        query::{Query, path_uuid},
        validation::Problems,
    },
};

/// A request whose path, method and caller are settled.
pub(super) struct Ask {
    pub(super) state: BytesState,
    pub(super) operation: Operation,
    pub(super) parts: Parts,
    /// Segments of the path that stand for the braces of the route, in order.
    pub(super) parameters: Vec<String>,
    pub(super) caller: Caller,
}

impl Ask {
    pub(super) fn kernel(&self) -> &Kernel {
        self.state.kernel()
    }

    /// The query string.
    pub(super) fn query(&self) -> Query<'_> {
        Query::new(self.parts.uri.query().unwrap_or_default())
    }

    /// The one UUID of the path.
    pub(super) fn path_uuid(&self, name: &str) -> Result<strongroom_kernel::Uuid, Problems> {
        path_uuid(name, self.parameters.first().map_or("", String::as_str))
    }

    /// The `Content-Type`, if it is text.
    pub(super) fn content_type(&self) -> Option<String> {
        content_type(&self.parts.headers).map(Cow::into_owned)
    }

    /// The whole body, which is bounded as records are.
    pub(super) async fn metadata(&self, body: Body) -> Result<Bytes, Refusal> {
        let limit = self.state.config().max_metadata_bytes;
        let read = body::read(body, limit).await?;
        read.ok_or_else(|| {
            Error::new(ErrorKind::TooLarge, format!("the body has more than {limit} bytes")).into()
        })
    }

    /// The key under which this request may be repeated; `request` tells it from others under the same key.
    pub(super) fn once_key(&self, request: impl FnOnce() -> Digest) -> Result<Option<OnceKey>, Refusal> {
        let Some(key) = idempotency::key(&self.parts.headers)? else { return Ok(None) };
        let scope = format!("bytes {:?} {}", self.operation, self.caller.name);
        Ok(Some(OnceKey { scope, key: key.to_owned(), request: request() }))
    }
}

/// The `Content-Type` header, if it is there; an unreadable one is of no known type.
pub(super) fn content_type(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()))
}
