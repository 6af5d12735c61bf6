//! Upload bodies: whatever they are, where they are cut must not matter, and files come out as they were announced.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_bytes::wire::{
    upload::{Limits, Sink, Upload, Uploaded},
    validation::BodyError,
};

/// Keeps what it is given, and checks the order of the calls.
#[derive(Default)]
struct Kept {
    open: bool,
    content: Vec<u8>,
    files: Vec<(String, Vec<u8>, Vec<String>)>,
}

impl Sink for Kept {
    fn file_started(&mut self) {
        self.open = true;
        self.content.clear();
    }
    fn content(&mut self, bytes: &[u8]) {
        assert!(self.open && !bytes.is_empty());
        self.content.extend_from_slice(bytes);
    }
    fn content_restarted(&mut self) {
        assert!(self.open);
        self.content.clear();
    }
    fn file_finished(&mut self, name: String, tags: Vec<String>) {
        assert!(std::mem::replace(&mut self.open, false));
        self.files.push((name, std::mem::take(&mut self.content), tags));
    }
    fn files_restarted(&mut self) {
        self.files.clear();
    }
}

fn read(body: &[u8], piece: usize) -> Result<(Uploaded, Kept), BodyError> {
    let limits = Limits { files: 3, name_bytes: 20, tags: 3, tag_characters: 5, text_bytes: 60 };
    let mut kept = Kept::default();
    let mut upload = Upload::new(None, limits);
    for piece in body.chunks(piece) {
        upload.push(piece, &mut kept)?;
    }
    upload.finish(&mut kept).map(|uploaded| (uploaded, kept))
}

fuzz_target!(|input: &[u8]| {
    let Some((piece, body)) = input.split_first() else { return };
    let whole = read(body, body.len().max(1));
    let cut = read(body, usize::from(*piece).max(1));
    match (whole, cut) {
        (Ok((uploaded, whole)), Ok((_, cut))) => {
            assert_eq!(uploaded.files, whole.files.len());
            assert_eq!(whole.files, cut.files);
        }
        // Text errors of the encoding come before syntax errors further on only when both are in one chunk.
        (Err(whole), Err(cut)) => assert!(whole == cut || whole == BodyError::Unparsable || cut == BodyError::Unparsable),
        (whole, cut) => panic!("{:?} against {:?}", whole.err(), cut.err()),
    }
});
