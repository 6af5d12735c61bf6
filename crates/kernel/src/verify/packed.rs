//! What is live in objects of small contents against the contents that say they are there: by it objects are written
//! anew and removed. The bytes themselves are held against digests by `contents`.

use crate::ports::{ContentEntry, ObjectState, Packing, Place, PortError};

use super::{Report, Verification};

const PAGE: usize = 512;
/// How often an object is looked at again while contents in it come and go.
const LOOKS: u32 = 20;

/// Counts what is live in every object.
pub(super) async fn verify(asked: &Verification, report: &mut Report) -> Result<(), PortError> {
    let Some(packing) = asked.database.packing() else { return Ok(()) };
    let mut after = None;
    loop {
        let page = packing.objects(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.number);
        for object in &page {
            if let Some((known, counted)) = difference(packing, object.number).await? {
                let number = object.number;
                report.tampered(format!(
                    "object {number}: {counted} bytes of contents are in it, it knows of {known}"
                ));
            }
        }
    }
}

/// Counts between two looks at what the object knows; `None` when they agree, or when it is gone.
async fn difference(packing: &dyn Packing, number: u32) -> Result<Option<(u64, u64)>, PortError> {
    let known = async || {
        let page = packing.objects(number.checked_sub(1), 1).await?;
        Ok::<_, PortError>(page.into_iter().find(|object| object.number == number))
    };
    for _ in 0..LOOKS {
        let Some(before) = known().await? else { return Ok(None) };
        let contents = packing.packed_contents(number).await?;
        let counted = contents.iter().map(in_object).sum::<u64>();
        if known().await? != Some(before) {
            continue;
        }
        let sound = counted == before.live
            && before.live <= before.payload
            && (counted == 0 || before.state == ObjectState::Filled);
        return Ok((!sound).then_some((before.live, counted)));
    }
    Ok(None)
}

/// Bytes that a content takes in its object.
fn in_object(entry: &ContentEntry) -> u64 {
    match entry.place {
        Place::Object(position) => position.at.length.into(),
        Place::Pack(_) | Place::Store | Place::Database => 0,
    }
}
