//! Between rows and the objects of the wire.

use strongroom_kernel::Json;

use crate::{
    tables,
    wire::{json::JsonText, models},
};

impl From<models::BoefjeMeta> for tables::BoefjeMeta {
    fn from(meta: models::BoefjeMeta) -> Self {
        let json = |text: JsonText| Json(text.as_str().to_owned());
        Self {
            id: meta.id,
            boefje_id: meta.boefje_id,
            boefje_version: meta.boefje_version,
            organization: meta.organization,
            input_ooi: meta.input_ooi,
            arguments: json(meta.arguments),
            environment: meta.environment.map(json),
            runnable_hash: meta.runnable_hash,
            started_at: meta.started_at,
            ended_at: meta.ended_at,
        }
    }
}

impl From<tables::BoefjeMeta> for models::BoefjeMeta {
    fn from(row: tables::BoefjeMeta) -> Self {
        Self {
            id: row.id,
            started_at: row.started_at,
            ended_at: row.ended_at,
            boefje_id: row.boefje_id,
            boefje_version: row.boefje_version,
            input_ooi: row.input_ooi,
            arguments: JsonText::from_stored(row.arguments.0),
            organization: row.organization,
            runnable_hash: row.runnable_hash,
            environment: row.environment.map(|environment| JsonText::from_stored(environment.0)),
        }
    }
}

/// A raw file and its job, as answers show them.
pub(crate) fn raw_meta(raw: tables::RawFile, boefje_meta: tables::BoefjeMeta) -> models::RawMeta {
    models::RawMeta {
        id: raw.id,
        boefje_meta: boefje_meta.into(),
        mime_types: raw.mime_types.0,
        secure_hash: raw.secure_hash,
        signing_provider_url: raw.proof_provider,
        hash_retrieval_link: raw.proof_link,
    }
}

/// A parser job, its raw file and that file's job, as answers show them.
pub(crate) fn normalizer_meta(
    row: tables::NormalizerMeta,
    raw_data: models::RawMeta,
) -> models::NormalizerMeta {
    models::NormalizerMeta {
        id: row.id,
        started_at: row.started_at,
        ended_at: row.ended_at,
        raw_data,
        normalizer_id: row.normalizer_id,
        normalizer_version: row.normalizer_version,
    }
}

impl From<models::NewNormalizerMeta> for tables::NormalizerMeta {
    fn from(meta: models::NewNormalizerMeta) -> Self {
        Self {
            id: meta.id,
            normalizer_id: meta.normalizer_id,
            normalizer_version: meta.normalizer_version,
            started_at: Some(meta.started_at),
            ended_at: Some(meta.ended_at),
            raw_file: meta.raw_id,
        }
    }
}
