//! The original's rows, as its database of revision `1dde0213e9fe` keeps them.
//!
//! One read-only transaction sees them all as they were at the start. Rows come in their physical order, which
//! is what the original's clients see as the order of insertion.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use strongroom_bytes::{
    tables::{BoefjeMeta, NormalizerMeta},
    wire::json::{self, JsonText},
};
use strongroom_database::postgres_client;
use strongroom_kernel::{Json, Uuid};
use strongroom_model::Timestamp;
use tokio_postgres::{Client, Row};

/// Revision of the schema that is read.
const REVISION: &str = "1dde0213e9fe";
/// Rows that are fetched at once.
const PAGE: usize = 500;

const JOBS: &str = "SELECT id, boefje_id, boefje_version, organization, input_ooi, arguments::text,
    environment::text, runnable_hash, started_at, ended_at FROM boefje_meta ORDER BY ctid";
const RAW_FILES: &str = "SELECT r.id, r.secure_hash, r.hash_retrieval_link, r.boefje_meta_id, r.mime_types,
    p.url, m.organization, m.ended_at FROM raw_file r JOIN boefje_meta m ON m.id = r.boefje_meta_id
    LEFT JOIN signing_provider p ON p.id = r.signing_provider_id ORDER BY r.ctid";
const PARSER_JOBS: &str = "SELECT id, normalizer_id, normalizer_version, started_at, ended_at, raw_file_id
    FROM normalizer_meta ORDER BY ctid";

/// The original's database.
pub(super) struct Source {
    client: Client,
}

/// A kind of row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Jobs,
    RawFiles,
    ParserJobs,
}

/// A raw file as the original knows it.
#[derive(Debug, Clone)]
pub(super) struct RawFile {
    pub(super) id: Uuid,
    pub(super) secure_hash: Option<String>,
    pub(super) link: Option<String>,
    pub(super) boefje_meta: Uuid,
    /// Rows from before the labels existed have none.
    pub(super) mime_types: Vec<String>,
    pub(super) provider: Option<String>,
    pub(super) organization: String,
    pub(super) ended_at: Option<Timestamp>,
}

impl Kind {
    fn query(self) -> &'static str {
        match self {
            Self::Jobs => JOBS,
            Self::RawFiles => RAW_FILES,
            Self::ParserJobs => PARSER_JOBS,
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Jobs => "boefje_meta",
            Self::RawFiles => "raw_file",
            Self::ParserJobs => "normalizer_meta",
        }
    }
}

impl Source {
    /// Connects, and looks whether it is a database of the original.
    ///
    /// # Errors
    /// When it does not answer, or its schema is another.
    pub(super) async fn open(url: &str) -> Result<Self> {
        let client = postgres_client(&plain_scheme(url)).await.context("open the original's database")?;
        client
            .batch_execute("SET TIME ZONE 'UTC'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .context("look into the original's database")?;
        let revisions = client
            .query("SELECT version_num FROM alembic_version", &[])
            .await
            .context("this is no database of the original: read its revision")?;
        let revisions: Vec<String> = revisions.iter().map(|row| row.get(0)).collect();
        if revisions != [REVISION] {
            bail!(
                "the original's schema is at {revisions:?}, migrate it to {REVISION} with its own program first"
            );
        }
        Ok(Self { client })
    }

    /// How many rows of `kind` there are.
    pub(super) async fn count(&self, kind: Kind) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", kind.table());
        let row = self.client.query_one(&sql, &[]).await.context("count the original's rows")?;
        Ok(u64::try_from(row.get::<_, i64>(0))?)
    }

    /// Begins to read rows of `kind`; one reading at a time.
    pub(super) async fn begin(&self, kind: Kind) -> Result<()> {
        let sql = format!("DECLARE import NO SCROLL CURSOR FOR {}", kind.query());
        self.client.batch_execute(&sql).await.context("read the original's rows")
    }

    /// The next rows of what was begun; none at its end, which ends the reading.
    pub(super) async fn next(&self) -> Result<Vec<Row>> {
        let fetch = format!("FETCH {PAGE} FROM import");
        let rows = self.client.query(&fetch, &[]).await.context("read the original's rows")?;
        if rows.is_empty() {
            self.client.batch_execute("CLOSE import").await.context("end reading the original's rows")?;
        }
        Ok(rows)
    }
}

/// The original names its driver in the scheme.
fn plain_scheme(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) if scheme.starts_with("postgresql+") => format!("postgresql://{rest}"),
        _ => url.to_owned(),
    }
}

/// A scan job, in our form.
pub(super) fn job(row: &Row) -> Result<BoefjeMeta> {
    let id: Uuid = row.try_get(0)?;
    let read = || -> Result<BoefjeMeta> {
        let arguments: String = row.try_get(5)?;
        let environment: Option<String> = row.try_get(6)?;
        Ok(BoefjeMeta {
            id,
            boefje_id: row.try_get(1)?,
            boefje_version: row.try_get(2)?,
            organization: row.try_get(3)?,
            input_ooi: row.try_get(4)?,
            arguments: respell(&arguments)?.context("the arguments are null")?,
            environment: environment.as_deref().map(respell).transpose()?.flatten(),
            runnable_hash: row.try_get(7)?,
            started_at: time(row, 8)?,
            ended_at: time(row, 9)?,
        })
    };
    read().with_context(|| format!("read boefje_meta {id}"))
}

/// A raw file.
pub(super) fn raw_file(row: &Row) -> Result<RawFile> {
    let id: Uuid = row.try_get(0)?;
    let read = || -> Result<RawFile> {
        let mime_types: Option<Vec<Option<String>>> = row.try_get(4)?;
        Ok(RawFile {
            id,
            secure_hash: row.try_get(1)?,
            link: row.try_get(2)?,
            boefje_meta: row.try_get(3)?,
            mime_types: mime_types.unwrap_or_default().into_iter().flatten().collect(),
            provider: row.try_get(5)?,
            organization: row.try_get(6)?,
            ended_at: time(row, 7)?,
        })
    };
    read().with_context(|| format!("read raw_file {id}"))
}

/// A parser job, in our form.
pub(super) fn parser_job(row: &Row) -> Result<NormalizerMeta> {
    let id: Uuid = row.try_get(0)?;
    let read = || -> Result<NormalizerMeta> {
        Ok(NormalizerMeta {
            id,
            normalizer_id: row.try_get(1)?,
            normalizer_version: row.try_get(2)?,
            started_at: time(row, 3)?,
            ended_at: time(row, 4)?,
            raw_file: row.try_get(5)?,
        })
    };
    read().with_context(|| format!("read normalizer_meta {id}"))
}

fn time(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    let Some(time) = row.try_get::<_, Option<SystemTime>>(column)? else { return Ok(None) };
    let micros = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros())?,
        Err(before) => -i64::try_from(before.duration().as_micros())?,
    };
    Timestamp::from_micros(micros).map(Some).context("a time is not between the years 1 and 9999")
}

/// JSON in the spelling that our answers use; null is none.
fn respell(text: &str) -> Result<Option<Json>> {
    let value = json::parse(text.as_bytes()).ok().context("a column has text that is not JSON")?;
    let spelled = JsonText::new(&value).context("a column has JSON that cannot be answered")?;
    Ok((spelled.as_str() != "null").then(|| Json(spelled.as_str().to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spelled_as_answers_spell_it() {
        let check = |text: &str, spelled: Option<&str>| {
            assert_eq!(respell(text).unwrap().map(|json| json.0), spelled.map(str::to_owned));
        };
        check("{\"b\": 1.0, \"a\": \"\\u00e9\"}", Some("{\"b\":1.0,\"a\":\"é\"}"));
        check("null", None);
        assert!(respell("{").is_err());
    }

    #[test]
    fn the_driver_in_the_scheme_is_left_out() {
        assert_eq!(plain_scheme("postgresql+psycopg2://u@h/d"), "postgresql://u@h/d");
        assert_eq!(plain_scheme("postgres://u@h/d"), "postgres://u@h/d");
    }
}
