//! What the server's refusals mean.

use std::error::Error;

use strongroom_kernel::ports::{PortError, PortErrorKind};

/// Words with which servers say that there is no room: a quota of the bucket or the tenant, a full disk of theirs,
/// an object longer than they take. The client knows no kinds for these, only status and body in its words.
const FULL: [&str; 6] = [
    "QuotaExceeded",
    "XMinioStorageFull",
    "StorageFull",
    "InsufficientCapacity",
    "EntityTooLarge",
    "507 Insufficient Storage",
];

/// Absent objects are `Missing`, no room is `Full`; all else may be gone at the next try.
pub(super) fn port_error(doing: &'static str, error: object_store::Error) -> PortError {
    let kind = match &error {
        object_store::Error::NotFound { .. } => PortErrorKind::Missing,
        error if says(error, &FULL) => PortErrorKind::Full,
        _ => PortErrorKind::Unavailable,
    };
    PortError::new(kind, doing).with_source(error)
}

/// As [`port_error`], but a bucket that is not there is `Missing`.
pub(super) fn bucket_error(error: object_store::Error) -> PortError {
    if says(&error, &["NoSuchBucket"]) {
        PortError::missing("look at the bucket: there is none of that name").with_source(error)
    } else {
        port_error("look at the bucket", error)
    }
}

/// Whether the error or one behind it has one of these words.
fn says(error: &object_store::Error, words: &[&str]) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if words.iter().any(|word| text.contains(word)) {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &'static str) -> PortErrorKind {
        let source = std::io::Error::other(std::io::Error::other(text));
        port_error("write", object_store::Error::Generic { store: "S3", source: source.into() }).kind
    }

    #[test]
    fn no_room_is_told_from_no_answer() {
        let xml = "Server returned non-2xx status code: 507 Insufficient Storage: <Error/>";
        assert_eq!(kind(xml), PortErrorKind::Full);
        assert_eq!(kind("403 Forbidden: <Code>QuotaExceeded</Code>"), PortErrorKind::Full);
        assert_eq!(kind("<Code>XMinioStorageFull</Code>"), PortErrorKind::Full);
        assert_eq!(kind("400 Bad Request: <Code>EntityTooLarge</Code>"), PortErrorKind::Full);
        assert_eq!(kind("503 Service Unavailable: <Code>SlowDown</Code>"), PortErrorKind::Unavailable);
    }
}
