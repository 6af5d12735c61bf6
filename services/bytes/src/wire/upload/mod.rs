//! Reads the body of a raw file upload as it arrives, without ever holding a file.
//!
//! Chunks go in, decoded content comes out through a [`Sink`]; memory is bounded by [`Limits`], whatever the size of the
//! body. What the sink does with the content (hash, seal, stage) is not known here, nor is the database.
//!
//! ```json
//! {"status": "COMPLETED", "files": [{"name": "0", "content": "<base64>", "tags": ["text/xml"]}]}
//! ```

mod lexer;
mod output;
mod slot;

use lexer::Lexer;
use output::Output;

use super::{
    encoding::Transcoder,
    media,
    validation::{BodyError, Path, Problems},
};

/// Bounds on what an upload may make the server remember.
///
/// The content of files is not among it: that goes to the sink as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files in one upload: all become rows of one unit of work.
    pub files: usize,
    /// Bytes of a file's name.
    pub name_bytes: usize,
    /// Tags of one file, repeated ones counted.
    pub tags: usize,
    /// Characters of a tag. The original cuts tags at 64 characters, so that labels no longer match; here they are
    /// kept whole up to this length and refused above it.
    pub tag_characters: usize,
    /// Bytes of all names and tags together.
    pub text_bytes: usize,
}

impl Default for Limits {
    /// 500 files, names of 64 KiB, 1,000 tags of 1,024 characters, 2 MiB of names and tags in all.
    fn default() -> Self {
        Self { files: 500, name_bytes: 64 << 10, tags: 1000, tag_characters: 1024, text_bytes: 2 << 20 }
    }
}

/// Takes the files of an upload.
///
/// Nothing here says that the upload is sound: only [`Upload::finish`] does, so a sink keeps what it got apart until
/// then.
pub trait Sink {
    /// The next file begins.
    fn file_started(&mut self);
    /// A piece of the current file's content, about 48 KiB at most.
    fn content(&mut self, bytes: &[u8]);
    /// The current file's content begins anew: its key was repeated and the last one counts.
    fn content_restarted(&mut self);
    /// The current file ends; `tags` are distinct and in the order of the upload.
    fn file_finished(&mut self, name: String, tags: Vec<String>);
    /// All files so far are void: the key `files` was repeated and the last one counts.
    fn files_restarted(&mut self);
}

/// How the job ended, by its own account; accepted and not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// `COMPLETED`
    #[default]
    Completed,
    /// `FAILED`
    Failed,
}

/// A sound upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    /// The status in the body.
    pub status: Status,
    /// How many files the sink was given and may keep.
    pub files: usize,
}

/// The reader of one upload.
#[derive(Debug)]
pub struct Upload {
    transcoder: Transcoder,
    lexer: Lexer,
    output: Output,
    empty: bool,
    json: bool,
}

impl Upload {
    /// A reader for a body with this `Content-Type`.
    pub fn new(content_type: Option<&str>, limits: Limits) -> Self {
        Self {
            transcoder: Transcoder::new(),
            lexer: Lexer::new(),
            output: Output::new(limits),
            empty: true,
            json: media::is_json(content_type),
        }
    }

    /// Takes the next chunk of the body, of any size.
    ///
    /// # Errors
    /// [`BodyError`] when reading on cannot help: no text, no JSON, not JSON by its type, or problems beyond counting.
    /// The reader is of no use then. Other problems wait for [`Upload::finish`].
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl Sink) -> Result<(), BodyError> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.empty = false;
        if !self.json {
            return Err(not_json());
        }
        let Self { transcoder, lexer, output, .. } = self;
        transcoder.push(chunk, |text| lexer.push(text, &mut output.feed(sink)))?;
        if self.output.problems().is_full() { Err(self.output.take_problems().into()) } else { Ok(()) }
    }

    /// Ends the body.
    ///
    /// # Errors
    /// [`BodyError`] when the body was not an upload, or any file in it not sound; nothing may be kept then.
    pub fn finish(mut self, sink: &mut impl Sink) -> Result<Uploaded, BodyError> {
        if self.empty {
            let mut problems = Problems::new();
            problems.add_missing(&Path::BODY);
            return Err(problems.into());
        }
        let Self { transcoder, lexer, output, .. } = &mut self;
        transcoder.finish(|text| lexer.push(text, &mut output.feed(sink)))?;
        lexer.finish(&mut output.feed(sink))?;
        self.output.finish()
    }
}

fn not_json() -> BodyError {
    let mut problems = Problems::new();
    problems.add(
        "model_attributes_type",
        &Path::BODY,
        "Input should be JSON; the content type says otherwise",
    );
    problems.into()
}

#[cfg(test)]
mod tests;
