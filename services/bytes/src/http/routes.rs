//! The table of all operations: every one of the original, and our additions marked as such.

use axum::http::Method;
use strongroom_http::routing::Route;
use strongroom_kernel::Action;

use crate::commands::{
    CHECK_PROOF, LOG_IN, READ_METADATA, READ_METRICS, READ_RAW, SAVE_BOEFJE_META, SAVE_NORMALIZER_META,
    SAVE_RAW,
};

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Redirect to the health page.
    Root,
    /// Say that the service is there.
    Health,
    /// Log in.
    IssueToken,
    /// Show the API with forms to try it.
    Docs,
    /// Show the API.
    Redoc,
    /// The API as OpenAPI 3.1.
    OpenApi,
    /// The original's two families of metrics.
    Metrics,
    /// All families of metrics; an addition.
    AllMetrics,
    /// Save a scan job.
    SaveBoefjeMeta,
    /// A scan job.
    GetBoefjeMeta,
    /// Scan jobs by their start.
    ListBoefjeMetas,
    /// Save a parser job.
    SaveNormalizerMeta,
    /// A parser job.
    GetNormalizerMeta,
    /// Parser jobs by their start.
    ListNormalizerMetas,
    /// Save raw files.
    SaveRaw,
    /// Save one raw file as plain bytes; an addition.
    SaveContent,
    /// The content of a raw file.
    GetRaw,
    /// The record of a raw file.
    GetRawMeta,
    /// Recompute the hash of a raw file and check its proof; an addition.
    CheckRawProof,
    /// Records of raw files.
    ListRaws,
    /// Contents of raw files.
    ListRawContents,
    /// How many raw files bear each label.
    CountMimeTypes,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// Who holds a token; a refusal is recorded as this action.
    Token(Action),
}

const fn route(method: Method, path: &'static str, operation: Operation) -> Route<Operation> {
    Route { method, path, operation }
}

/// All operations of the service.
pub const ROUTES: &[Route<Operation>] = &[
    // asked by load balancers, the scheduler at its start, people
    route(Method::GET, "/", Operation::Root),
    route(Method::GET, "/health", Operation::Health),
    route(Method::GET, "/docs", Operation::Docs),
    route(Method::GET, "/redoc", Operation::Redoc),
    route(Method::GET, "/openapi.json", Operation::OpenApi),
    // every client
    route(Method::POST, "/token", Operation::IssueToken),
    // Prometheus
    route(Method::GET, "/metrics", Operation::Metrics),
    route(Method::GET, "/bytes/metrics", Operation::AllMetrics),
    // the scheduler's question before every job comes first
    route(Method::GET, "/bytes/boefje_meta", Operation::ListBoefjeMetas),
    route(Method::POST, "/bytes/boefje_meta", Operation::SaveBoefjeMeta),
    route(Method::GET, "/bytes/boefje_meta/{boefje_meta_id}", Operation::GetBoefjeMeta),
    route(Method::POST, "/bytes/raw", Operation::SaveRaw),
    route(Method::POST, "/bytes/content", Operation::SaveContent),
    route(Method::GET, "/bytes/raw", Operation::ListRaws),
    route(Method::GET, "/bytes/raw/{raw_id}", Operation::GetRaw),
    route(Method::GET, "/bytes/raw/{raw_id}/meta", Operation::GetRawMeta),
    route(Method::GET, "/bytes/raw/{raw_id}/proof", Operation::CheckRawProof),
    route(Method::GET, "/bytes/raws", Operation::ListRawContents),
    route(Method::POST, "/bytes/normalizer_meta", Operation::SaveNormalizerMeta),
    route(Method::GET, "/bytes/normalizer_meta", Operation::ListNormalizerMetas),
    route(Method::GET, "/bytes/normalizer_meta/{normalizer_meta_id}", Operation::GetNormalizerMeta),
    route(Method::GET, "/bytes/mime_types", Operation::CountMimeTypes),
];

impl Operation {
    /// Who may call it, and the word under which a refusal is recorded.
    pub const fn access(self) -> Access {
        Access::Token(match self {
            // a login is refused within the operation, where the credentials are
            Self::Root | Self::Health | Self::Docs | Self::Redoc | Self::OpenApi | Self::IssueToken => {
                return Access::Open;
            }
            Self::Metrics | Self::AllMetrics => READ_METRICS,
            Self::SaveBoefjeMeta => SAVE_BOEFJE_META,
            Self::SaveNormalizerMeta => SAVE_NORMALIZER_META,
            Self::SaveRaw | Self::SaveContent => SAVE_RAW,
            Self::GetRaw | Self::ListRawContents => READ_RAW,
            Self::CheckRawProof => CHECK_PROOF,
            Self::GetBoefjeMeta
            | Self::ListBoefjeMetas
            | Self::GetNormalizerMeta
            | Self::ListNormalizerMetas
            | Self::GetRawMeta
            | Self::ListRaws
            | Self::CountMimeTypes => READ_METADATA,
        })
    }

    /// What a success of it is recorded as, if it leaves a leaf: writes, logins and reads of content do.
    pub const fn recorded_as(self) -> Option<Action> {
        match self {
            Self::IssueToken => Some(LOG_IN),
            Self::SaveBoefjeMeta => Some(SAVE_BOEFJE_META),
            Self::SaveNormalizerMeta => Some(SAVE_NORMALIZER_META),
            Self::SaveRaw | Self::SaveContent => Some(SAVE_RAW),
            Self::GetRaw | Self::ListRawContents => Some(READ_RAW),
            Self::CheckRawProof => Some(CHECK_PROOF),
            _ => None,
        }
    }

    /// Whether its body is read as JSON, so that a syntax error is told before a missing token.
    pub(super) const fn reads_json(self) -> bool {
        matches!(
            self,
            Self::SaveBoefjeMeta
                | Self::SaveNormalizerMeta
                | Self::SaveRaw
                | Self::ListRaws
                | Self::CountMimeTypes
        )
    }

    /// Whether it is turned away while more is asked than can be done.
    pub(super) const fn sheds(self) -> bool {
        !matches!(
            self,
            Self::Root
                | Self::Health
                | Self::Docs
                | Self::Redoc
                | Self::OpenApi
                | Self::Metrics
                | Self::AllMetrics
        )
    }
}
