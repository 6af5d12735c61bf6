//! Multipart uploads that a killed process left behind: invisible, and paid for until somebody ends them.
//!
//! S3 lists them by a request of its own (`ListMultipartUploads`), for which the client has a signature but no call.

use std::time::Duration;

use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimeParser};
use object_store::{
    client::{HttpError, HttpRequest, HttpRequestBody},
    multipart::MultipartStore as _,
    path::Path,
    signer::{SignedUrlOptions, Signer as _},
};
use strongroom_kernel::ports::PortError;

use super::{Bucket, error::port_error, parse_key};

const DOING: &str = "look for interrupted uploads on S3";
/// A signature holds so long.
const SIGNED_FOR: Duration = Duration::from_secs(20);
/// The server's clock as its answers tell it is late by less than this; the beginning of an upload is told more exactly.
const RESOLUTION: SignedDuration = SignedDuration::from_millis(999);
/// Pages of a thousand uploads that are looked at.
const PAGES: usize = 100;
/// Longest page that is read, in bytes.
const LONGEST_PAGE: usize = 4 << 20;

/// One page of the list.
#[derive(Debug, Default, PartialEq)]
struct Page {
    uploads: Vec<Upload>,
    /// Where the next page begins: key and upload.
    next: Option<(String, String)>,
}

#[derive(Debug, PartialEq)]
struct Upload {
    key: String,
    id: String,
    initiated: Timestamp,
}

/// Ends the uploads of content that began longer than `age` ago, by the server's own clock; returns how many.
///
/// # Errors
/// `Unavailable`; a server that does not list uploads is told by a warning and is no error.
pub(super) async fn end(bucket: &Bucket, age: Duration) -> Result<u64, PortError> {
    let mut ended = 0;
    let mut from = None;
    for _ in 0..PAGES {
        let Some((now, page)) = page(bucket, from).await? else { break };
        for upload in page.uploads {
            // others may keep things in the bucket: only what can be content of ours is touched
            let Ok(path) = Path::parse(&upload.key) else { continue };
            // the date of an answer may be a second old: what began after it has begun just now
            let ago = Duration::try_from(now.duration_since(upload.initiated)).unwrap_or_default();
            if ago < age || parse_key(&bucket.folder("objects"), &path).is_none() {
                continue;
            }
            match bucket.client.abort_multipart(&path, &upload.id).await {
                Ok(()) => ended += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(port_error("end an interrupted upload on S3", error)),
            }
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    Ok(ended)
}

/// A page and the time at which the server gave it; `None` when it has none to give.
async fn page(
    bucket: &Bucket,
    from: Option<(String, String)>,
) -> Result<Option<(Timestamp, Page)>, PortError> {
    let prefix = format!("{}/", bucket.folder("objects"));
    let mut query = vec![("uploads", String::new()), ("prefix", prefix)];
    if let Some((key, upload)) = from {
        query.extend([("key-marker", key), ("upload-id-marker", upload)]);
    }
    let options = SignedUrlOptions::default().with_query(query);
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    let method = request.method().clone();
    let url = bucket.client.signed_url_opts(method, &Path::default(), SIGNED_FOR, &options).await;
    let url = url.map_err(|error| port_error(DOING, error))?;
    // the URL is a credential: no error may show it
    let bad_url = || PortError::refused(format!("{DOING}: its address is malformed"));
    *request.uri_mut() = url.as_str().parse().map_err(|_| bad_url())?;
    let failed = |error: HttpError| PortError::unavailable(format!("{DOING}: {:?}", error.kind()));
    let answer = bucket.plain.execute(request).await.map_err(failed)?;
    if !answer.status().is_success() {
        tracing::warn!(status = answer.status().as_u16(), "the S3 server does not list interrupted uploads");
        return Ok(None);
    }
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
    let now = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
    let Some(now) = now else {
        return Err(PortError::unavailable(format!("{DOING}: no date in its answer")));
    };
    let mut text = Vec::new();
    let mut pieces = answer.into_body().bytes_stream();
    while let Some(piece) = pieces.try_next().await.map_err(failed)? {
        if text.len() + piece.len() > LONGEST_PAGE {
            return Err(PortError::unavailable(format!("{DOING}: its answer is too long")));
        }
        text.extend_from_slice(&piece);
    }
    let text = String::from_utf8_lossy(&text);
    Ok(Some((now.saturating_add(RESOLUTION).unwrap_or(now), parse(&text))))
}

/// Reads `ListMultipartUploadsResult`. What is not as it should be is left out: then it is not ours.
fn parse(text: &str) -> Page {
    let uploads = text.split("<Upload>").skip(1).filter_map(|upload| {
        let upload = upload.split("</Upload>").next()?;
        let initiated = element(upload, "Initiated")?.parse().ok()?;
        Some(Upload { key: element(upload, "Key")?, id: element(upload, "UploadId")?, initiated })
    });
    let next = match element(text, "IsTruncated").as_deref() {
        Some("true") => element(text, "NextKeyMarker").zip(element(text, "NextUploadIdMarker")),
        _ => None,
    };
    Page { uploads: uploads.collect(), next }
}

/// The text of the first element of that name, without its escapes.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    let plain =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    Some(plain.iter().fold(inside.to_owned(), |text, (escape, plain)| text.replace(escape, plain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_and_what_is_no_upload_left_out() {
        let text = "<?xml version=\"1.0\"?><ListMultipartUploadsResult><Bucket>b</Bucket>\
            <NextKeyMarker>a&amp;b</NextKeyMarker><NextUploadIdMarker>u2</NextUploadIdMarker>\
            <IsTruncated>true</IsTruncated>\
            <Upload><Key>p/a&amp;b</Key><UploadId>u1</UploadId><Initiated>2026-11-20T10:00:00.000Z</Initiated>\
            <StorageClass>STANDARD</StorageClass></Upload>\
            <Upload><Key>x</Key><UploadId>u3</UploadId><Initiated>yesterday</Initiated></Upload>\
            <Upload><Key>y</Key></Upload></ListMultipartUploadsResult>";
        let initiated = "2026-11-20T10:00:00Z".parse().unwrap();
        let upload = Upload { key: "p/a&b".to_owned(), id: "u1".to_owned(), initiated };
        let next = Some(("a&b".to_owned(), "u2".to_owned()));
        assert_eq!(parse(text), Page { uploads: vec![upload], next });
        for text in ["", "<Upload>", "<IsTruncated>true</IsTruncated>", "<Error><Code>No</Code></Error>"] {
            assert_eq!(parse(text), Page::default(), "{text}");
        }
    }
}
