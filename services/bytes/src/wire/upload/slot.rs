//! Holders for the parts of a file while it is read: a value with its state, and text of bounded length.

/// A member that may be absent, unsound (a problem was noted), or there.
#[derive(Debug)]
pub(super) enum Slot<T> {
    Absent,
    Unsound,
    There(T),
}

/// Gathers the pieces of one string, up to a number of bytes.
#[derive(Debug, Default)]
pub(super) struct Gather {
    bytes: Vec<u8>,
    most: usize,
    over: bool,
}

/// What was gathered.
pub(super) enum Gathered {
    Text(String),
    TooLong,
    /// A surrogate without partner is in it.
    Unpaired,
}

impl Gather {
    /// Begins a string of at most `most` bytes.
    pub(super) fn start(&mut self, most: usize) {
        *self = Self { bytes: Vec::new(), most, over: false };
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.over |= self.bytes.len() + piece.len() > self.most;
        if !self.over {
            self.bytes.extend_from_slice(piece);
        }
    }

    pub(super) fn finish(&mut self) -> Gathered {
        let bytes = std::mem::take(&mut self.bytes);
        if self.over {
            return Gathered::TooLong;
        }
        String::from_utf8(bytes).map_or(Gathered::Unpaired, Gathered::Text)
    }
}

/// Looks for surrogates in generalised UTF-8 that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct SurrogateWatch {
    after_ed: bool,
    pub(super) found: bool,
}

impl SurrogateWatch {
    pub(super) fn watch(&mut self, piece: &[u8]) {
        if piece.is_ascii() {
            self.after_ed = false;
            return;
        }
        for byte in piece {
            self.found |= self.after_ed && *byte >= 0xA0;
            self.after_ed = *byte == 0xED;
        }
    }
}
