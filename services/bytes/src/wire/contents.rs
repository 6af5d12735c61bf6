//! The answer of `GET /bytes/raws`: files with their content as base64, written piece by piece.
//!
//! A handler sends each piece as it is made, so that no file is ever whole in memory.

use super::{base64::Encoder, json, models::push_list, upload::Status};

/// Writes the answer. Call [`Contents::open`], then per file [`Contents::start_file`], [`Contents::content`] as often
/// as needed and [`Contents::end_file`], then [`Contents::close`].
#[derive(Debug, Default)]
pub struct Contents {
    encoder: Encoder,
    files: usize,
}

impl Contents {
    /// Begins the answer.
    pub fn open(out: &mut String, status: Status) -> Self {
        out.push_str("{\"status\":\"");
        out.push_str(match status {
            Status::Completed => "COMPLETED",
            Status::Failed => "FAILED",
        });
        out.push_str("\",\"files\":[");
        Self::default()
    }

    /// Begins a file; its name is the raw id.
    pub fn start_file(&mut self, out: &mut String, name: &str) {
        out.push_str(if self.files == 0 { "{\"name\":" } else { ",{\"name\":" });
        self.files += 1;
        json::push_text(out, name);
        out.push_str(",\"content\":\"");
    }

    /// Appends a piece of the current file's content.
    pub fn content(&mut self, out: &mut String, bytes: &[u8]) {
        self.encoder.push(bytes, out);
    }

    /// Ends the current file.
    pub fn end_file(&mut self, out: &mut String, tags: &[String]) {
        std::mem::take(&mut self.encoder).finish(out);
        out.push_str("\",\"tags\":");
        push_list(out, tags, |out, tag| json::push_text(out, tag));
        out.push('}');
    }

    /// Ends the answer.
    pub fn close(self, out: &mut String) {
        out.push_str("]}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_the_originals_form() {
        let mut out = String::new();
        let mut contents = Contents::open(&mut out, Status::Completed);
        contents.start_file(&mut out, "0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77");
        contents.content(&mut out, b"<a");
        contents.content(&mut out, b">>");
        contents.end_file(&mut out, &["text/xml".to_owned()]);
        contents.start_file(&mut out, "b");
        contents.end_file(&mut out, &[]);
        contents.close(&mut out);
        assert_eq!(
            out,
            concat!(
                r#"{"status":"COMPLETED","files":[{"name":"0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77","content":"PGE+Pg==","#,
                r#""tags":["text/xml"]},{"name":"b","content":"","tags":[]}]}"#
            )
        );
    }

    #[test]
    fn an_answer_without_files_is_complete() {
        let mut out = String::new();
        Contents::open(&mut out, Status::Failed).close(&mut out);
        assert_eq!(out, r#"{"status":"FAILED","files":[]}"#);
    }
}
