//! Origins of imported traces.

use strongroom_kernel::{Kind, Snapshot, Value, ports::Reach};
use strongroom_model::Error;

/// How many traces of a chain are here, of `contract` alone or of all.
///
/// # Errors
/// `Unavailable`.
pub async fn count_origins(snapshot: &Snapshot, chain: &str, contract: Option<&str>) -> Result<u64, Error> {
    let (sql, params) = match contract {
        Some(contract) => (
            "SELECT COUNT(*) FROM tracer_origin WHERE chain = $1 AND contract = $2",
            vec![Value::Text(chain.to_owned()), Value::Text(contract.to_owned())],
        ),
        None => ("SELECT COUNT(*) FROM tracer_origin WHERE chain = $1", vec![Value::Text(chain.to_owned())]),
    };
    let rows = snapshot.query(sql, &params, &[Kind::Int], Reach::Scan).await?;
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(count)) => Ok(u64::try_from(*count).unwrap_or_default()),
        _ => Ok(0),
    }
}
