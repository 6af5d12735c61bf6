//! Many statements sent without waiting for each other.

use std::{future::poll_fn, task::Poll};

use tokio_postgres::{Client, Error, Statement};

use super::value::Arg;

/// One statement with its parameters.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) statement: Statement,
    pub(super) args: Vec<Arg<'a>>,
}

/// Sends all steps in order, then collects how many rows each touched. A step that fails does not stop the
/// others: inside a transaction the server fails them itself.
pub(super) async fn run(client: &Client, steps: Vec<Step<'_>>) -> Vec<Result<u64, Error>> {
    let mut answers: Vec<_> = steps.into_iter().map(|step| (Box::pin(send(client, step)), None)).collect();
    // the first poll of an answer sends its question
    poll_fn(|context| {
        for (answer, early) in &mut answers {
            if let Poll::Ready(done) = answer.as_mut().poll(context) {
                *early = Some(done);
            }
        }
        Poll::Ready(())
    })
    .await;
    let mut counts = Vec::with_capacity(answers.len());
    for (answer, early) in answers {
        counts.push(match early {
            Some(done) => done,
            None => answer.await,
        });
    }
    counts
}

async fn send(client: &Client, step: Step<'_>) -> Result<u64, Error> {
    client.execute_raw(&step.statement, step.args).await
}
