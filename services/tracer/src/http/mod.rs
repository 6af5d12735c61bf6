//! The service over HTTP: one table of operations, one file per operation.

mod answer;
mod ask;
mod cache;
mod consistency;
mod datasets;
mod docs;
mod error;
mod gate;
mod info;
mod ledgers;
mod login;
mod routes;
mod statistics;
mod traces;

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use strongroom_http::{
    Facts,
    routing::{Found, find},
    shed,
};
use strongroom_inspect::Algorithm;

use self::{ask::Ask, error::Refusal};
use crate::{queries::statistics::Dimension, state::TracerState, wire::lists};

pub use routes::{Access, Operation, ROUTES};

/// The whole service, with the original's paths from `/` on, and the same under the configured prefix.
pub fn router(state: TracerState) -> Router {
    Router::new().fallback(dispatch).with_state(state)
}

async fn dispatch(State(state): State<TracerState>, request: Request) -> Response {
    let shown = request.extensions().get::<OriginalUri>().map_or(request.uri(), |uri| &uri.0);
    let shown = shown.path().to_owned();
    let path = request.uri().path().to_owned();
    let path = without_prefix(&path, &state.config().base_path);
    let now = state.kernel().clock().now();
    // the original answers every path with a slash at its end too
    let found = match find(ROUTES, request.method(), path) {
        Found::TrailingSlash(bare) => find(ROUTES, request.method(), bare),
        found => found,
    };
    match found {
        Found::Operation(operation, route, parameters) => {
            let parameters = parameters.into_iter().map(Into::into).collect();
            let (caller, outcome) = carry_out(state, operation, parameters, request).await;
            let mut response = outcome.unwrap_or_else(|refusal| refusal.into_response(&shown, now));
            let mut facts = response.extensions_mut().remove::<Facts>().unwrap_or_default();
            facts.route = Some(route);
            facts.caller = caller.or(facts.caller);
            response.extensions_mut().insert(facts);
            response
        }
        Found::WrongMethod(allowed) => wrong_method(&allowed, &shown, now),
        Found::TrailingSlash(_) | Found::Unknown => {
            Refusal::plain(StatusCode::NOT_FOUND, "there is nothing at this path").into_response(&shown, now)
        }
    }
}

/// The path without `prefix`, if it begins with it.
fn without_prefix<'p>(path: &'p str, prefix: &str) -> &'p str {
    match path.strip_prefix(prefix.trim_end_matches('/')) {
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

async fn carry_out(
    state: TracerState,
    operation: Operation,
    parameters: Vec<String>,
    request: Request,
) -> (Option<String>, Result<Response, Refusal>) {
    if operation.sheds() && shed(state.kernel(), state.metrics()).is_some() {
        return (None, Err(Refusal::overloaded()));
    }
    let (parts, body) = request.into_parts();
    let admitted = match gate::admit(&state, operation, &parts).await {
        Ok(admitted) => admitted,
        Err(refusal) => return (None, Err(refusal)),
    };
    let known = admitted.identified.as_ref().map(|known| format!("account:{}", known.subject));
    let ask = Ask { state, operation, parts, parameters, admitted };
    (known, handle(ask, body).await)
}

async fn handle(ask: Ask, body: Body) -> Result<Response, Refusal> {
    match ask.operation {
        Operation::Info => Ok(info::get(&ask)),
        Operation::Health => Ok(info::health(&ask)),
        Operation::Docs => Ok(strongroom_http::docs::page()),
        Operation::OpenApi => Ok(docs::openapi()),
        Operation::ListActions => Ok(answer::words(lists::ACTIONS)),
        Operation::ListActionsOfReadme => Ok(answer::words(lists::ACTIONS_OF_README)),
        Operation::ListActionsOfFirstCode => Ok(answer::words(lists::ACTIONS_OF_FIRST_CODE)),
        Operation::ListHashes => Ok(answer::words(&Algorithm::ALL.map(Algorithm::name))),
        Operation::ListDatasetResources => Ok(answer::words(lists::DATASET_RESOURCES)),
        Operation::ListRequestContents => Ok(answer::words(lists::REQUEST_CONTENTS)),
        Operation::ListRequestContentsOfReadme => Ok(answer::words(lists::REQUEST_CONTENTS_OF_README)),
        Operation::ListUpdateDetails => Ok(info::update_details(&ask)),
        Operation::Login => login::probe(&ask).await,
        Operation::ListLedgers => Ok(ledgers::list(&ask)),
        Operation::AddTrace => traces::add(ask, body).await,
        Operation::SearchTraces => traces::search(&ask).await,
        Operation::GetTrace => traces::get(&ask).await,
        Operation::ProveTrace => traces::proof(&ask).await,
        Operation::CheckDataset => datasets::integrity(ask, body).await,
        Operation::ProveConsistency => consistency::consistency(&ask).await,
        Operation::ListCache => cache::list(&ask).await,
        Operation::RemoveFromCache => cache::remove(&ask).await,
        Operation::ChangeCache => cache::change(ask, body).await,
        Operation::CountDatasets => statistics::grouped(&ask, Dimension::Datasets).await,
        Operation::CountModels => statistics::grouped(&ask, Dimension::Models).await,
        Operation::CountApplications => statistics::grouped(&ask, Dimension::Applications).await,
        Operation::CountTools => statistics::grouped(&ask, Dimension::Tools).await,
        Operation::CountActions => statistics::grouped(&ask, Dimension::Actions).await,
        Operation::CountUsers => statistics::grouped(&ask, Dimension::Users).await,
        Operation::CountOverTime => statistics::timeline(&ask).await,
        Operation::CountDataset => statistics::dataset(&ask).await,
        Operation::FindAnomalies => statistics::anomalies(&ask).await,
    }
}

fn wrong_method(allowed: &[Method], path: &str, now: strongroom_model::Timestamp) -> Response {
    let refusal = Refusal::plain(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method");
    let mut response = refusal.into_response(path, now);
    let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_cut_where_it_is_whole() {
        let prefix = "/tracer-service/tracer/";
        assert_eq!(without_prefix("/tracer-service/tracer/api/v1", prefix), "/api/v1");
        assert_eq!(
            without_prefix("/tracer-service/tracers/api/v1", prefix),
            "/tracer-service/tracers/api/v1"
        );
        assert_eq!(without_prefix("/api/v1", prefix), "/api/v1");
        assert_eq!(without_prefix("/api/v1", ""), "/api/v1");
    }
}
