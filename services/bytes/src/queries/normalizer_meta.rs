//! Parser jobs with their raw files and the scan jobs behind those.

use strongroom_kernel::{Kind, Snapshot, Uuid, Value, ports::Reach};
use strongroom_model::Error;

use super::sql::{Statement, columns, kinds, take};
use crate::{
    convert,
    tables::{BoefjeMeta, NormalizerMeta, RawFile, domain},
    wire::models,
};

/// Which parser jobs, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalizerMetaFilter {
    /// Over raw files of this organisation.
    pub organization: String,
    /// Of this parser.
    pub normalizer_id: Option<String>,
    /// Over this raw file.
    pub raw_id: Option<Uuid>,
    /// Latest start first; jobs of equal starts are in the order of insertion either way.
    pub descending: bool,
}

/// The parser job `id`, if there is one.
///
/// # Errors
/// `Unavailable`.
pub async fn find_normalizer_meta(
    snapshot: &Snapshot,
    id: Uuid,
) -> Result<Option<models::NormalizerMeta>, Error> {
    let mut statement = joined();
    statement.condition("normalizer.id = {}", Value::Id(id));
    Ok(run(snapshot, statement, Reach::Point).await?.pop())
}

/// At most `limit` parser jobs after the first `offset`, by their start.
///
/// # Errors
/// `Unavailable`.
pub async fn list_normalizer_metas(
    snapshot: &Snapshot,
    filter: &NormalizerMetaFilter,
    limit: u64,
    offset: u64,
) -> Result<Vec<models::NormalizerMeta>, Error> {
    let mut statement = joined();
    let of = domain(&filter.organization).as_str().to_owned();
    statement.condition("raw.domain = {}", Value::Text(of));
    if let Some(raw_id) = filter.raw_id {
        statement.condition("normalizer.raw_file = {}", Value::Id(raw_id));
    }
    if let Some(normalizer_id) = &filter.normalizer_id {
        statement.condition("normalizer.normalizer_id = {}", Value::Text(normalizer_id.clone()));
    }
    let descending = filter.descending;
    statement.push(if descending {
        " ORDER BY normalizer.started_at DESC"
    } else {
        " ORDER BY normalizer.started_at"
    });
    statement.push(", normalizer.row_order");
    statement.page(limit, offset);
    run(snapshot, statement, Reach::Scan).await
}

fn joined() -> Statement {
    Statement::new(format!(
        "SELECT {}, {}, {} FROM bytes_normalizer_meta normalizer \
         JOIN bytes_raw_file raw ON raw.id = normalizer.raw_file \
         JOIN bytes_boefje_meta boefje ON boefje.id = raw.boefje_meta",
        columns::<NormalizerMeta>("normalizer"),
        columns::<RawFile>("raw"),
        columns::<BoefjeMeta>("boefje"),
    ))
}

async fn run(
    snapshot: &Snapshot,
    statement: Statement,
    reach: Reach,
) -> Result<Vec<models::NormalizerMeta>, Error> {
    let kinds: Vec<Kind> =
        kinds::<NormalizerMeta>().chain(kinds::<RawFile>()).chain(kinds::<BoefjeMeta>()).collect();
    let rows = snapshot.query(&statement.text, &statement.params, &kinds, reach).await?;
    rows.into_iter()
        .map(|mut values| {
            let normalizer = take::<NormalizerMeta>(&mut values)?;
            let raw = take::<RawFile>(&mut values)?;
            let boefje_meta = take::<BoefjeMeta>(&mut values)?;
            Ok(convert::normalizer_meta(normalizer, convert::raw_meta(raw, boefje_meta)))
        })
        .collect()
}
