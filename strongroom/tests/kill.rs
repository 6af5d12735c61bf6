//! Kills at random moments under load: nothing acknowledged is lost, and no hand is needed afterwards.
//!
//! `STRONGROOM_KILLS` says how often (default 200, which takes at most 4 minutes); the seed is printed, and
//! `STRONGROOM_KILLS_SEED` takes one. Clients note what was acknowledged; after each restart what the last round
//! acknowledged is read back, at the end everything.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::support::{Client, Room, Server, client::id, outside::Postgres};

const CLIENTS: u32 = 4;
/// Shortest and longest time from ready to kill, in milliseconds.
const ROUND: (u64, u64) = (5, 400);
/// Kills after which everything is verified, besides the end.
const VERIFY_EVERY: u64 = 50;

/// Writes that were acknowledged.
#[derive(Debug, Clone)]
enum Acknowledged {
    Job(String),
    Raw { id: String, job: String },
}

/// A small generator, so that a run can be repeated (`SplitMix64`).
pub(crate) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.next() % (most - least + 1)
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What the raw file of a job holds: one in eight is too large for a pack.
fn content(job: &str) -> Vec<u8> {
    let seed = job.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut random = Random(seed);
    let length = if random.next().is_multiple_of(8) { (66_000, 200_000) } else { (0, 4_000) };
    let length = random.between(length);
    (0..length).map(|_| random.next().to_le_bytes()[0]).collect()
}

/// Writes until the connection breaks.
fn write_until_killed(
    server: std::net::SocketAddr,
    who: u32,
    next: &AtomicU64,
    acknowledged: &Mutex<Vec<Acknowledged>>,
) -> std::io::Result<()> {
    let mut client = Client::logged_in(server)?;
    loop {
        let job = id(who, next.fetch_add(1, Ordering::Relaxed));
        client.save_job(&job)?.success();
        acknowledged.lock().unwrap().push(Acknowledged::Job(job.clone()));
        if let Some(id) = client.upload(&job, &content(&job))? {
            acknowledged.lock().unwrap().push(Acknowledged::Raw { id, job });
        }
    }
}

fn check(client: &mut Client, written: &[Acknowledged]) {
    for written in written {
        match written {
            Acknowledged::Job(job) => {
                let answer = client.get(&format!("/bytes/boefje_meta/{job}")).unwrap();
                assert_eq!(answer.status, 200, "job {job} was acknowledged and is lost: {}", answer.text());
            }
            Acknowledged::Raw { id, job } => {
                let answer = client.raw(id).unwrap();
                assert_eq!(
                    answer.status,
                    200,
                    "raw file {id} was acknowledged and is lost: {}",
                    answer.text()
                );
                assert!(answer.body == content(job), "raw file {id} is not what was uploaded");
            }
        }
    }
}

/// Kills `room`'s server so often, and says how many writes it acknowledged meanwhile.
pub(crate) fn kill_again_and_again(room: &Room, kills: u64, random: &mut Random) -> usize {
    let (next, all) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let mut last = Vec::new();
    for kill in 1..=kills {
        let server = Server::start(room);
        check(&mut Client::logged_in(server.bytes).unwrap(), &last);
        let fresh = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for who in 0..CLIENTS {
                let (next, fresh) = (&next, &fresh);
                scope.spawn(move || write_until_killed(server.bytes, who, next, fresh));
            }
            thread::sleep(Duration::from_millis(random.between(ROUND)));
            server.kill();
        });
        last = fresh.into_inner().unwrap();
        all.lock().unwrap().extend_from_slice(&last);
        if kill % VERIFY_EVERY == 0 {
            room.verify().assert_clean();
        }
    }
    let all = all.into_inner().unwrap();
    let server = Server::start(room);
    check(&mut Client::logged_in(server.bytes).unwrap(), &all);
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
    all.len()
}

pub(crate) fn seeded() -> Random {
    let seed = number("STRONGROOM_KILLS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("seed {seed}");
    Random(seed)
}

#[test]
fn nothing_acknowledged_is_lost_in_kills() {
    let kills = number("STRONGROOM_KILLS").unwrap_or(200);
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new().with("STRONGROOM_LEDGER__CHECKPOINT_COPY", folder.path().to_str().unwrap());
    let began = Instant::now();
    let written = kill_again_and_again(&room, kills, &mut seeded());
    println!("{kills} kills in {} s: none of {written} acknowledged writes lost", began.elapsed().as_secs());
}

#[test]
fn nothing_acknowledged_is_lost_in_kills_on_postgresql() {
    let Some(database) = Postgres::new() else { return };
    let room = Room::new().with("STRONGROOM_DATABASE__URL", &database.url);
    let kills = number("STRONGROOM_KILLS").unwrap_or(200).div_ceil(10);
    let written = kill_again_and_again(&room, kills, &mut seeded());
    println!("{kills} kills: none of {written} acknowledged writes lost");
}

#[test]
fn a_kill_during_the_start_leaves_a_folder_that_starts() {
    let mut random = seeded();
    for _ in 0..10 {
        let room = Room::new();
        for _ in 0..4 {
            let mut command = room.command(["serve", "--data"]);
            command.arg(room.data()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            let mut child = command.spawn().unwrap();
            thread::sleep(Duration::from_millis(random.between((0, 60))));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let server = Server::start(&room);
        Client::logged_in(server.bytes).unwrap().save_job(&id(1, 1)).unwrap().success();
        assert_eq!(server.stop(), Some(0));
        room.verify().assert_clean();
    }
}
