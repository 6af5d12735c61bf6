//! Gives meaning to what the lexer meets: the members of an upload, at whatever place and however often they come.

use std::collections::HashSet;

use super::{
    Limits, Sink, Status, Uploaded,
    lexer::{Events, Role, Scalar, Shape},
    slot::{Gather, Gathered, Slot, SurrogateWatch},
};
use crate::wire::{
    base64::Decoder,
    fields::{Column, misfit},
    validation::{BodyError, Problem, Problems, Step},
};

/// Base64 text decoded at once: the decoded piece stays within 48 KiB and in the cache.
const WINDOW: usize = 64 << 10;

/// Bytes of a key that are looked at: no known key is longer.
const KEY_BYTES: usize = 16;

/// Where in the body the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before or after the outermost value.
    Outside,
    /// In the body, before a key.
    Body,
    /// Before the value of a member of the body.
    Member(Member),
    /// In the list of files.
    Files,
    /// In a file, before a key.
    File,
    /// Before the value of a file's member.
    FileMember(FileMember),
    /// In a file's list of tags.
    Tags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Status,
    Files,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileMember {
    Name,
    Content,
    Tags,
    Unknown,
}

/// What the string that is being read is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Ignore,
    Key,
    Status,
    Name,
    Content,
    Tag,
}

/// The upload so far.
#[derive(Debug)]
pub(super) struct Output {
    limits: Limits,
    place: Place,
    /// Lists and objects open inside a value that is passed over.
    passed_over: usize,
    purpose: Purpose,
    gather: Gather,
    status: Status,
    /// Files begun in the current list.
    files: usize,
    file: File,
    files_seen: bool,
    /// Bytes of names and tags kept in the current list.
    text_bytes: usize,
    is_null: bool,
    scratch: Vec<u8>,
    problems: Problems,
}

/// The file that is being read.
#[derive(Debug)]
struct File {
    name: Slot<String>,
    content: Slot<()>,
    /// The tags, and how many elements the list has had.
    tags: Vec<String>,
    tags_met: usize,
    tags_sound: bool,
    content_seen: bool,
    decoder: Decoder,
    surrogates: SurrogateWatch,
}

impl File {
    fn new() -> Self {
        Self {
            name: Slot::Absent,
            content: Slot::Absent,
            tags: Vec::new(),
            tags_met: 0,
            tags_sound: true,
            content_seen: false,
            decoder: Decoder::new(),
            surrogates: SurrogateWatch::default(),
        }
    }
}

impl Output {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            place: Place::Outside,
            passed_over: 0,
            purpose: Purpose::Ignore,
            gather: Gather::default(),
            status: Status::default(),
            files: 0,
            file: File::new(),
            files_seen: false,
            text_bytes: 0,
            is_null: false,
            scratch: Vec::new(),
            problems: Problems::new(),
        }
    }

    pub(super) fn problems(&self) -> &Problems {
        &self.problems
    }

    pub(super) fn take_problems(&mut self) -> Problems {
        std::mem::take(&mut self.problems)
    }

    /// Joins the upload with the sink for the time of one chunk.
    pub(super) fn feed<'o, S: Sink>(&'o mut self, sink: &'o mut S) -> Feed<'o, S> {
        Feed { output: self, sink }
    }

    pub(super) fn finish(mut self) -> Result<Uploaded, BodyError> {
        if self.is_null {
            self.note("missing", "Field required");
        }
        if self.problems.is_empty() {
            Ok(Uploaded { status: self.status, files: self.files })
        } else {
            Err(self.problems.into())
        }
    }

    /// The place of the value that is being read.
    fn loc(&self) -> Vec<Step> {
        let mut loc = vec![Step::from("body")];
        match self.place {
            Place::Outside | Place::Body | Place::Member(Member::Unknown) => return loc,
            Place::Member(Member::Status) => loc.push("status".into()),
            Place::Member(Member::Files) => loc.push("files".into()),
            Place::Files | Place::File | Place::FileMember(_) | Place::Tags => {
                loc.extend(["files".into(), Step::from(self.files.saturating_sub(1))]);
            }
        }
        match self.place {
            Place::FileMember(FileMember::Name) => loc.push("name".into()),
            Place::FileMember(FileMember::Content) => loc.push("content".into()),
            Place::FileMember(FileMember::Tags) => loc.push("tags".into()),
            Place::Tags => loc.extend(["tags".into(), Step::from(self.file.tags_met.saturating_sub(1))]),
            _ => {}
        }
        loc
    }

    fn note(&mut self, kind: &'static str, msg: impl Into<std::borrow::Cow<'static, str>>) {
        let problem = Problem { kind, loc: self.loc(), msg: msg.into() };
        self.problems.push(problem);
    }

    /// Notes that a member of the current file is absent.
    fn note_missing(&mut self, member: FileMember) {
        let place = std::mem::replace(&mut self.place, Place::FileMember(member));
        self.note("missing", "Field required");
        self.place = place;
    }

    /// After a value: the place around it.
    fn leave_value(&mut self) {
        self.place = match self.place {
            Place::Member(_) => Place::Body,
            Place::FileMember(_) => Place::File,
            place @ (Place::Outside | Place::Body | Place::Files | Place::File | Place::Tags) => place,
        };
    }

    /// Before an element of a list: counts it.
    fn meet_element(&mut self) {
        match self.place {
            Place::Files => self.files += 1,
            Place::Tags => self.file.tags_met += 1,
            _ => {}
        }
    }

    /// Notes that the value at the current place is of the wrong kind.
    fn note_wrong_kind(&mut self) {
        let (kind, msg) = match self.place {
            Place::Outside | Place::Files => (
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
            ),
            Place::Member(Member::Status) => ("enum", "Input should be 'COMPLETED' or 'FAILED'"),
            Place::Member(Member::Files) => ("list_type", "Input should be a valid list"),
            Place::FileMember(FileMember::Name) | Place::Tags => {
                ("string_type", "Input should be a valid string")
            }
            Place::FileMember(FileMember::Content) => ("bytes_type", "Input should be a base64 string"),
            Place::FileMember(FileMember::Tags) => ("set_type", "Input should be a valid set"),
            Place::Body | Place::File | Place::Member(_) | Place::FileMember(_) => return,
        };
        match self.place {
            Place::FileMember(FileMember::Name) => self.file.name = Slot::Unsound,
            Place::FileMember(FileMember::Content) => self.file.content = Slot::Unsound,
            Place::FileMember(FileMember::Tags) | Place::Tags => self.file.tags_sound = false,
            _ => {}
        }
        self.note(kind, msg);
    }

    /// Whether the element just met is beyond its list's limit; noted once.
    fn is_beyond_limit(&mut self) -> bool {
        let (met, most) = match self.place {
            Place::Files => (self.files, self.limits.files),
            Place::Tags => (self.file.tags_met, self.limits.tags),
            _ => return false,
        };
        if met == most + 1 {
            self.note("too_long", format!("List should have at most {most} items"));
            self.file.tags_sound &= self.place != Place::Tags;
        }
        met > most
    }

    /// Takes a name or tag into the budget for all of them, or notes that it does not fit.
    fn is_within_budget(&mut self, text: &str) -> bool {
        let most = self.limits.text_bytes;
        let fits = self.text_bytes + text.len() <= most;
        if fits {
            self.text_bytes += text.len();
        } else {
            self.note("too_long", format!("Names and tags should have at most {most} bytes together"));
        }
        fits
    }

    fn finish_key(&mut self) {
        let key = match self.gather.finish() {
            Gathered::Text(key) => key,
            Gathered::TooLong | Gathered::Unpaired => String::new(),
        };
        self.place = match (self.place, key.as_str()) {
            (Place::Body, "status") => Place::Member(Member::Status),
            (Place::Body, "files") => Place::Member(Member::Files),
            (Place::File, "name") => Place::FileMember(FileMember::Name),
            (Place::File, "content") => Place::FileMember(FileMember::Content),
            (Place::File, "tags") => Place::FileMember(FileMember::Tags),
            (Place::File, _) => Place::FileMember(FileMember::Unknown),
            (_, _) => Place::Member(Member::Unknown),
        };
        if !matches!(self.place, Place::Member(Member::Unknown) | Place::FileMember(FileMember::Unknown)) {
            // The last of repeated keys counts, and so do only its problems.
            let loc = self.loc();
            self.problems.forget_under(&loc);
        }
    }

    fn finish_status(&mut self) {
        match self.gather.finish() {
            Gathered::Text(text) if text == "COMPLETED" => self.status = Status::Completed,
            Gathered::Text(text) if text == "FAILED" => self.status = Status::Failed,
            _ => self.note_wrong_kind(),
        }
    }

    fn finish_name(&mut self) {
        if let Slot::There(replaced) = &self.file.name {
            self.text_bytes -= replaced.len();
        }
        self.file.name = match self.gather.finish() {
            Gathered::Text(name) => {
                if self.is_within_budget(&name) {
                    Slot::There(name)
                } else {
                    Slot::Unsound
                }
            }
            Gathered::TooLong => {
                let most = self.limits.name_bytes;
                self.note("string_too_long", format!("String should have at most {most} bytes"));
                Slot::Unsound
            }
            Gathered::Unpaired => {
                self.note("string_unicode", "Input should be a valid string without unpaired surrogates");
                Slot::Unsound
            }
        };
    }

    fn finish_tag(&mut self) {
        let most = self.limits.tag_characters;
        let refused = match self.gather.finish() {
            Gathered::Text(tag) => match misfit(&tag, Column::Characters(most)) {
                None => {
                    if self.is_within_budget(&tag) {
                        self.file.tags.push(tag);
                    } else {
                        self.file.tags_sound = false;
                    }
                    return;
                }
                Some(refused) => refused,
            },
            Gathered::TooLong => {
                ("string_too_long", format!("String should have at most {most} characters").into())
            }
            Gathered::Unpaired => {
                ("string_unicode", "Input should be a valid string without unpaired surrogates".into())
            }
        };
        self.file.tags_sound = false;
        self.note(refused.0, refused.1);
    }

    fn finish_content(&mut self) {
        if self.file.surrogates.found {
            self.note("string_unicode", "Input should be a valid string without unpaired surrogates");
        } else if let Err(error) = self.file.decoder.finish() {
            self.note("value_error", error.to_string());
        } else {
            self.file.content = Slot::There(());
            return;
        }
        self.file.content = Slot::Unsound;
    }
}

/// An upload and its sink: what the lexer calls.
pub(super) struct Feed<'o, S> {
    output: &'o mut Output,
    sink: &'o mut S,
}

impl<S: Sink> Feed<'_, S> {
    /// Passes over the list or object that just opened.
    fn pass_over(&mut self) {
        self.output.passed_over = 1;
    }

    fn open_files(&mut self) {
        let output = &mut *self.output;
        if std::mem::replace(&mut output.files_seen, true) {
            self.sink.files_restarted();
        }
        output.files = 0;
        output.text_bytes = 0;
        output.place = Place::Files;
    }

    fn open_file(&mut self) {
        self.output.file = File::new();
        self.output.place = Place::File;
        self.sink.file_started();
    }

    fn open_tags(&mut self) {
        let file = &mut self.output.file;
        self.output.text_bytes -= file.tags.drain(..).map(|tag| tag.len()).sum::<usize>();
        file.tags_met = 0;
        file.tags_sound = true;
        self.output.place = Place::Tags;
    }

    fn start_content(&mut self) {
        let file = &mut self.output.file;
        if std::mem::replace(&mut file.content_seen, true) {
            self.sink.content_restarted();
        }
        file.decoder = Decoder::new();
        file.surrogates = SurrogateWatch::default();
    }

    fn close_file(&mut self) {
        self.output.place = Place::Files;
        let file = std::mem::replace(&mut self.output.file, File::new());
        if matches!(file.name, Slot::Absent) {
            self.output.note_missing(FileMember::Name);
        }
        if matches!(file.content, Slot::Absent) {
            self.output.note_missing(FileMember::Content);
        }
        if let (Slot::There(name), Slot::There(()), true) = (file.name, file.content, file.tags_sound) {
            self.sink.file_finished(name, distinct(file.tags));
        }
    }
}

fn distinct(tags: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let first: Vec<bool> = tags.iter().map(|tag| seen.insert(tag.as_str())).collect();
    tags.into_iter().zip(first).filter_map(|(tag, first)| first.then_some(tag)).collect()
}

impl<S: Sink> Events for Feed<'_, S> {
    fn open(&mut self, shape: Shape) {
        let output = &mut *self.output;
        if output.passed_over > 0 {
            output.passed_over += 1;
            return;
        }
        output.meet_element();
        if output.is_beyond_limit() {
            return self.pass_over();
        }
        match (output.place, shape) {
            (Place::Outside, Shape::Object) => output.place = Place::Body,
            (Place::Member(Member::Files), Shape::List) => self.open_files(),
            (Place::Files, Shape::Object) => self.open_file(),
            (Place::FileMember(FileMember::Tags), Shape::List) => self.open_tags(),
            _ => {
                output.note_wrong_kind();
                self.pass_over();
            }
        }
    }

    fn close(&mut self) {
        let output = &mut *self.output;
        if output.passed_over > 0 {
            output.passed_over -= 1;
            if output.passed_over == 0 {
                output.leave_value();
            }
            return;
        }
        match output.place {
            Place::Body => output.place = Place::Outside,
            Place::Files => output.place = Place::Body,
            Place::File => self.close_file(),
            Place::Tags => output.place = Place::File,
            Place::Outside | Place::Member(_) | Place::FileMember(_) => {}
        }
    }

    fn text_start(&mut self, role: Role) {
        let output = &mut *self.output;
        output.purpose = Purpose::Ignore;
        if output.passed_over > 0 {
            return;
        }
        if role == Role::Key {
            output.purpose = Purpose::Key;
            return output.gather.start(KEY_BYTES);
        }
        output.meet_element();
        if output.is_beyond_limit() {
            return;
        }
        match output.place {
            Place::Member(Member::Status) => {
                output.purpose = Purpose::Status;
                output.gather.start(KEY_BYTES);
            }
            Place::FileMember(FileMember::Name) => {
                output.purpose = Purpose::Name;
                output.gather.start(output.limits.name_bytes);
            }
            Place::Tags => {
                output.purpose = Purpose::Tag;
                // A character is at most four bytes.
                output.gather.start(output.limits.tag_characters * 4);
            }
            Place::FileMember(FileMember::Content) => {
                output.purpose = Purpose::Content;
                self.start_content();
            }
            _ => output.note_wrong_kind(),
        }
    }

    fn text_piece(&mut self, piece: &[u8]) {
        match self.output.purpose {
            Purpose::Ignore => {}
            Purpose::Key | Purpose::Status | Purpose::Name | Purpose::Tag => self.output.gather.push(piece),
            Purpose::Content => {
                let Output { file, scratch, .. } = &mut *self.output;
                for window in piece.chunks(WINDOW) {
                    file.surrogates.watch(window);
                    scratch.clear();
                    file.decoder.push(window, scratch);
                    if !scratch.is_empty() {
                        self.sink.content(scratch);
                    }
                }
            }
        }
    }

    fn text_end(&mut self) {
        let output = &mut *self.output;
        match output.purpose {
            Purpose::Ignore => {}
            Purpose::Key => return output.finish_key(),
            Purpose::Status => output.finish_status(),
            Purpose::Name => output.finish_name(),
            Purpose::Tag => output.finish_tag(),
            Purpose::Content => output.finish_content(),
        }
        if output.passed_over == 0 {
            output.leave_value();
        }
    }

    fn scalar(&mut self, scalar: Scalar) {
        let output = &mut *self.output;
        if output.passed_over > 0 {
            return;
        }
        output.meet_element();
        if output.is_beyond_limit() {
            return;
        }
        if output.place == Place::Outside && scalar == Scalar::Null {
            output.is_null = true;
        } else {
            output.note_wrong_kind();
        }
        output.leave_value();
    }
}
