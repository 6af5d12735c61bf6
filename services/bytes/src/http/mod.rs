//! The service over HTTP: one table of operations, one file per operation, the original's order of checks.

mod answer;
mod ask;
mod boefje_meta;
mod content;
mod docs;
mod error;
mod filter;
mod gate;
mod health;
mod metrics;
mod mime_types;
mod normalizer_meta;
mod pages;
mod raw;
mod raws;
mod routes;
mod saved;
mod token;

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use strongroom_http::{
    Facts, Secure,
    routing::{Found, find},
    shed,
};
use strongroom_model::CallerKind;

use self::{ask::Ask, error::Refusal};
use crate::state::BytesState;

pub use routes::{Access, Operation, ROUTES};

/// The whole service, with the original's paths from `/` on.
pub fn router(state: BytesState) -> Router {
    Router::new().fallback(dispatch).with_state(state)
}

async fn dispatch(State(state): State<BytesState>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    match find(ROUTES, request.method(), &path) {
        Found::Operation(operation, route, parameters) => {
            let parameters = parameters.into_iter().map(Into::into).collect();
            let (caller, mut response) = carry_out(state, operation, parameters, request).await;
            let mut facts = response.extensions_mut().remove::<Facts>().unwrap_or_default();
            facts.route = Some(route);
            facts.caller = caller.or(facts.caller);
            response.extensions_mut().insert(facts);
            response
        }
        Found::WrongMethod(allowed) => wrong_method(&allowed),
        Found::TrailingSlash(bare) => answer::redirect(&without_slash(&request, bare)),
        Found::Unknown => Refusal::Detail(StatusCode::NOT_FOUND, "Not Found").into_response(),
    }
}

async fn carry_out(
    state: BytesState,
    operation: Operation,
    parameters: Vec<String>,
    request: Request,
) -> (Option<String>, Response) {
    if operation.sheds()
        && let Some(response) = shed(state.kernel(), state.metrics())
    {
        return (None, response);
    }
    let (parts, body) = request.into_parts();
    let (caller, body) = match gate::admit(&state, operation, &parts, body).await {
        Ok(admitted) => admitted,
        Err(refusal) => return (None, refusal.into_response()),
    };
    let known = (caller.kind == CallerKind::Account).then(|| format!("account:{}", caller.name));
    let ask = Ask { state, operation, parts, parameters, caller };
    let response = handle(ask, body).await.unwrap_or_else(Refusal::into_response);
    (known, response)
}

async fn handle(ask: Ask, body: Body) -> Result<Response, Refusal> {
    match ask.operation {
        Operation::Root => Ok(answer::redirect("/health")),
        Operation::Health => Ok(health::get()),
        Operation::IssueToken => token::issue(ask, body).await,
        Operation::Docs | Operation::Redoc => Ok(docs::page()),
        Operation::OpenApi => Ok(docs::openapi()),
        Operation::Metrics => metrics::original(&ask).await,
        Operation::AllMetrics => metrics::all(&ask).await,
        Operation::SaveBoefjeMeta => boefje_meta::save(ask, body).await,
        Operation::GetBoefjeMeta => boefje_meta::get(&ask).await,
        Operation::ListBoefjeMetas => boefje_meta::list(ask).await,
        Operation::SaveNormalizerMeta => normalizer_meta::save(ask, body).await,
        Operation::GetNormalizerMeta => normalizer_meta::get(&ask).await,
        Operation::ListNormalizerMetas => normalizer_meta::list(ask).await,
        Operation::SaveRaw => raw::save(ask, body).await,
        Operation::SaveContent => content::save(ask, body).await,
        Operation::GetRaw => raw::get(ask).await,
        Operation::GetRawMeta => raw::get_meta(&ask).await,
        Operation::CheckRawProof => raw::check_proof(ask).await,
        Operation::ListRaws => raw::list(ask, body).await,
        Operation::ListRawContents => raws::list(ask).await,
        Operation::CountMimeTypes => mime_types::count(ask, body).await,
    }
}

fn wrong_method(allowed: &[Method]) -> Response {
    let mut response = Refusal::Detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed").into_response();
    let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// The absolute address of the request without its trailing slashes, its query kept.
fn without_slash(request: &Request, bare: &str) -> String {
    // under a prefix the router sees the path without it, the client must see it with it
    let original = request.extensions().get::<OriginalUri>().map_or(request.uri(), |uri| &uri.0);
    let prefix = original.path().strip_suffix(request.uri().path()).unwrap_or_default();
    let scheme = if request.extensions().get::<Secure>().is_some() { "https" } else { "http" };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    match host {
        Some(host) => format!("{scheme}://{host}{prefix}{bare}{query}"),
        None => format!("{prefix}{bare}{query}"),
    }
}
