//! Small content on its way out of the database: moved with others into objects of the content store.
//!
//! A database without packs beside it keeps small content in a table ([`Place::Database`](crate::ports::Place)).
//! `moving` takes what waits there, puts it together as one object, writes that, reads it back, and only then says
//! in one step where each content is now and takes its bytes out of the table. `compact` writes objects anew of which
//! more than half is dead or which are small, and removes the old ones a day later; for an erasure both happens at
//! once. `reading` finds a content wherever it is by now.
//!
//! An object is noted before it is written. So a crash leaves a note, and perhaps an object, in which no content is:
//! it is condemned, removed and only then forgotten. One task at a time changes objects; it holds `Packer::turn`.

mod compact;
mod moving;
mod reading;

pub(crate) use reading::Small;

use bytes::Bytes;

use crate::{
    kernel::{Inner, Kernel, Packer, PackingFigures},
    ports::Packing,
    unit::SmallContent,
};

impl Inner {
    /// `content` as it is stored: sealed where the kernel does that.
    pub(crate) fn sealed(&self, content: &SmallContent) -> SmallContent {
        // packs seal by themselves, and nothing has no need of it
        let sealer = self.sealer.as_ref().filter(|_| self.packs.is_none() && !content.bytes.is_empty());
        let sealed = sealer.map(|sealer| Bytes::from(sealer.seal(&content.bytes)));
        SmallContent { sealed, ..content.clone() }
    }
}

impl Kernel {
    /// How it goes with small content in the database; `None` where it goes to packs.
    pub fn packing(&self) -> Option<PackingFigures> {
        self.packer().map(|(packer, _)| *packer.figures.lock())
    }

    /// The way to small content.
    pub(crate) fn small(&self) -> Small<'_> {
        let inner = &self.inner;
        Small {
            database: inner.database.as_ref(),
            packs: inner.packs.as_deref(),
            objects: inner.packer.as_ref().map(|packer| packer.part.objects.as_ref()),
            sealer: inner.sealer.as_deref(),
        }
    }

    fn packer(&self) -> Option<(&Packer, &dyn Packing)> {
        self.inner.packer.as_ref().zip(self.inner.database.packing())
    }
}
