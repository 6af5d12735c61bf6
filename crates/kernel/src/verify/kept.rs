//! What is kept without a leaf: seals of notes and replies, and where the packs end.

use crate::{
    ports::{PackPosition, PortError, PortErrorKind},
    state,
};

use super::{Progress, Report, Verification};

const PAGE: usize = 1_024;

/// Checks the seal of every note and of every reply.
pub(super) async fn verify_seals(
    asked: &Verification,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), PortError> {
    progress.begin("notes and replies", 0);
    let mut after = String::new();
    loop {
        let page = asked.database.notes(&after, PAGE).await?;
        for (name, stored) in &page {
            if let Err(error) = state::open_note(&asked.verifier, name, stored) {
                report.failed(&error);
            }
        }
        progress.advance(page.len() as u64);
        let Some((last, _)) = page.into_iter().next_back() else { break };
        after = last;
    }
    let mut after = (String::new(), String::new());
    loop {
        let page = asked.database.replies((&after.0, &after.1), PAGE).await?;
        for reply in &page {
            if let Err(error) = state::open_reply(&asked.verifier, reply) {
                report.failed(&error);
            }
        }
        progress.advance(page.len() as u64);
        let Some(last) = page.into_iter().next_back() else { return Ok(()) };
        after = (last.scope, last.key);
    }
}

/// Holds the committed end of the packs against the last content in them: recovery cuts off what is behind that end.
/// It may lie behind the last content - the unit of a later one was refused, or that one was deleted - but an
/// entry stands there.
pub(super) async fn verify_pack_end(
    asked: &Verification,
    last: Option<PackPosition>,
    report: &mut Report,
) -> Result<(), PortError> {
    let Some(packs) = asked.packs.clone() else { return Ok(()) };
    // after the contents were read: it only ever moves on
    let end = match asked.database.pack_end().await {
        Err(error) if error.kind == PortErrorKind::Corrupt => {
            report.failed(&error);
            return Ok(());
        }
        end => end?,
    };
    let Some(end) = end else {
        if last.is_some() {
            report.tampered("the end of the packs is missing");
        }
        return Ok(());
    };
    if last.is_some_and(|last| end < last) {
        report.tampered("the end of the packs stands before content in them");
    }
    if let Err(error) = packs.stands(end) {
        match error.kind {
            PortErrorKind::Corrupt => report.tampered(format!("the end of the packs: {error}")),
            _ => report.failed(&error),
        }
    }
    Ok(())
}
