//! A small service for the tests: pages with content, books that count them.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use strongroom_kernel::{
    Action, Command, Migration, Row as _, Schema, Snapshot, State, Subject, TextList, Unit, Uploaded, Uuid,
    Value,
};
use strongroom_model::{Caller, Digest, Domain, Error};
use strongroom_testkit::{Room, RoomOptions};

pub(crate) const SAVE: Action = Action { service: "notebook", name: "save_page" };
pub(crate) const READ: Action = Action { service: "notebook", name: "read_page" };
pub(crate) const TOPIC: &str = "page_saved";

pub(crate) const SCHEMA: Schema = Schema {
    service: "notebook",
    tables: &[Page::TABLE, Book::TABLE],
    migrations: &[Migration {
        version: 1,
        name: "pages_and_books",
        sql: "CREATE TABLE notebook_page (
                id {id} NOT NULL UNIQUE, title {text} NOT NULL, writer {text}, labels {list} NOT NULL,
                domain {text} NOT NULL, picture {digest}, {row},
                UNIQUE (domain, title)
              );
              CREATE TABLE notebook_book (name {text} NOT NULL UNIQUE, pages {int} NOT NULL, {row});",
    }],
};

strongroom_kernel::table! {
    /// One page.
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) struct Page in "notebook_page" {
        pub(crate) id: Uuid,
        pub(crate) title: String,
        pub(crate) writer: Option<String> = personal,
        pub(crate) labels: TextList,
        pub(crate) domain: Domain,
        pub(crate) picture: Option<Digest> = personal,
    }
    key ["id"]
    unique "same_title": ["domain", "title"]
    content ("domain", "picture")
}

strongroom_kernel::table! {
    /// One book.
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) struct Book in "notebook_book" {
        pub(crate) name: String,
        pub(crate) pages: i64 = counter,
    }
    key ["name"]
}

pub(crate) fn domain() -> Domain {
    Domain::new("notebook", "acme").unwrap()
}

pub(crate) fn anna() -> Caller {
    Caller::account("anna")
}

pub(crate) fn page(id: u128, content: &[u8]) -> Page {
    Page {
        id: Uuid::from_u128(id),
        title: format!("page {id}"),
        writer: Some("anna".to_owned()),
        labels: TextList(vec!["draft".to_owned()]),
        domain: domain(),
        picture: Some(Digest::of(content)),
    }
}

pub(crate) fn options() -> RoomOptions {
    RoomOptions::new(&[SCHEMA], TOPIC)
}

pub(crate) async fn room() -> Room {
    Room::new(options()).await
}

/// Saves a page with its small content.
pub(crate) struct SavePage {
    pub(crate) page: Page,
    pub(crate) content: Bytes,
}

impl SavePage {
    pub(crate) fn new(id: u128, content: &'static [u8]) -> Self {
        Self { page: page(id, content), content: Bytes::from_static(content) }
    }

    fn unit(&self) -> Unit {
        let mut unit = Unit::new(&anna(), SAVE);
        unit.about("page", self.page.id);
        unit.blob(&self.page.domain, self.content.clone());
        unit.put(&self.page, State::Absent.or("duplicate"));
        unit.emit(TOPIC, "acme", self.page.id.to_string());
        unit
    }
}

#[async_trait]
impl Command for SavePage {
    type Reply = Uuid;

    async fn decide(&self, _: &Snapshot) -> Result<(Unit, Uuid), Error> {
        Ok((self.unit(), self.page.id))
    }
}

/// Saves a page whose content was uploaded before.
pub(crate) struct SaveUploaded<'a> {
    pub(crate) page: Page,
    pub(crate) uploaded: &'a Uploaded,
}

#[async_trait]
impl Command for SaveUploaded<'_> {
    type Reply = ();

    async fn decide(&self, _: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(&anna(), SAVE);
        unit.attach(self.uploaded);
        unit.put(&self.page, State::Absent);
        Ok((unit, ()))
    }
}

/// Counts one page more in a book, making the book if need be.
#[derive(Default)]
pub(crate) struct CountPage {
    pub(crate) decided: AtomicUsize,
}

#[async_trait]
impl Command for CountPage {
    type Reply = ();

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        self.decided.fetch_add(1, Ordering::SeqCst);
        let key = vec![Value::Text("diary".to_owned())];
        let mut unit = Unit::new(&anna(), SAVE);
        match snapshot.find::<Book>(&key).await? {
            None => unit.put(&Book { name: "diary".to_owned(), pages: 1 }, State::Absent),
            Some(_) => unit.bump::<Book>(key, "pages", 1, (0, 1_000)),
        }
        Ok((unit, ()))
    }
}

/// Commits what it is given.
pub(crate) struct Plain(pub(crate) Unit);

#[async_trait]
impl Command for Plain {
    type Reply = ();

    async fn decide(&self, _: &Snapshot) -> Result<(Unit, ()), Error> {
        Ok((self.0.clone(), ()))
    }
}

pub(crate) fn subject(id: u128) -> Subject {
    Subject { noun: "page", id: Uuid::from_u128(id).to_string() }
}

pub(crate) async fn find(room: &Room, id: u128) -> Option<Page> {
    room.kernel.snapshot().await.unwrap().find(&[Value::Id(Uuid::from_u128(id))]).await.unwrap()
}
