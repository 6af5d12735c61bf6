//! What becomes of a step that no sync covers.

/// Bytes that a disk writes at once.
const SECTOR: u64 = 512;

/// How a power loss treats what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing of it is there.
    Lost,
    /// All of it is there, as after the death of the process alone.
    Kept,
    /// Names are there, content is not.
    Empty,
    /// Names are there, content is zeros.
    Zeros,
    /// Content is there, names are not.
    Nameless,
    /// Each step has a fate of its own, drawn from this seed.
    Drawn(u64),
}

/// What becomes of one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Not,
    Whole,
    Zeros,
    Torn(Random),
}

impl Fate {
    /// Whether a change of a name is there.
    pub(super) fn keeps_name(self, step: usize) -> bool {
        match self {
            Self::Lost | Self::Nameless => false,
            Self::Kept | Self::Empty | Self::Zeros => true,
            Self::Drawn(seed) => Random::of(seed, step).next().is_multiple_of(2),
        }
    }

    /// What of a change of content is there.
    pub(super) fn of_content(self, step: usize) -> Written {
        match self {
            Self::Lost | Self::Empty => Written::Not,
            Self::Kept | Self::Nameless => Written::Whole,
            Self::Zeros => Written::Zeros,
            Self::Drawn(seed) => {
                let mut random = Random::of(seed, step);
                match random.next() % 4 {
                    0 => Written::Not,
                    1 => Written::Whole,
                    _ => Written::Torn(random),
                }
            }
        }
    }
}

impl Written {
    /// Whether a cut or a hole, which is not torn, is there.
    pub(super) fn is_done(self) -> bool {
        match self {
            Self::Not => false,
            Self::Whole | Self::Zeros => true,
            Self::Torn(mut random) => random.next().is_multiple_of(2),
        }
    }

    /// Writes what is there of `bytes` at `offset`.
    pub(super) fn write(self, content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
        let (before, end) = (content.len(), offset + bytes.len());
        if self == Self::Not || bytes.is_empty() {
            return;
        }
        content.resize(before.max(end), 0);
        match self {
            Self::Not | Self::Zeros => {}
            Self::Whole => content[offset..end].copy_from_slice(bytes),
            Self::Torn(mut random) => {
                let mut from = offset;
                while from < end {
                    let sector = usize::try_from(SECTOR).unwrap_or(usize::MAX);
                    let to = end.min((from / sector + 1) * sector);
                    match random.next() % 4 {
                        0 | 1 => content[from..to].copy_from_slice(&bytes[from - offset..to - offset]),
                        // Blocks that are new to the file may have what was in them before.
                        2 if from >= before => content[from..to].fill(random.next().to_le_bytes()[0]),
                        _ => {}
                    }
                    from = to;
                }
                if end > before && random.next().is_multiple_of(2) {
                    let grown = u64::try_from(end - before).unwrap_or(u64::MAX);
                    let kept = usize::try_from(random.next() % grown).unwrap_or(0);
                    content.truncate(before + kept);
                }
            }
        }
    }
}

/// A small generator (`SplitMix64`), so that a crash can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Random(u64);

impl Random {
    fn of(seed: u64, step: usize) -> Self {
        Self(seed.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ (step as u64).wrapping_mul(0xc4ce_b9fe_1a85_ec53))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_write_has_each_sector_new_old_zeros_or_rubbish() {
        let (old, new) = (vec![1; 1000], vec![2; 3000]);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let mut content = old.clone();
            Written::Torn(Random(seed)).write(&mut content, 0, &new);
            assert!((1000..=3000).contains(&content.len()), "what was there is no shorter");
            for (at, byte) in content.iter().enumerate() {
                assert!(at >= 512 || *byte == content[0], "a sector is written whole or not");
                assert!(at >= 512 || matches!(*byte, 1 | 2), "an old sector is old or new");
                seen.insert(*byte);
            }
        }
        assert!([0, 1, 2].iter().all(|byte| seen.contains(byte)) && seen.len() > 4, "{seen:?}");
    }
}
