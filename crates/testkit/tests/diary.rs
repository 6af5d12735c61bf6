//! A second small service for the tests of erasure: diaries with personal values that may and may not be absent,
//! content, and notes that belong to their entries.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use strongroom_kernel::{
    Action, Belongs, Command, ErasureReport, ErasureRequest, Json, Migration, Row as _, Schema, Snapshot,
    State, TextList, Unit, Uuid, verify::Silent,
};
use strongroom_model::{Caller, Digest, Domain, Error};
use strongroom_testkit::{Room, RoomOptions};

pub(crate) const WRITE: Action = Action { service: "diary", name: "write" };
pub(crate) const TOPIC: &str = "entry_written";

pub(crate) const SCHEMA: Schema = Schema {
    service: "diary",
    tables: &[Entry::TABLE, Remark::TABLE, Author::TABLE],
    migrations: &[Migration {
        version: 1,
        name: "entries_and_remarks",
        sql: "CREATE TABLE diary_entry (
                id {id} NOT NULL UNIQUE, author {text} NOT NULL, mood {text}, details {json}, tags {list},
                domain {text} NOT NULL, picture {digest}, {row}
              );
              CREATE INDEX diary_entry_mood ON diary_entry (mood);
              CREATE TABLE diary_remark (
                id {id} NOT NULL UNIQUE, entry {id} NOT NULL, words {text} NOT NULL, {row}
              );
              CREATE TABLE diary_author (id {int} NOT NULL UNIQUE, name {text}, entries {int} NOT NULL, {row},
                UNIQUE (name));",
    }],
};

pub(crate) const BELONGS: &[Belongs] =
    &[Belongs { table: "diary_remark", column: "entry", owner: "diary_entry" }];

strongroom_kernel::table! {
    /// One entry.
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) struct Entry in "diary_entry" {
        pub(crate) id: Uuid,
        pub(crate) author: String = personal,
        pub(crate) mood: Option<String> = personal,
        pub(crate) details: Option<Json> = personal,
        pub(crate) tags: Option<TextList> = personal,
        pub(crate) domain: Domain,
        pub(crate) picture: Option<Digest> = personal,
    }
    key ["id"]
    content ("domain", "picture")
}

strongroom_kernel::table! {
    /// What somebody said of an entry.
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) struct Remark in "diary_remark" {
        pub(crate) id: Uuid,
        pub(crate) entry: Uuid,
        pub(crate) words: String = personal,
    }
    key ["id"]
}

strongroom_kernel::table! {
    /// Somebody who writes, counted.
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) struct Author in "diary_author" {
        pub(crate) id: i64,
        pub(crate) name: Option<String> = personal,
        pub(crate) entries: i64 = counter,
    }
    key ["id"]
    unique "name_taken": ["name"]
}

pub(crate) fn domain() -> Domain {
    Domain::new("diary", "home").unwrap()
}

pub(crate) fn entry(id: u128, author: &str) -> Entry {
    Entry {
        id: Uuid::from_u128(id),
        author: author.to_owned(),
        mood: None,
        details: None,
        tags: None,
        domain: domain(),
        picture: None,
    }
}

pub(crate) fn remark(id: u128, entry: u128, words: &str) -> Remark {
    Remark { id: Uuid::from_u128(id), entry: Uuid::from_u128(entry), words: words.to_owned() }
}

pub(crate) fn unit(caller: &str) -> Unit {
    Unit::new(&Caller::account(caller), WRITE)
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

pub(crate) async fn run(room: &Room, unit: Unit) {
    room.kernel.run(&Plain(unit)).await.unwrap();
}

/// Writes an entry with a picture that rides in its unit, and announces `payload`.
pub(crate) async fn write(room: &Room, mut entry: Entry, picture: Option<&[u8]>, payload: &str) {
    let mut unit = unit(&entry.author);
    entry.picture = picture.map(|picture| unit.blob(&entry.domain, Bytes::copy_from_slice(picture)));
    unit.put(&entry, State::Any);
    unit.emit(TOPIC, "home", payload.to_owned());
    run(room, unit).await;
}

pub(crate) fn options() -> RoomOptions {
    RoomOptions::new(&[SCHEMA], TOPIC)
}

pub(crate) fn request(subject: &str) -> ErasureRequest {
    ErasureRequest { subject: subject.parse().unwrap(), rows: false, caller: Caller::system("erase") }
}

pub(crate) async fn erase(room: &Room, subject: &str) -> ErasureReport {
    room.kernel.erase(&request(subject), BELONGS, &Silent).await.unwrap()
}

pub(crate) async fn find(room: &Room, id: u128) -> Option<Entry> {
    let key = [strongroom_kernel::Value::Id(Uuid::from_u128(id))];
    room.kernel.snapshot().await.unwrap().find(&key).await.unwrap()
}

pub(crate) async fn find_remark(room: &Room, id: u128) -> Option<Remark> {
    let key = [strongroom_kernel::Value::Id(Uuid::from_u128(id))];
    room.kernel.snapshot().await.unwrap().find(&key).await.unwrap()
}

/// The room's database, for what the kernel has no words for.
pub(crate) async fn rebuild(room: &Room) {
    let database = Arc::clone(room.kernel.database());
    let schemas = room.kernel.schemas().to_vec();
    strongroom_kernel::rebuild(database.as_ref(), &schemas, &Silent).await.unwrap();
}
