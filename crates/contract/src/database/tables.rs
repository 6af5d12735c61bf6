//! Tables of the suite: every kind of column, composite keys, unique constraints, references to content.

use strongroom_kernel::{Json, Migration, Row, Schema, TextList, Uuid};
use strongroom_model::{Digest, Domain, Timestamp};

strongroom_kernel::table! {
    /// One column of each kind, all of which may be null.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Sample in "suite_sample" {
        /// Drawn by the test.
        pub id: Uuid,
        /// A truth value.
        pub flag: Option<bool>,
        /// An integer.
        pub number: Option<i64>,
        /// A text.
        pub words: Option<String>,
        /// Bytes.
        pub data: Option<Vec<u8>>,
        /// An id.
        pub other: Option<Uuid>,
        /// A digest.
        pub digest: Option<Digest>,
        /// An instant.
        pub at: Option<Timestamp>,
        /// JSON text.
        pub json: Option<Json>,
        /// A list of texts.
        pub list: Option<TextList>,
    }
    key ["id"]
}

strongroom_kernel::table! {
    /// A book on a shelf: integers to bump and two unique constraints beside the key.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Book in "suite_book" {
        /// Chosen by the test.
        pub id: i64,
        /// Unique over all books.
        pub title: String,
        /// Unique together with its place.
        pub shelf: String,
        /// See `shelf`.
        pub place: i64,
        /// To be bumped.
        pub copies: i64,
    }
    key ["id"]
    unique "title_taken": ["title"]
    unique "place_taken": ["shelf", "place"]
}

strongroom_kernel::table! {
    /// A page of a book: a composite key, and a picture that is content.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Page in "suite_page" {
        /// First part of the key.
        pub book: i64,
        /// Second part of the key.
        pub number: i64,
        /// Where its picture is deduplicated.
        pub domain: Domain,
        /// Its picture.
        pub picture: Option<Digest>,
    }
    key ["book", "number"]
    content ("domain", "picture")
}

/// Schema of the suite's tables.
pub const SCHEMA: Schema = Schema {
    service: "suite",
    tables: &[Sample::TABLE, Book::TABLE, Page::TABLE],
    migrations: &[FIRST, SECOND],
};

/// The first of its two migrations.
pub const FIRST: Migration = Migration {
    version: 1,
    name: "samples_and_books",
    sql: "CREATE TABLE suite_sample (
            id {id} PRIMARY KEY, flag {bool}, number {int}, words {text}, data {bytes}, other {id},
            digest {digest}, at {time}, json {json}, list {list}, {row});
          CREATE TABLE suite_book (
            id {int} NOT NULL, title {text} NOT NULL, shelf {text} NOT NULL, place {int} NOT NULL,
            copies {int} NOT NULL, {row}, PRIMARY KEY (id));
          CREATE UNIQUE INDEX suite_book_title_taken ON suite_book (title);
          CREATE UNIQUE INDEX suite_book_place_taken ON suite_book (shelf, place);",
};

/// The second.
pub const SECOND: Migration = Migration {
    version: 2,
    name: "pages",
    sql: "CREATE TABLE suite_page (
            book {int} NOT NULL, number {int} NOT NULL, domain {text} NOT NULL, picture {digest}, {row},
            PRIMARY KEY (book, number));",
};

impl Sample {
    /// A sample without values.
    pub fn empty(id: Uuid) -> Self {
        Self {
            id,
            flag: None,
            number: None,
            words: None,
            data: None,
            other: None,
            digest: None,
            at: None,
            json: None,
            list: None,
        }
    }

    /// A sample with a value of each kind, made from `number`.
    pub fn full(id: Uuid, number: i64) -> Self {
        Self {
            id,
            flag: Some(number % 2 == 0),
            number: Some(number),
            words: Some(format!("number {number}, ümläut")),
            data: Some(number.to_be_bytes().to_vec()),
            other: Some(Uuid::from_u128(number.unsigned_abs().into())),
            digest: Some(Digest::of(&number.to_be_bytes())),
            at: Timestamp::from_micros(number),
            json: Some(Json(format!("{{ \"n\" : {number}.0 }}"))),
            list: Some(TextList(vec![number.to_string(), "a,\"b\"".to_owned()])),
        }
    }
}

impl Book {
    /// A book whose title and place follow from `id`.
    pub fn new(id: i64) -> Self {
        Self { id, title: format!("title {id}"), shelf: "A".to_owned(), place: id, copies: 10 }
    }
}

impl Page {
    /// A page of book 1 with a picture in the domain `suite/a`.
    pub fn new(number: i64, picture: Option<Digest>) -> Self {
        Self { book: 1, number, domain: domain("a"), picture }
    }
}

/// The domain `suite/<tenant>`.
pub fn domain(tenant: &str) -> Domain {
    Domain::new("suite", tenant).expect("tests use tenants without NUL")
}
