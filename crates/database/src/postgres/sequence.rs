//! Giving committed records their index, in the order of their sequence.
//!
//! Only the head is ever changed, by compare-and-swap: of two processes that sequence, one is told so and
//! has changed nothing.

use strongroom_kernel::ports::{PortError, PortErrorKind};

use crate::number::{limit as as_limit, signed};

use super::{error::failed, session::Session};

const HEAD: &str = "SELECT size, sequence FROM ledger_head";
const GIVE: &str = "INSERT INTO ledger_index (leaf_index, sequence) \
    SELECT $1::bigint + row_number() OVER (ORDER BY sequence) - 1, sequence FROM ledger_record \
    WHERE sequence > $2 ORDER BY sequence LIMIT $3";
const MOVE: &str = "UPDATE ledger_head SET size = size + $3, (sequence, time) = \
    (SELECT r.sequence, r.time FROM ledger_index AS i JOIN ledger_record AS r USING (sequence) \
     WHERE i.leaf_index = $1 + $3 - 1) \
    WHERE size = $1 AND sequence = $2";

/// Gives at most `limit` records their index, and says how many it gave.
pub(super) async fn give(session: &mut Session, limit: usize) -> Result<u64, PortError> {
    if session.indexed == Some(signed(session.next) - 1) {
        return Ok(0);
    }
    let failed = failed("give records their index");
    let (head, give, swap) =
        (session.statement(HEAD).await?, session.statement(GIVE).await?, session.statement(MOVE).await?);
    let transaction = session.client.transaction().await.map_err(&failed)?;
    let row = transaction.query_one(&head, &[]).await.map_err(&failed)?;
    let (size, last): (i64, i64) = (row.try_get(0).map_err(&failed)?, row.try_get(1).map_err(&failed)?);
    let given = transaction.execute(&give, &[&size, &last, &as_limit(limit)]).await.map_err(&failed)?;
    if given == 0 {
        transaction.rollback().await.map_err(&failed)?;
        session.indexed = Some(last);
        return Ok(0);
    }
    let count = i64::try_from(given)
        .map_err(|error| PortError::corrupt("more records than can be counted").with_source(error))?;
    if transaction.execute(&swap, &[&size, &last, &count]).await.map_err(&failed)? != 1 {
        return Err(PortError::new(PortErrorKind::Conflict, "another process gives records their index"));
    }
    transaction.commit().await.map_err(&failed)?;
    Ok(given)
}
