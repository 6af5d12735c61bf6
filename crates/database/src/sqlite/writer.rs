//! The thread that owns the one connection that writes.
//!
//! It takes jobs one after the other. After an error it closes its connection: the next job begins with a
//! new one and with what that reads, since after a failed sync neither SQLite's cache nor the system's can
//! be believed.

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread::JoinHandle,
};

use rusqlite::Connection;
use strongroom_kernel::ports::{Batch, Head, PortError, UnitOutcome};
use tokio::sync::oneshot;

use crate::statements::Statements;

use super::{
    SqliteOptions,
    batch::{self, Known},
    checkpoint::{Checkpointer, Log},
    connection::open_writer,
    error::failed,
    events::Topics,
    read,
};

type Job = Box<dyn FnOnce(&mut Writer) + Send>;

/// Hands jobs to the writer's thread. Dropping it waits for the job being done.
#[derive(Debug)]
pub(super) struct WriterThread {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    log: Log,
}

impl WriterThread {
    /// Starts the thread with its first connection.
    pub(super) fn start(
        connection: Connection,
        path: &Path,
        options: &SqliteOptions,
    ) -> Result<Self, PortError> {
        let log = Log::default();
        let mut writer = Writer {
            path: path.to_owned(),
            options: options.clone(),
            open: None,
            log: log.clone(),
            checkpointer: None,
        };
        writer.adopt(connection)?;
        writer.checkpointer = Some(Checkpointer::start(path, options, log.clone())?);
        let (jobs, receiver) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writer.work(&receiver))
            .map_err(|error| PortError::io("start the writer's thread", error))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), log })
    }

    /// Has `job` done on the writer's thread; a job whose caller went away is done too.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writer) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |writer| {
            let _ = answer.send(job(writer));
        });
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(job).map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }

    /// What is known of the write-ahead log.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }
}

fn ended() -> PortError {
    PortError::unavailable("the database's writer has ended")
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the database's writer ended in a panic");
        }
    }
}

/// The owner of the writing connection.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    options: SqliteOptions,
    open: Option<(Connection, Known)>,
    log: Log,
    checkpointer: Option<Checkpointer>,
}

impl Writer {
    fn work(mut self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            job(&mut self);
            if let (Some((connection, _)), Some(checkpointer)) = (&self.open, &mut self.checkpointer) {
                checkpointer.after_commit(connection);
            }
        }
    }

    /// Opens the connection unless it is open, and reads where things stand.
    fn open(&mut self) -> Result<&mut (Connection, Known), PortError> {
        if self.open.is_none() {
            self.adopt(open_writer(&self.path, &self.options)?)?;
        }
        Ok(self.open.as_mut().expect("it was opened above"))
    }

    fn adopt(&mut self, mut connection: Connection) -> Result<(), PortError> {
        self.log.watch(&mut connection)?;
        let head = check_head(&connection)?;
        let known = Known { head, topics: Topics::default(), statements: Statements::default() };
        self.open = Some((connection, known));
        Ok(())
    }

    /// Does `job` on the connection; after an error the connection is closed.
    fn with<T>(
        &mut self,
        job: impl FnOnce(&mut Connection, &mut Known) -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        let (connection, known) = self.open()?;
        let done = job(connection, known);
        if let Err(error) = &done {
            tracing::warn!(error = %error, source = ?error.source, "database reopened after an error");
            // closing the connection rolls back what was open
            self.open = None;
        }
        done
    }

    /// Commits a batch.
    pub(super) fn commit(&mut self, batch: &Batch) -> Result<Vec<UnitOutcome>, PortError> {
        self.with(|connection, known| batch::commit(connection, known, batch))
    }

    /// Does `job` while neither a commit nor a move of the log is under way.
    pub(super) fn alone<T>(&mut self, job: impl FnOnce() -> Result<T, PortError>) -> Result<T, PortError> {
        let log = self.log.clone();
        self.with(|_, _| log.alone(job))
    }

    /// Does `job` in one transaction.
    pub(super) fn transaction<T>(
        &mut self,
        job: impl FnOnce(&Connection, &mut Known) -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        self.with(|connection, known| {
            let transaction = connection
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                .map_err(failed("begin a transaction"))?;
            let done = job(&transaction, known)?;
            transaction.commit().map_err(failed("commit a transaction"))?;
            Ok(done)
        })
    }
}

/// The end of the ledger, checked against the last record.
fn check_head(connection: &Connection) -> Result<Head, PortError> {
    let head = read::head(connection)?;
    let last: Option<i64> = connection
        .query_row("SELECT MAX(sequence) FROM ledger_record", [], |row| row.get(0))
        .map_err(failed("read the last record"))?;
    let size = last.map_or(Some(0), |last| u64::try_from(last).ok().map(|last| last + 1));
    if size == Some(head.size) {
        Ok(head)
    } else {
        Err(PortError::corrupt(format!(
            "the ledger should end with {} records, the last is {last:?}",
            head.size
        )))
    }
}

#[cfg(test)]
mod tests {
    use strongroom_contract::database::{Place, Subject, tables, unit};
    use strongroom_kernel::{
        Schema, State, Unit,
        ports::{Batch, Database, PortErrorKind},
    };

    use super::*;
    use crate::Sqlite;

    #[derive(Debug)]
    struct Folder(tempfile::TempDir);

    #[async_trait::async_trait]
    impl Place for Folder {
        async fn open(&self, schemas: &[Schema]) -> Result<std::sync::Arc<dyn Database>, PortError> {
            Ok(std::sync::Arc::new(Sqlite::open(
                &self.0.path().join("db"),
                schemas,
                &SqliteOptions::default(),
            )?))
        }
    }

    fn book(id: i64, title: &str) -> Unit {
        let book = tables::Book { title: title.to_owned(), ..tables::Book::new(id) };
        unit(|unit| unit.put(&book, State::Absent))
    }

    #[tokio::test]
    async fn a_full_disk_fails_the_batch_and_the_next_begins_anew() {
        let folder = Folder(tempfile::tempdir().unwrap());
        let subject = Subject::open(&folder).await;
        subject.done(&book(1, "one")).await;
        let path = folder.0.path().join("db");
        let options = SqliteOptions::default();
        let writer = WriterThread::start(open_writer(&path, &options).unwrap(), &path, &options).unwrap();
        let commit = async |units: &[Unit]| {
            let batch: Batch = subject.batch(units);
            writer.run(move |writer| writer.commit(&batch)).await
        };
        // SQLite says the same for a bound on its pages as for a file system without room
        writer
            .run(|writer| {
                let (connection, _) = writer.open()?;
                connection.execute_batch("PRAGMA max_page_count = 1").map_err(failed("bound the file"))
            })
            .await
            .unwrap();
        let large = "x".repeat(1 << 20);
        let error = commit(&[book(2, "two"), book(3, &large)]).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Full);
        assert_eq!(subject.database.head().await.unwrap().size, 1);
        // the bound went away with the connection
        let outcomes = commit(&[book(2, "two"), book(3, &large)]).await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, UnitOutcome::Committed(_))));
        assert_eq!(subject.database.head().await.unwrap().size, 3);
    }
}
