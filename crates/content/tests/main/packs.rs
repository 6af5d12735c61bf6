//! Small content in packs: the suite, the stored format, and limits that the suite cannot reach.

use std::{fs, path::Path, sync::Arc};

use strongroom_content::{FilePacks, PackSettings, Reserve, packs::format};
use strongroom_contract::content::packs::PacksPlace;
use strongroom_kernel::ports::{PackPosition, Packs, PortErrorKind};
use tempfile::TempDir;

pub(crate) fn open(folder: &Path, settings: PackSettings) -> FilePacks {
    FilePacks::new(folder, settings, Arc::new(Reserve::new(folder, 0)))
}

fn make() -> PacksPlace {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("packs");
    let open = move |max_bytes| -> Arc<dyn Packs> {
        let settings = PackSettings { max_bytes, ..PackSettings::default() };
        Arc::new(open(&folder.path().join("packs"), settings))
    };
    PacksPlace { folder: place, open: Box::new(open) }
}

strongroom_contract::packs_tests!(make);

#[test]
fn more_than_a_crash_leaves_is_not_cut_off() {
    let folder = TempDir::new().unwrap();
    let settings = PackSettings { max_bytes: 1000, max_cut: 2000, ..PackSettings::default() };
    let packs = open(folder.path(), settings);
    packs.recover(None).unwrap();
    let contents = vec![[7_u8; 400].as_slice(); 10];
    let (positions, sync) = packs.append(&contents).unwrap();
    sync.wait().unwrap();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files(), 5);
    for end in [None, Some(positions[1])] {
        assert_eq!(open(folder.path(), settings).recover(end).unwrap_err().kind, PortErrorKind::Conflict);
        assert_eq!(files(), 5);
    }
    open(folder.path(), settings).recover(Some(positions[6])).unwrap();
}

#[test]
fn appending_stops_before_the_reserve() {
    let folder = TempDir::new().unwrap();
    let reserve = Arc::new(Reserve::new(folder.path(), u64::MAX / 2));
    let packs = FilePacks::new(folder.path(), PackSettings::default(), reserve);
    packs.recover(None).unwrap();
    assert_eq!(packs.append(&[b"x"]).unwrap_err().kind, PortErrorKind::Full);
}

#[test]
fn erased_space_goes_back_to_the_file_system() {
    use std::os::unix::fs::MetadataExt;
    let folder = TempDir::new().unwrap();
    let packs = open(folder.path(), PackSettings { allocation: 0, ..PackSettings::default() });
    packs.recover(None).unwrap();
    let content = vec![1_u8; 1 << 20];
    let (positions, sync) = packs.append(&[&content]).unwrap();
    sync.wait().unwrap();
    let blocks = || fs::metadata(folder.path().join("00000000.pack")).unwrap().blocks();
    let before = blocks();
    packs.erase(positions[0]).unwrap();
    // A file system without holes keeps the blocks; the payload is zeros there.
    assert!(blocks() < before / 10 || blocks() == before, "{before} {}", blocks());
}

/// `fixtures/pack/v1.pack` and what `v1.json` says is in it.
#[test]
fn packs_of_version_one_are_read() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pack");
    let told: serde_json::Value =
        serde_json::from_slice(&fs::read(fixtures.join("v1.json")).unwrap()).unwrap();
    let pack = fs::read(fixtures.join("v1.pack")).unwrap();
    let folder = TempDir::new().unwrap();
    fs::copy(fixtures.join("v1.pack"), folder.path().join("00000000.pack")).unwrap();
    let packs = open(folder.path(), PackSettings::default());
    let scanned: Vec<_> = format::entries(&pack).unwrap().map(Result::unwrap).collect();
    let entries = told["entries"].as_array().unwrap();
    assert_eq!(scanned.len(), entries.len());
    for (entry, scanned) in entries.iter().zip(scanned) {
        let offset = entry["offset"].as_u64().unwrap();
        let length = u32::try_from(entry["length"].as_u64().unwrap()).unwrap();
        assert_eq!((scanned.offset, scanned.header.length), (offset, length));
        let read = packs.read(PackPosition { pack: 0, offset, length });
        match entry["payload_hex"].as_str() {
            Some(payload) => assert_eq!(hex::encode(read.unwrap()), payload),
            None => assert_eq!(read.unwrap_err().kind, PortErrorKind::Missing),
        }
    }
}

/// The same appends and the same erasure make the fixture, byte for byte.
#[test]
fn packs_of_version_one_are_written() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pack/v1.pack");
    let folder = TempDir::new().unwrap();
    let packs = open(folder.path(), PackSettings::default());
    packs.recover(None).unwrap();
    let all_bytes: Vec<u8> = (0..=255).collect();
    let (positions, sync) = packs.append(&[b"hello bytes", b"", b"to be erased", &all_bytes]).unwrap();
    sync.wait().unwrap();
    packs.erase(positions[2]).unwrap();
    let written = fs::read(folder.path().join("00000000.pack")).unwrap();
    assert_eq!(hex::encode(written), hex::encode(fs::read(fixture).unwrap()));
}
