//! The answer to a posted record: the same for scan and parser jobs.

use axum::{http::StatusCode, response::Response};
use strongroom_http::insert_receipt;
use strongroom_kernel::{Command, Kernel, Once, OnceKey};
use strongroom_model::ErrorKind;

use super::{answer, error::Refusal};
use crate::commands::INTEGRITY;

const SUCCESS: &str = r#"{"status":"success"}"#;

/// Carries `command` out, once per `key` if there is one: 201, or 400 when another record stands in its way.
pub(super) async fn saved<C: Command<Reply = ()>>(
    kernel: &Kernel,
    command: &C,
    key: Option<OnceKey>,
) -> Result<Response, Refusal> {
    let outcome = match key {
        Some(key) => kernel.run_once(&key, command, |()| SUCCESS.into()).await,
        None => kernel.run(command).await.map(Once::Done),
    };
    let mut response = answer::json(StatusCode::CREATED, SUCCESS);
    match outcome {
        Ok(Once::Done(done)) => insert_receipt(&mut response, &done.receipt),
        Ok(Once::Repeated(_)) => {}
        Err(error) if error.kind() == ErrorKind::Conflict && error.public() == INTEGRITY => {
            return Err(Refusal::Integrity);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(response)
}
