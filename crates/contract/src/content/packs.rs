//! The suite of [`Packs`]: what is committed reads back, what is not never happened, what is damaged is not served.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a suite is test code: it panics where the port's document is not kept"
)]

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use strongroom_kernel::ports::{PackPosition, Packs, PortErrorKind};

use super::sample;

/// A folder for packs, and the means to open it anew.
pub struct PacksPlace {
    /// Where the pack files are. Empty or not there at first.
    pub folder: PathBuf,
    /// Opens the folder as a new process would, with packs of at most so many bytes. Keeps the folder alive.
    pub open: Box<dyn Fn(u64) -> Arc<dyn Packs>>,
}

impl fmt::Debug for PacksPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PacksPlace").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Makes one test of each case. `$make` is a `fn() -> PacksPlace`.
#[macro_export]
macro_rules! packs_tests {
    ($make:path) => {
        $crate::packs_tests! { @cases $make;
            appended_content_reads_back_in_order
            nothing_is_appended_before_recovery
            reading_needs_no_recovery_and_changes_nothing
            a_wrong_position_is_never_content
            packs_roll_over_at_their_size
            a_content_larger_than_a_pack_is_refused
            erased_content_is_gone_and_its_neighbours_stay
            an_erased_end_recovers
            a_tail_torn_at_any_byte_is_cut_off
            a_tail_of_rubbish_is_cut_off
            later_packs_without_commits_are_cut_off
            without_commits_all_is_cut_off
            a_damaged_end_stops_recovery
            a_changed_byte_anywhere_never_gives_other_content
            an_exchanged_pack_is_noticed
            readers_and_the_appender_do_not_disturb_each_other
            a_sync_that_nobody_waits_for_does_no_harm
        }
    };
    (@cases $make:path; $($case:ident)*) => { $(
        #[test]
        fn $case() {
            $crate::content::packs::$case(&$make());
        }
    )* };
}

const LARGE: u64 = 1 << 30;

impl PacksPlace {
    fn ready(&self, max_bytes: u64, end: Option<PackPosition>) -> Arc<dyn Packs> {
        let packs = (self.open)(max_bytes);
        packs.recover(end).unwrap();
        packs
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    fn bytes(&self) -> u64 {
        self.files().iter().map(|file| fs::metadata(file).unwrap().len()).sum()
    }
}

fn append(packs: &dyn Packs, contents: &[Bytes]) -> Vec<PackPosition> {
    let slices: Vec<&[u8]> = contents.iter().map(AsRef::as_ref).collect();
    let (positions, sync) = packs.append(&slices).unwrap();
    sync.wait().unwrap();
    positions
}

fn assert_reads(packs: &dyn Packs, positions: &[PackPosition], contents: &[Bytes]) {
    assert_eq!(positions.len(), contents.len());
    for (position, content) in positions.iter().zip(contents) {
        assert!(packs.read(*position).unwrap() == content, "{position:?}");
    }
}

fn holds(file: &Path, needle: &[u8]) -> bool {
    fs::read(file).unwrap().windows(needle.len()).any(|window| window == needle)
}

fn samples(count: usize, length: usize) -> Vec<Bytes> {
    (0..count).map(|seed| sample(length, seed as u64)).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test that damages files")]
fn overwrite(file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).unwrap();
}

/// See its name.
pub fn appended_content_reads_back_in_order(place: &PacksPlace) {
    let packs = place.ready(LARGE, None);
    let contents: Vec<Bytes> =
        [0, 1, 47, 48, 49, 4096, 65_535, 65_536, 0].iter().map(|length| sample(*length, 1)).collect();
    let first = append(&*packs, &contents);
    let second = append(&*packs, &contents);
    assert!(first.iter().chain(&second).is_sorted());
    assert_reads(&*packs, &first, &contents);
    assert_reads(&*packs, &second, &contents);
    assert_eq!(append(&*packs, &[]), []);
    let many = samples(3000, 3);
    let positions = append(&*packs, &many);
    assert_reads(&*packs, &positions, &many);
    let packs = place.ready(LARGE, positions.last().copied());
    assert_reads(&*packs, &first, &contents);
    assert_reads(&*packs, &positions, &many);
}

/// See its name.
pub fn nothing_is_appended_before_recovery(place: &PacksPlace) {
    let packs = (place.open)(LARGE);
    assert_eq!(packs.append(&[b"x"]).unwrap_err().kind, PortErrorKind::Unavailable);
}

/// See its name.
pub fn reading_needs_no_recovery_and_changes_nothing(place: &PacksPlace) {
    let contents = samples(3, 100);
    let positions = append(&*place.ready(LARGE, None), &contents);
    let before = place.bytes();
    let reader = (place.open)(LARGE);
    assert_reads(&*reader, &positions, &contents);
    assert_eq!(reader.erase(positions[0]).unwrap_err().kind, PortErrorKind::Unavailable);
    drop(reader);
    assert_eq!(place.bytes(), before);
}

/// See its name.
pub fn a_wrong_position_is_never_content(place: &PacksPlace) {
    let packs = place.ready(LARGE, None);
    let position = append(&*packs, &samples(2, 100))[0];
    let kind = |position| packs.read(position).unwrap_err().kind;
    assert_eq!(kind(PackPosition { pack: 9, ..position }), PortErrorKind::Missing);
    assert_eq!(kind(PackPosition { offset: position.offset + 1, ..position }), PortErrorKind::Corrupt);
    assert_eq!(kind(PackPosition { offset: 1 << 40, ..position }), PortErrorKind::Corrupt);
    for length in [0, position.length - 1, position.length + 1, u32::MAX] {
        assert_eq!(kind(PackPosition { length, ..position }), PortErrorKind::Corrupt);
        assert!(packs.erase(PackPosition { length, ..position }).is_err());
    }
    assert_eq!(packs.read(position).unwrap(), sample(100, 0));
}

/// See its name.
pub fn packs_roll_over_at_their_size(place: &PacksPlace) {
    let contents = samples(50, 300);
    let packs = place.ready(1000, None);
    let mut positions = append(&*packs, &contents[..30]);
    for content in &contents[30..] {
        positions.extend(append(&*packs, std::slice::from_ref(content)));
    }
    assert_reads(&*packs, &positions, &contents);
    assert!(positions.is_sorted());
    assert!(place.files().len() > 10);
    for file in place.files() {
        assert!(fs::metadata(file).unwrap().len() <= 1000);
    }
    let packs = place.ready(1000, positions.last().copied());
    positions.extend(append(&*packs, &contents));
    assert_reads(&*packs, &positions, &[&contents[..], &contents[..]].concat());
}

/// See its name.
pub fn a_content_larger_than_a_pack_is_refused(place: &PacksPlace) {
    let packs = place.ready(1000, None);
    let refused = packs.append(&[b"small", &sample(1000, 1)]).unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Refused);
    let positions = append(&*packs, &samples(1, 10));
    assert_reads(&*packs, &positions, &samples(1, 10));
}

/// See its name.
pub fn erased_content_is_gone_and_its_neighbours_stay(place: &PacksPlace) {
    let packs = place.ready(LARGE, None);
    let mut contents = samples(5, 9000);
    contents[3] = Bytes::new();
    let positions = append(&*packs, &contents);
    for erased in [1, 3, 1] {
        packs.erase(positions[erased]).unwrap();
    }
    let still_there = |packs: &dyn Packs| {
        for (place, position) in positions.iter().enumerate() {
            match place {
                1 | 3 => assert_eq!(packs.read(*position).unwrap_err().kind, PortErrorKind::Missing),
                _ => assert_eq!(packs.read(*position).unwrap(), contents[place]),
            }
        }
    };
    still_there(&*packs);
    // erased or not, an entry stands where it stood, and nowhere else
    for position in &positions {
        packs.stands(*position).unwrap();
        for wrong in [
            PackPosition { offset: position.offset + 1, ..*position },
            PackPosition { length: position.length + 1, ..*position },
            PackPosition { pack: position.pack + 1, ..*position },
        ] {
            assert_eq!(packs.stands(wrong).unwrap_err().kind, PortErrorKind::Corrupt, "{wrong:?}");
        }
    }
    for file in place.files() {
        // Not even sixteen bytes of it, from wherever.
        assert!(contents[1].chunks(16).all(|piece| piece.len() < 16 || !holds(&file, piece)));
    }
    let more = append(&*packs, &samples(1, 50));
    let packs = place.ready(LARGE, more.last().copied());
    still_there(&*packs);
}

/// See its name.
pub fn an_erased_end_recovers(place: &PacksPlace) {
    let contents = samples(2, 5000);
    let packs = place.ready(LARGE, None);
    let positions = append(&*packs, &contents);
    packs.erase(positions[1]).unwrap();
    let packs = place.ready(LARGE, Some(positions[1]));
    assert_eq!(packs.read(positions[0]).unwrap(), contents[0]);
    let more = append(&*packs, &contents);
    assert_reads(&*packs, &more, &contents);
}

/// See its name.
pub fn a_tail_torn_at_any_byte_is_cut_off(place: &PacksPlace) {
    let contents = samples(3, 40);
    let packs = place.ready(LARGE, None);
    let committed = append(&*packs, &contents[..2]);
    let end = place.bytes();
    let torn = append(&*packs, &contents[2..])[0];
    drop(packs);
    let file = place.files().remove(0);
    let whole = fs::read(&file).unwrap();
    let end = usize::try_from(end).unwrap();
    for cut in end..=whole.len() {
        overwrite(&file, &whole[..cut]);
        let packs = place.ready(LARGE, Some(committed[1]));
        assert_eq!(fs::metadata(&file).unwrap().len(), end as u64, "cut at {cut}");
        assert_reads(&*packs, &committed, &contents[..2]);
        assert_eq!(packs.read(torn).unwrap_err().kind, PortErrorKind::Corrupt);
        let again = append(&*packs, &contents[..1]);
        assert_reads(&*packs, &again, &contents[..1]);
    }
}

/// See its name.
pub fn a_tail_of_rubbish_is_cut_off(place: &PacksPlace) {
    let contents = samples(2, 40);
    let packs = place.ready(LARGE, None);
    let committed = append(&*packs, &contents);
    drop(packs);
    let file = place.files().remove(0);
    let whole = fs::read(&file).unwrap();
    for rubbish in [vec![0; 5000], vec![0xff; 5000], sample(5000, 9).to_vec(), whole.clone()] {
        overwrite(&file, &[whole.as_slice(), &rubbish].concat());
        let packs = place.ready(LARGE, Some(committed[1]));
        assert_eq!(fs::read(&file).unwrap(), whole);
        assert_reads(&*packs, &committed, &contents);
    }
}

/// See its name.
pub fn later_packs_without_commits_are_cut_off(place: &PacksPlace) {
    let contents = samples(10, 300);
    let packs = place.ready(1000, None);
    let positions = append(&*packs, &contents);
    drop(packs);
    assert!(place.files().len() > 3);
    let packs = place.ready(1000, Some(positions[1]));
    assert_eq!(place.files().len(), 1);
    assert_reads(&*packs, &positions[..2], &contents[..2]);
    let again = append(&*packs, &contents);
    assert_reads(&*packs, &again, &contents);
}

/// See its name.
pub fn without_commits_all_is_cut_off(place: &PacksPlace) {
    append(&*place.ready(1000, None), &samples(10, 300));
    let packs = place.ready(1000, None);
    assert_eq!(place.files().len(), 0);
    let positions = append(&*packs, &samples(1, 10));
    assert_eq!(positions[0].pack, 0);
    assert_reads(&*packs, &positions, &samples(1, 10));
}

/// See its name.
pub fn a_damaged_end_stops_recovery(place: &PacksPlace) {
    let positions = append(&*place.ready(LARGE, None), &samples(2, 100));
    let file = place.files().remove(0);
    let whole = fs::read(&file).unwrap();
    let kind = |end| (place.open)(LARGE).recover(Some(end)).unwrap_err().kind;
    for damaged in [&whole[..whole.len() - 1], &whole[..20], &[whole.as_slice(), b"x"].concat()[1..]] {
        overwrite(&file, damaged);
        assert_eq!(kind(positions[1]), PortErrorKind::Corrupt);
        assert_eq!(fs::read(&file).unwrap(), damaged, "nothing is cut off then");
    }
    overwrite(&file, &whole);
    assert_eq!(kind(PackPosition { length: 99, ..positions[1] }), PortErrorKind::Corrupt);
    assert_eq!(kind(PackPosition { pack: 3, ..positions[1] }), PortErrorKind::Corrupt);
    place.ready(LARGE, Some(positions[1]));
}

/// See its name.
pub fn a_changed_byte_anywhere_never_gives_other_content(place: &PacksPlace) {
    let contents = vec![sample(33, 1), Bytes::new(), sample(70, 2)];
    let positions = append(&*place.ready(LARGE, None), &contents);
    let file = place.files().remove(0);
    let whole = fs::read(&file).unwrap();
    for byte in 0..whole.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[byte] ^= change;
            overwrite(&file, &changed);
            let packs = (place.open)(LARGE);
            let mut damaged = 0;
            for (position, content) in positions.iter().zip(&contents) {
                match packs.read(*position) {
                    Ok(read) => assert_eq!(read, content, "byte {byte}"),
                    Err(error) => {
                        assert_eq!(error.kind, PortErrorKind::Corrupt, "byte {byte}");
                        damaged += 1;
                    }
                }
            }
            assert!(damaged > 0, "byte {byte} is tested by nobody");
        }
    }
}

/// See its name.
pub fn an_exchanged_pack_is_noticed(place: &PacksPlace) {
    let positions = append(&*place.ready(500, None), &samples(2, 300));
    let files = place.files();
    let (one, two) = (fs::read(&files[0]).unwrap(), fs::read(&files[1]).unwrap());
    overwrite(&files[0], &two);
    overwrite(&files[1], &one);
    let packs = (place.open)(500);
    for position in positions {
        assert_eq!(packs.read(position).unwrap_err().kind, PortErrorKind::Corrupt);
    }
}

/// See its name.
pub fn readers_and_the_appender_do_not_disturb_each_other(place: &PacksPlace) {
    let packs = place.ready(20_000, None);
    let contents = samples(20, 500);
    let first = append(&*packs, &contents);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..50).for_each(|_| assert_reads(&*packs, &first, &contents)));
        }
        for _ in 0..20 {
            let more = append(&*packs, &contents);
            assert_reads(&*packs, &more, &contents);
            packs.erase(more[3]).unwrap();
        }
    });
}

/// See its name.
pub fn a_sync_that_nobody_waits_for_does_no_harm(place: &PacksPlace) {
    let packs = place.ready(LARGE, None);
    for _ in 0..10 {
        let (_, sync) = packs.append(&[b"rolled back"]).unwrap();
        drop(sync);
    }
    let (positions, sync) = packs.append(&[b"committed"]).unwrap();
    drop(packs);
    sync.wait().unwrap();
    let packs = place.ready(LARGE, positions.last().copied());
    assert_eq!(packs.read(positions[0]).unwrap(), "committed");
}
