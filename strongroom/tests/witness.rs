//! Two and three real Strongrooms: a ledger, a witness that cosigns it, a mirror that copies it; and what becomes of
//! a ledger that shows two histories.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, Stdio},
    time::Instant,
};

use strongroom_ledger::{
    AddCheckpoint, Checkpoint, Note, Policy, Tile, TileState, Verifier, leaf_hash, tile,
};
use strongroom_model::Digest;

use crate::support::{
    Client, Room, Server,
    client::{Answer, id},
    server::{copy_folder, text},
};

/// A witness or a mirror at work; killed when dropped.
pub(crate) struct Cosigner {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) verifier: String,
}

impl Cosigner {
    /// Starts `role` on the data folder of `room`, for these logs: origin, key, address.
    pub(crate) fn start(room: &Room, role: &str, logs: &[(String, String, SocketAddr)]) -> Self {
        let at = |(origin, key, address): &(String, String, SocketAddr)| {
            (origin.clone(), key.clone(), Some(format!("http://{address}/custody/")))
        };
        Self::start_at(room, role, &logs.iter().map(at).collect::<Vec<_>>())
    }

    /// The same for logs at any URL, or none.
    pub(crate) fn start_at(room: &Room, role: &str, logs: &[(String, String, Option<String>)]) -> Self {
        let mut toml = "[mirror]\npoll = \"50ms\"\n".to_owned();
        for (origin, key, url) in logs {
            writeln!(toml, "[[witness.log]]\norigin = \"{origin}\"\nkey = \"{key}\"").unwrap();
            if let Some(url) = url {
                writeln!(toml, "url = \"{url}\"").unwrap();
            }
        }
        let config = room.beside("cosigner.toml");
        File::create(&config).unwrap().write_all(toml.as_bytes()).unwrap();
        let mut command = room.command([role, "--listen", "127.0.0.1:0", "--config"]);
        command.arg(config).arg("--data").arg(room.data()).stdout(Stdio::piped());
        command.stderr(File::create(room.beside("diagnostics")).unwrap());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let greeting: Vec<String> = lines.map(Result::unwrap).take_while(|line| line != "ready").collect();
        let word = |begins: &str| {
            let found = greeting.iter().find_map(|line| line.strip_prefix(begins));
            found.unwrap_or_else(|| panic!("{greeting:?}: {}", diagnostics(room))).to_owned()
        };
        let address = word(&format!("{role} http://")).parse().unwrap();
        Self { child, address, verifier: word("verifier ") }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        Client::new(self.address).ask(method, path, &[], body).unwrap()
    }

    pub(crate) fn add(&self, request: &AddCheckpoint) -> Answer {
        self.ask("POST", "/add-checkpoint", request.to_string().as_bytes())
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Cosigner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn diagnostics(room: &Room) -> String {
    std::fs::read_to_string(room.beside("diagnostics")).unwrap_or_default()
}

/// Asks until the answer is as wanted.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed().as_secs() < 60, "{what} did not come");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}

/// A ledger with jobs saved by `who`, and its checkpoint over all of them.
pub(crate) fn fill(server: &Server, who: u32, jobs: u64) -> Note {
    let mut client = Client::logged_in(server.bytes).unwrap();
    for n in 0..jobs {
        client.save_job(&id(who, n)).unwrap().success();
    }
    published(server);
    Note::parse(&Client::new(server.main).get("/custody/checkpoint").unwrap().success().body).unwrap()
}

/// Waits for the checkpoint over everything: what was acknowledged is published a moment later.
pub(crate) fn published(server: &Server) {
    let mut main = Client::new(server.main);
    let waiting = |page: &str| page.lines().any(|line| line == "strongroom_leaves_unpublished 0");
    eventually("the checkpoint", || waiting(&main.get("/metrics").unwrap().text()).then_some(()));
}

fn read(note: &Note) -> Checkpoint {
    note.text().parse().unwrap()
}

pub(crate) fn log_of(room: &Room, server: &Server) -> (String, String, SocketAddr) {
    let key = room.key();
    (key.split('+').next().unwrap().to_owned(), key, server.main)
}

/// The proof that leads from `old` to the checkpoint the log serves, from its own tiles.
fn consistency(server: &Server, old: u64, new: u64) -> Vec<strongroom_ledger::Hash> {
    struct Served(SocketAddr);
    impl strongroom_ledger::TileReader for Served {
        type Error = std::io::Error;
        fn tile(&self, tile: Tile) -> std::io::Result<Vec<u8>> {
            Ok(Client::new(self.0).get(&format!("/custody/{tile}"))?.success().body)
        }
    }
    let reader = strongroom_ledger::TileHashReader::new(Served(server.main), new);
    strongroom_ledger::consistency_proof(&reader, old, new).unwrap()
}

#[test]
fn a_ledger_is_cosigned_and_its_proofs_satisfy_the_policy() {
    let (log, aside) = (Room::new(), Room::new());
    Server::start(&log).stop();
    let key = log.key();
    let origin = key.split('+').next().unwrap().to_owned();
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let witness = Cosigner::start(&aside, "witness", &[(origin.clone(), key.clone(), nowhere)]);
    let policy = format!(
        "log {key}\nwitness w {} http://{}/\nwitness away {} http://127.0.0.1:9/\ngroup g any w away\nquorum g\n",
        witness.verifier,
        witness.address,
        strongroom_ledger::Cosigner::from_seed("away.example/w".parse().unwrap(), &[5; 32]).verifier(),
    );
    let file = log.beside("policy");
    File::create(&file).unwrap().write_all(policy.as_bytes()).unwrap();
    let log = log
        .with("STRONGROOM_LEDGER__WITNESSES__FILE", file.to_str().unwrap())
        .with("STRONGROOM_LEDGER__WITNESSES__EVERY", "20ms");
    let server = Server::start(&log);
    let size = read(&fill(&server, 1, 30)).size();
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let mut main = Client::new(server.main);
    let cosigned = eventually("the cosigned checkpoint", || {
        let answer = main.get("/custody/witnessed/checkpoint").unwrap();
        let judged = policy.judge(&answer.body).ok()?;
        (judged.checkpoint.size() >= size).then_some(judged)
    });
    assert_eq!(cosigned.cosigned[0].0, "w");
    // nothing was written since: the same is served where everybody looks, and proofs carry it
    policy.judge(&main.get("/custody/checkpoint").unwrap().body).unwrap();
    let proof = log.beside("3.tlog-proof");
    let made = main.get("/custody/proof/3").unwrap().success().body;
    File::create(&proof).unwrap().write_all(&made).unwrap();
    let bundle = main.get("/custody/witnessed/tile/entries/000.p/4").unwrap().success().body;
    let leaf = leaf_hash(tile::decode_bundle(&bundle, 4).unwrap()[3]).to_string();
    let check = |policy: &std::path::Path| {
        let mut command = log.command(["check-proof", proof.to_str().unwrap(), "--leaf-hash", &leaf]);
        command.arg("--policy").arg(policy).output().unwrap()
    };
    let checked = check(&file);
    assert!(text(&checked.stdout).contains("cosigned: w at "), "{checked:?}");
    let strict = log.beside("strict");
    let both = std::fs::read_to_string(&file).unwrap().replace("any w", "all w");
    File::create(&strict).unwrap().write_all(both.as_bytes()).unwrap();
    let refused = check(&strict);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("do not make the quorum"), "{refused:?}");
    // a witness that is away shows, and holds nobody up
    let page = main.get("/metrics").unwrap().text();
    assert!(page.contains("strongroom_witnesses 2\n"), "{page}");
    eventually("the failure", || {
        main.get("/metrics").unwrap().text().contains("strongroom_witnesses_failing 1\n").then_some(())
    });
    let looked = log.run(["doctor"]);
    assert!(text(&looked.stdout).contains("FAIL witness away"), "{looked:?}");
    assert!(text(&looked.stdout).contains("ok   witness w: cosigned"), "{looked:?}");
    assert_eq!(server.stop(), Some(0));
    log.verify().assert_clean();
    // the cosigned checkpoint is one that the ledger is held against
    std::fs::remove_file(log.data().join("ledger/checkpoint.cosigned")).unwrap();
    let lie = Checkpoint::new(origin, size, leaf_hash(b"lie")).unwrap().to_string();
    File::create(log.data().join("ledger/checkpoint.cosigned")).unwrap().write_all(lie.as_bytes()).unwrap();
    assert_eq!(log.verify().code, Some(1));
}

#[test]
fn a_witness_refuses_a_second_history_and_a_rollback() {
    let (log, fork, aside) = (Room::new(), Room::new(), Room::new());
    let server = Server::start(&log);
    let early = fill(&server, 1, 10);
    assert_eq!(server.stop(), Some(0));
    // the same folder and key go on twice
    copy_folder(&log.data(), &fork.data());
    let server = Server::start(&log);
    let first = fill(&server, 2, 10);
    let known = log_of(&log, &server);
    let witness = Cosigner::start(&aside, "witness", &[known]);
    let (small, big) = (read(&early).size(), read(&first).size());
    let add =
        |old: u64, proof, note: &Note| witness.add(&AddCheckpoint::new(old, proof, note.clone()).unwrap());
    assert_eq!(add(0, Vec::new(), &early).status, 200);
    let taken = add(small, consistency(&server, small, big), &first);
    assert_eq!(taken.status, 200, "{}", taken.text());
    let verifier: Verifier = witness.verifier.parse().unwrap();
    let lines = strongroom_ledger::note::parse_signatures(&taken.body).unwrap();
    assert!(lines.iter().any(|line| verifier.made(line) && verifier.verify(first.text(), line.bytes())));
    // a log that does not know where the witness is, and one that went back
    let behind = add(0, Vec::new(), &first);
    assert_eq!((behind.status, behind.text()), (409, format!("{big}\n")));
    assert_eq!(behind.header("content-type"), Some("text/x.tlog.size"));
    assert_eq!(add(small, Vec::new(), &early).status, 409);
    assert_eq!(add(big, Vec::new(), &early).status, 400);
    drop(server);

    let server = Server::start(&fork);
    let mut second = fill(&server, 3, 10);
    // the fork's start and end may have left a leaf more or less: both cases are refused
    let other = read(&second).size();
    let proof = if other > big { consistency(&server, big, other) } else { Vec::new() };
    let refused = add(big.min(other), proof, &second);
    assert!(matches!(refused.status, 409 | 422), "{} {}", refused.status, refused.text());
    assert_eq!(other, big, "the two histories have the same length");
    assert_eq!(refused.status, 422);
    let hash = Digest::of(read(&first).origin().as_bytes());
    let evidence = eventually("the evidence", || {
        let answer = witness.ask("GET", &format!("/{hash}/evidence"), b"").text();
        answer.contains("contradiction:").then_some(answer)
    });
    assert!(evidence.contains(first.text()) && evidence.contains(second.text()), "{evidence}");
    aside.wait_for_line("SPLIT VIEW");
    let page = witness.ask("GET", "/metrics", b"").text();
    assert!(page.contains("strongroom_witness_contradictions 1\n"), "{page}");
    // a longer one of the second history has no proof either
    second = fill(&server, 4, 5);
    let longer = read(&second).size();
    let refused = add(big, consistency(&server, big, longer), &second);
    assert_eq!(refused.status, 422, "{}", refused.text());

    // strangers and forgers
    let stranger = Checkpoint::new("stranger.example", 1, leaf_hash(b"x")).unwrap();
    let forger = strongroom_ledger::Signer::from_seed("stranger.example".parse().unwrap(), &[1; 32]);
    assert_eq!(add(0, Vec::new(), &stranger.sign(&forger)).status, 404);
    let forged = read(&first).sign(&forger);
    assert_eq!(add(big, Vec::new(), &forged).status, 403);
    assert_eq!(witness.ask("POST", "/add-checkpoint", b"old 1\n").status, 400);

    // all of it is remembered over a kill
    let logs = [(read(&first).origin().to_owned(), log.key(), witness.address)];
    witness.kill();
    let witness = Cosigner::start(&aside, "witness", &logs);
    let again = witness.add(&AddCheckpoint::new(0, Vec::new(), first.clone()).unwrap());
    assert_eq!((again.status, again.text()), (409, format!("{big}\n")));
    let shown = Note::parse(&witness.ask("GET", &format!("/{hash}/checkpoint"), b"").success().body).unwrap();
    assert_eq!(shown.text(), first.text());
    shown.verify(std::slice::from_ref(&verifier)).unwrap();
}

#[test]
fn a_mirror_holds_all_of_a_ledger_and_follows_no_other_history() {
    let (log, fork, aside) = (Room::new(), Room::new(), Room::new());
    let server = Server::start(&log);
    fill(&server, 1, 300);
    let known = log_of(&log, &server);
    let mirror = Cosigner::start(&aside, "mirror", std::slice::from_ref(&known));
    let verifier: Verifier = mirror.verifier.parse().unwrap();
    let hash = Digest::of(known.0.as_bytes());
    let copied = |mirror: &Cosigner, size: u64| {
        eventually("the copy", || {
            let answer = mirror.ask("GET", &format!("/{hash}/checkpoint"), b"");
            let note = Note::parse(&answer.body).ok()?;
            note.verify(std::slice::from_ref(&verifier)).ok()?;
            (read(&note).size() >= size).then_some(read(&note))
        })
    };
    let held = copied(&mirror, 300);
    assert_holds(&mirror, &hash, &held);
    // it goes on, also after a kill
    let size = read(&fill(&server, 2, 300)).size();
    mirror.kill();
    let mirror = Cosigner::start(&aside, "mirror", std::slice::from_ref(&known));
    let held = copied(&mirror, size);
    assert_holds(&mirror, &hash, &held);
    mirror.kill();
    server.stop();
    // the folder goes on twice, and the mirror is shown first the one, then the other
    copy_folder(&log.data(), &fork.data());
    let server = Server::start(&log);
    let longer = read(&fill(&server, 3, 20)).size();
    let mirror = Cosigner::start(&aside, "mirror", &[log_of(&log, &server)]);
    let held = copied(&mirror, longer);
    mirror.kill();
    drop(server);
    let server = Server::start(&fork);
    fill(&server, 4, 40);
    let mirror = Cosigner::start(&aside, "mirror", &[log_of(&fork, &server)]);
    aside.wait_for_line("NOT COSIGNED");
    assert_eq!(copied(&mirror, 1), held);
    assert_holds(&mirror, &hash, &held);
}

#[test]
fn a_ledger_is_pushed_to_a_mirror_that_cannot_ask_for_it() {
    let (log, aside) = (Room::new(), Room::new());
    let server = Server::start(&log);
    fill(&server, 1, 300);
    let (origin, key, _) = log_of(&log, &server);
    let mirror = Cosigner::start_at(&aside, "mirror", &[(origin.clone(), key, None)]);
    let hash = Digest::of(origin.as_bytes());
    let push = |key: &str| log.run(["push", &format!("http://{}/", mirror.address), "--key", key]);
    let held = || {
        let answer = mirror.ask("GET", &format!("/{hash}/checkpoint"), b"").success();
        read(&Note::parse(&answer.body).unwrap())
    };
    for (who, jobs) in [(2, 0), (3, 40), (4, 2_200)] {
        let size = read(&fill(&server, who, jobs)).size();
        let pushed = push(&mirror.verifier);
        assert!(pushed.status.success(), "{pushed:?}");
        assert!(text(&pushed.stdout).contains("holds "), "{pushed:?}");
        assert_eq!(held().size(), size);
        assert_holds(&mirror, &hash, &held());
    }
    // again there is nothing to bring, and another key is not believed
    assert!(push(&mirror.verifier).status.success());
    let other = strongroom_ledger::Cosigner::from_seed("mirror.example/m".parse().unwrap(), &[5; 32]);
    let refused = push(&other.verifier().to_string());
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("does not verify"), "{refused:?}");
    // a mirror that does not know the ledger
    let stranger =
        Cosigner::start_at(&Room::new(), "mirror", &[("other.example".to_owned(), log.key(), None)]);
    let refused = log.run(["push", &format!("http://{}/", stranger.address), "--key", &stranger.verifier]);
    assert!(text(&refused.stderr).contains("the mirror refuses: 404"), "{refused:?}");
}

/// Reads every tile and bundle of the copy and makes the tree again.
fn assert_holds(mirror: &Cosigner, hash: &Digest, held: &Checkpoint) {
    let get = |tile: Tile| mirror.ask("GET", &format!("/{hash}/{tile}"), b"").success().body;
    let mut state = TileState::new();
    let mut full = Vec::new();
    for bundle in Tile::all_entries(held.size()) {
        let bytes = get(bundle);
        let entries = tile::decode_bundle(&bytes, bundle.width()).unwrap();
        full.extend(state.extend(entries.into_iter().map(leaf_hash)));
    }
    assert_eq!((state.size(), state.root()), (held.size(), held.root()));
    for tile in full.into_iter().chain(state.partial_tiles()) {
        assert_eq!(get(tile.tile), tile.bytes, "{}", tile.tile);
    }
    let beyond = format!("/{hash}/tile/0/x009/999");
    assert_eq!(mirror.ask("GET", &beyond, b"").status, 404);
}

/// The hashes of a small tree in memory.
struct Held(TileState);

impl strongroom_ledger::TileReader for Held {
    type Error = std::io::Error;

    fn tile(&self, tile: Tile) -> std::io::Result<Vec<u8>> {
        self.0.partial(tile).ok_or_else(|| std::io::Error::other("no such tile"))
    }
}

/// The request that leads from the first `old` of these leaves to all of them.
fn request(
    signer: &strongroom_ledger::Signer,
    leaves: &[strongroom_ledger::Hash],
    old: u64,
) -> AddCheckpoint {
    let (state, size) = (TileState::from_leaf_hashes(leaves.iter().copied()), leaves.len() as u64);
    let checkpoint = Checkpoint::new(signer.verifier().name().to_string(), size, state.root()).unwrap();
    let proof = if old == 0 {
        Vec::new()
    } else {
        let reader = strongroom_ledger::TileHashReader::new(Held(state), size);
        strongroom_ledger::consistency_proof(&reader, old, size).unwrap()
    };
    AddCheckpoint::new(old, proof, checkpoint.sign(signer)).unwrap()
}

/// Two who have a log's key show the witness two histories at the same time, again and again.
#[test]
fn a_witness_killed_under_load_never_signs_two_views() {
    const LOGS: u8 = 6;
    const ROUNDS: u64 = 12;
    const MOST: usize = 250;
    let aside = Room::new();
    let signers: Vec<_> = (0..LOGS)
        .map(|n| strongroom_ledger::Signer::from_seed(format!("log{n}.example").parse().unwrap(), &[n; 32]))
        .collect();
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let logs: Vec<_> = signers
        .iter()
        .map(|signer| (signer.verifier().name().to_string(), signer.verifier().to_string(), nowhere))
        .collect();
    let mut bases: Vec<Vec<strongroom_ledger::Hash>> = vec![Vec::new(); signers.len()];
    let mut cosigned = 0;
    for round in 0..ROUNDS {
        let witness = Cosigner::start(&aside, "witness", &logs);
        let address = witness.address;
        let answered = std::sync::atomic::AtomicU64::new(0);
        let show = |fork: u8, log: usize| {
            let (mut client, mut tree) = (Client::new(address), bases[log].clone());
            let mut taken = Vec::new();
            for step in 0_u64.. {
                let mut next = tree.clone();
                next.push(leaf_hash(format!("{round} {fork} {step}").as_bytes()));
                if next.len() > MOST {
                    break;
                }
                let asked = request(&signers[log], &next, tree.len() as u64).to_string();
                match client.ask("POST", "/add-checkpoint", &[], asked.as_bytes()) {
                    Ok(answer) if answer.status == 200 => {
                        taken.push((log, next.clone()));
                        tree = next;
                        answered.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
            taken
        };
        let taken: Vec<_> = std::thread::scope(|scope| {
            let show = &show;
            let forks = (0..signers.len()).flat_map(|log| [(0, log), (1, log)]);
            let forks: Vec<_> = forks.map(|(fork, log)| scope.spawn(move || show(fork, log))).collect();
            // in the middle of it: some were answered, and others are under way
            eventually("cosignatures", || {
                (answered.load(std::sync::atomic::Ordering::Relaxed) > 3 + round * 5 % 24).then_some(())
            });
            witness.kill();
            forks.into_iter().flat_map(|fork| fork.join().unwrap()).collect()
        });
        cosigned += taken.len();
        // what was cosigned is one history, and the witness remembers all of it
        let witness = Cosigner::start(&aside, "witness", &logs);
        for (log, base) in bases.iter_mut().enumerate() {
            let views: Vec<_> =
                taken.iter().filter(|(other, _)| *other == log).map(|(_, view)| view).collect();
            let longest = views.iter().copied().max_by_key(|view| view.len()).unwrap_or(base).clone();
            for view in views {
                assert_eq!(view[..], longest[..view.len()], "two views of log {log} were cosigned");
            }
            let hash = Digest::of(logs[log].0.as_bytes());
            let answer = witness.ask("GET", &format!("/{hash}/checkpoint"), b"");
            if answer.status == 404 {
                assert!(longest.is_empty(), "log {log} was forgotten");
                continue;
            }
            let kept = read(&Note::parse(&answer.success().body).unwrap());
            assert!(kept.size() >= longest.len() as u64, "log {log} was set back");
            *base = longest;
            if kept.size() > base.len() as u64 {
                // one more was durable than was answered: whose it is the root tells
                let grown = (0_u64..1000).flat_map(|step| [(0, step), (1, step)]).find_map(|(fork, step)| {
                    let mut grown = base.clone();
                    grown.push(leaf_hash(format!("{round} {fork} {step}").as_bytes()));
                    let root = TileState::from_leaf_hashes(grown.iter().copied()).root();
                    (root == kept.root()).then_some(grown)
                });
                *base = grown.expect("what is kept continues what was cosigned");
            }
            let root = TileState::from_leaf_hashes(base.iter().copied()).root();
            assert_eq!((kept.size(), kept.root()), (base.len() as u64, root), "log {log}");
        }
    }
    assert!(cosigned > 60, "only {cosigned} were cosigned");
}
