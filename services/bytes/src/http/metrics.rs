//! `GET /metrics`: the original's two families, never cached. `GET /bytes/metrics`: those and all others.

use std::fmt::Write as _;

use axum::{http::StatusCode, response::Response};

use super::{answer, ask::Ask, error::Refusal};
use crate::{queries, tables::Organization};

/// Exactly the two families of the original, organisations in the order they were first seen.
pub(super) async fn original(ask: &Ask) -> Result<Response, Refusal> {
    let organizations = organizations(ask).await?;
    Ok(answer::text(StatusCode::OK, families(&organizations)))
}

/// The two families, bytes per organisation, and what all services share.
pub(super) async fn all(ask: &Ask) -> Result<Response, Refusal> {
    let organizations = organizations(ask).await?;
    let mut page = families(&organizations);
    page.push_str("# HELP strongroom_bytes_content_bytes Bytes of raw files by organization.\n");
    page.push_str("# TYPE strongroom_bytes_content_bytes gauge\n");
    for organization in &organizations {
        push_sample(&mut page, "strongroom_bytes_content_bytes", &organization.id, organization.bytes);
    }
    page.push_str(&ask.state.metrics().page(ask.kernel().database().gauges()));
    Ok(answer::text(StatusCode::OK, page))
}

async fn organizations(ask: &Ask) -> Result<Vec<Organization>, Refusal> {
    let snapshot = ask.kernel().snapshot().await?;
    Ok(queries::organizations(&snapshot).await?)
}

/// Both are gauges in spite of their names, and numbers are floats, as the original has it.
fn families(organizations: &[Organization]) -> String {
    let mut page = format!(
        "# HELP bytes_database_organizations_total Total amount of organizations in the bytes database.\n\
         # TYPE bytes_database_organizations_total gauge\n\
         bytes_database_organizations_total {}.0\n\
         # HELP bytes_database_raw_files_total Total amount of raw files in the bytes database.\n\
         # TYPE bytes_database_raw_files_total gauge\n",
        organizations.len()
    );
    for organization in organizations {
        push_sample(&mut page, "bytes_database_raw_files_total", &organization.id, organization.raw_files);
    }
    page
}

fn push_sample(page: &mut String, family: &str, organization: &str, value: i64) {
    let organization = organization.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let _infallible = writeln!(page, "{family}{{organization_id=\"{organization}\"}} {value}.0");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_families_are_written_as_the_original_writes_them() {
        let organization = |id: &str, raw_files| Organization { id: id.to_owned(), raw_files, bytes: 0 };
        let page = families(&[organization("acme", 12), organization("a\"b", 1)]);
        assert_eq!(
            page,
            "# HELP bytes_database_organizations_total Total amount of organizations in the bytes database.\n\
             # TYPE bytes_database_organizations_total gauge\n\
             bytes_database_organizations_total 2.0\n\
             # HELP bytes_database_raw_files_total Total amount of raw files in the bytes database.\n\
             # TYPE bytes_database_raw_files_total gauge\n\
             bytes_database_raw_files_total{organization_id=\"acme\"} 12.0\n\
             bytes_database_raw_files_total{organization_id=\"a\\\"b\"} 1.0\n"
        );
    }
}
