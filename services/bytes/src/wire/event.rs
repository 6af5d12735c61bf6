//! The message `raw_file_received`, which makes the scheduler start parsers.
//!
//! Only its bytes; when and where it is sent is the sinks' business.

use strongroom_model::Timestamp;
use uuid::Uuid;

use super::{
    json,
    models::{BoefjeMeta, push_raw_meta},
    scalar,
};

/// The name of the event, of its queue and of its routing key.
pub const RAW_FILE_RECEIVED: &str = "raw_file_received";

/// The body of the message: UTF-8 JSON in the original's key order.
///
/// Hash, provider and link are always null in it, and the environment of the job is in it, secrets included: the
/// scheduler hands the record on to the parsers as it is.
pub fn raw_file_received(
    created_at: Timestamp,
    raw_id: &Uuid,
    boefje_meta: &BoefjeMeta,
    mime_types: &[String],
) -> String {
    let mut out = format!("{{\"event_id\":\"{RAW_FILE_RECEIVED}\",\"created_at\":\"");
    scalar::push_instant(&mut out, created_at);
    out.push_str("\",\"organization\":");
    json::push_text(&mut out, &boefje_meta.organization);
    out.push_str(",\"raw_data\":");
    push_raw_meta(&mut out, raw_id, boefje_meta, mime_types, [None; 3]);
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_that_of_the_original() {
        let meta = concat!(
            r#"{"id":"6d1f0f6e-4d0b-4a53-9a57-1c9e0c6d7a10","started_at":"2025-03-04T10:20:30Z","#,
            r#""ended_at":"2025-03-04T10:20:41.500000Z","boefje":{"id":"ssl-version","version":"0.4"},"#,
            r#""input_ooi":"Hostname|internet|shop.example","arguments":{},"organization":"acme","#,
            r#""runnable_hash":null,"environment":{"TOP_PORTS":"250"}}"#
        );
        let created_at = scalar::parse_instant("2025-03-04T10:20:42.017305Z").unwrap();
        let id = scalar::parse_uuid("0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77").unwrap();
        let boefje_meta = BoefjeMeta::from_body(None, meta.as_bytes()).unwrap();
        let mime_types = ["text/xml".to_owned(), "boefje/ssl-version".to_owned()];
        assert_eq!(
            raw_file_received(created_at, &id, &boefje_meta, &mime_types),
            format!(
                concat!(
                    r#"{{"event_id":"raw_file_received","created_at":"2025-03-04T10:20:42.017305Z","#,
                    r#""organization":"acme","raw_data":{{"id":"0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77","#,
                    r#""boefje_meta":{},"mime_types":[{{"value":"text/xml"}},{{"value":"boefje/ssl-version"}}],"#,
                    r#""secure_hash":null,"signing_provider_url":null,"hash_retrieval_link":null}}}}"#
                ),
                meta
            )
        );
    }
}
