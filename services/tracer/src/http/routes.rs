//! The table of all operations: three families of paths, the newest first, and our additions marked as such.

use axum::http::Method;
use strongroom_http::routing::Route;
use strongroom_kernel::Action;

use crate::commands::{
    ADD_TRACE, CHANGE_CACHE, LOG_IN, READ_CACHE, READ_LEDGERS, READ_STATISTICS, READ_TRACES,
};

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Name and version of the service.
    Info,
    /// Whether it can work; an addition.
    Health,
    /// The API as a page; an addition.
    Docs,
    /// The API as OpenAPI 3.1; an addition.
    OpenApi,
    /// Words for actions.
    ListActions,
    /// The same in the order of the first README.
    ListActionsOfReadme,
    /// The same in the order of the code beside it.
    ListActionsOfFirstCode,
    /// Hash algorithms.
    ListHashes,
    /// What a resource can hold.
    ListDatasetResources,
    /// How a resource can be given.
    ListRequestContents,
    /// The same in the order of the first README.
    ListRequestContentsOfReadme,
    /// What can be updated.
    ListUpdateDetails,
    /// See whether credentials hold.
    Login,
    /// The ledgers behind it.
    ListLedgers,
    /// Add a trace.
    AddTrace,
    /// Traces by filters.
    SearchTraces,
    /// One trace, or all of a user.
    GetTrace,
    /// That a trace is in the ledger; an addition.
    ProveTrace,
    /// Whether a dataset is what was recorded; an addition.
    CheckDataset,
    /// That the ledger only grew; an addition.
    ProveConsistency,
    /// Accepted traces whose place in the ledger is not final.
    ListCache,
    /// Remove one of them, which is refused.
    RemoveFromCache,
    /// Change one of them, which is refused, or send it again.
    ChangeCache,
    /// Most used datasets; an addition, as all statistics.
    CountDatasets,
    /// One dataset.
    CountDataset,
    /// Most used models.
    CountModels,
    /// Most active applications.
    CountApplications,
    /// Most used tools.
    CountTools,
    /// Traces by action.
    CountActions,
    /// Most active users.
    CountUsers,
    /// Traces over time.
    CountOverTime,
    /// Uses that stand out.
    FindAnomalies,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// Who has a credential, whatever his roles; a refusal is recorded as this action.
    Caller(Action),
    /// Who may add traces; a refusal is recorded as this action.
    Writer(Action),
}

const fn route(method: Method, path: &'static str, operation: Operation) -> Route<Operation> {
    Route { method, path, operation }
}

/// All operations of the service. Words that stand where an id could come before the id.
pub const ROUTES: &[Route<Operation>] = &[
    route(Method::GET, "/api/v1", Operation::Info),
    route(Method::GET, "/api/v1/health", Operation::Health),
    route(Method::GET, "/api/v1/docs", Operation::Docs),
    route(Method::GET, "/api/v1/openapi.json", Operation::OpenApi),
    route(Method::POST, "/api/v1/login", Operation::Login),
    route(Method::GET, "/api/v1/blockchains", Operation::ListLedgers),
    // the newest version
    route(Method::GET, "/api/v1/static/traces/actions", Operation::ListActions),
    route(Method::GET, "/api/v1/static/traces/hashes", Operation::ListHashes),
    route(Method::GET, "/api/v1/static/traces/dataset_resources", Operation::ListDatasetResources),
    route(Method::GET, "/api/v1/static/traces/request_resource_contents", Operation::ListRequestContents),
    route(Method::GET, "/api/v1/static/traces/dataset_update_details", Operation::ListUpdateDetails),
    // the README of the first version
    route(Method::GET, "/api/v1/actions", Operation::ListActionsOfReadme),
    route(Method::GET, "/api/v1/hashes", Operation::ListHashes),
    route(Method::GET, "/api/v1/dataset_resources", Operation::ListDatasetResources),
    route(Method::GET, "/api/v1/request_resource_contents", Operation::ListRequestContentsOfReadme),
    // the code beside that README; the dataset service asks for the hashes before it starts
    route(Method::GET, "/api/v1/app/info", Operation::Info),
    route(Method::GET, "/api/v1/traces/actions", Operation::ListActionsOfFirstCode),
    route(Method::GET, "/api/v1/traces/hashes", Operation::ListHashes),
    route(Method::GET, "/api/v1/traces/dataset_resources", Operation::ListDatasetResources),
    route(Method::GET, "/api/v1/traces/request_resource_contents", Operation::ListRequestContentsOfReadme),
    // traces
    route(Method::POST, "/api/v1/traces", Operation::AddTrace),
    route(Method::GET, "/api/v1/traces", Operation::SearchTraces),
    route(Method::GET, "/api/v1/traces/providers", Operation::ListLedgers),
    route(Method::GET, "/api/v1/traces/cache", Operation::ListCache),
    route(Method::DELETE, "/api/v1/traces/cache/{id}", Operation::RemoveFromCache),
    route(Method::PUT, "/api/v1/traces/cache/{id}", Operation::ChangeCache),
    route(Method::GET, "/api/v1/traces/{id}", Operation::GetTrace),
    // additions: proofs
    route(Method::GET, "/api/v1/traces/{id}/proof", Operation::ProveTrace),
    route(Method::POST, "/api/v1/datasets/{id}/integrity", Operation::CheckDataset),
    route(Method::GET, "/api/v1/log/consistency", Operation::ProveConsistency),
    // statistics
    route(Method::GET, "/api/v1/statistics/datasets", Operation::CountDatasets),
    route(Method::GET, "/api/v1/statistics/datasets/{id}", Operation::CountDataset),
    route(Method::GET, "/api/v1/statistics/models", Operation::CountModels),
    route(Method::GET, "/api/v1/statistics/applications", Operation::CountApplications),
    route(Method::GET, "/api/v1/statistics/tools", Operation::CountTools),
    route(Method::GET, "/api/v1/statistics/actions", Operation::CountActions),
    route(Method::GET, "/api/v1/statistics/users", Operation::CountUsers),
    route(Method::GET, "/api/v1/statistics/timeline", Operation::CountOverTime),
    route(Method::GET, "/api/v1/statistics/anomalies", Operation::FindAnomalies),
];

impl Operation {
    /// Who may call it, and the word under which a refusal is recorded.
    pub const fn access(self) -> Access {
        match self {
            Self::Info
            | Self::Health
            | Self::Docs
            | Self::OpenApi
            | Self::ListActions
            | Self::ListActionsOfReadme
            | Self::ListActionsOfFirstCode
            | Self::ListHashes
            | Self::ListDatasetResources
            | Self::ListRequestContents
            | Self::ListRequestContentsOfReadme
            | Self::ListUpdateDetails
            | Self::ProveConsistency => Access::Open,
            Self::Login => Access::Caller(LOG_IN),
            Self::ListLedgers => Access::Caller(READ_LEDGERS),
            Self::AddTrace => Access::Writer(ADD_TRACE),
            Self::SearchTraces | Self::GetTrace | Self::ProveTrace | Self::CheckDataset => {
                Access::Caller(READ_TRACES)
            }
            Self::ListCache => Access::Caller(READ_CACHE),
            Self::RemoveFromCache | Self::ChangeCache => Access::Caller(CHANGE_CACHE),
            Self::CountDatasets
            | Self::CountDataset
            | Self::CountModels
            | Self::CountApplications
            | Self::CountTools
            | Self::CountActions
            | Self::CountUsers
            | Self::CountOverTime
            | Self::FindAnomalies => Access::Caller(READ_STATISTICS),
        }
    }

    /// What a success of it is recorded as, if it leaves a leaf: writes and logins do.
    pub const fn recorded_as(self) -> Option<Action> {
        match self {
            Self::Login => Some(LOG_IN),
            Self::AddTrace => Some(ADD_TRACE),
            _ => None,
        }
    }

    /// Whether it is turned away while more is asked than can be done.
    pub(super) const fn sheds(self) -> bool {
        !matches!(self.access(), Access::Open)
    }
}
