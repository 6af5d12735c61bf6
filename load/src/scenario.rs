//! What the clients do.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::ValueEnum;
use uuid::Uuid;

use crate::{
    Options,
    client::{Answer, Client},
    process::usage,
    report::Figures,
};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// POST /bytes/raw of one file to jobs made before.
    PostRaw,
    /// POST `/bytes/boefje_meta`.
    PostMeta,
    /// GET /bytes/raw/{id} of files stored before.
    GetRaw,
    /// GET /bytes/raw?limit=100.
    List,
    /// POST /token.
    Token,
    /// GET /health.
    Health,
    /// POST /api/v1/traces of a use of two datasets by one of 10,000 users, at the address of `tracer`.
    PostTrace,
    /// GET of `--target`, from any server, with `--token` and without logging in.
    Get,
    /// POST `/bytes/boefje_meta`, then wait until a published checkpoint covers the leaf.
    Proof,
}

/// One client's counts.
#[derive(Debug, Default)]
struct Counts {
    good: u64,
    refused: u64,
    failed: u64,
    latencies: Vec<Duration>,
}

struct Plan {
    scenario: Scenario,
    address: String,
    host: String,
    token: String,
    size: usize,
    ids: Vec<String>,
    main_address: String,
    counter: AtomicU64,
    seed: u64,
    login: String,
    target: String,
    targets: u64,
}

pub(crate) async fn run(options: &Options) -> io::Result<Figures> {
    let plan = Arc::new(prepare(options).await?);
    let warm_until = Instant::now() + options.duration() / 10;
    let end = warm_until + options.duration();
    let interval = options.rate.map(|rate| Duration::from_secs_f64(f64::from(options.clients) / rate));
    let mut tasks = Vec::new();
    for client in 0..options.clients {
        let plan = Arc::clone(&plan);
        let offset =
            interval.map(|interval| interval.mul_f64(f64::from(client) / f64::from(options.clients)));
        tasks.push(tokio::spawn(async move { drive(&plan, warm_until, end, interval, offset).await }));
    }
    tokio::time::sleep_until(warm_until.into()).await;
    let before = (usage(options.pid), usage(None));
    let begin = Instant::now();
    tokio::time::sleep_until(end.into()).await;
    let after = (usage(options.pid), usage(None));
    let durable = matches!(
        options.scenario,
        Scenario::PostRaw | Scenario::PostMeta | Scenario::PostTrace | Scenario::Proof | Scenario::Token
    );
    let mut figures =
        Figures { elapsed: begin.elapsed(), durable, own: before.1.zip(after.1), ..Figures::default() };
    figures.server = options.pid.and(before.0.zip(after.0));
    for task in tasks {
        let counts = task.await.map_err(io::Error::other)??;
        figures.good += counts.good;
        figures.refused += counts.refused;
        figures.failed += counts.failed;
        figures.latencies.extend(counts.latencies);
    }
    Ok(figures)
}

async fn drive(
    plan: &Plan,
    warm_until: Instant,
    end: Instant,
    interval: Option<Duration>,
    offset: Option<Duration>,
) -> io::Result<Counts> {
    let mut client = Client::connect(&plan.address).await?;
    let mut follower = match plan.scenario {
        Scenario::Proof => Some(Client::connect(&plan.main_address).await?),
        _ => None,
    };
    let mut counts = Counts::default();
    let mut due = Instant::now() + offset.unwrap_or_default();
    while Instant::now() < end {
        let request = match plan.scenario {
            Scenario::PostRaw => {
                let place = plan.counter.fetch_add(1, Ordering::Relaxed);
                let jobs = plan.ids.len() as u64;
                plan.post_raw(&plan.ids[usize::try_from(place % jobs).unwrap_or(0)], place / jobs)
            }
            Scenario::PostMeta | Scenario::Proof => plan.post_meta(&plan.fresh_id()),
            Scenario::GetRaw => plan.get(&format!("/bytes/raw/{}", plan.any_id())),
            Scenario::List => plan.get("/bytes/raw?limit=100"),
            Scenario::Token => plan.login(),
            Scenario::Health => plan.get("/health"),
            Scenario::PostTrace => plan.post_trace(),
            Scenario::Get => plan.get(&plan.any_target()),
        };
        if let Some(interval) = interval {
            tokio::time::sleep_until(due.into()).await;
            due += interval;
        }
        let begin = Instant::now();
        let Ok(answer) = client.send(&request).await else {
            counts.failed += 1;
            client = Client::connect(&plan.address).await?;
            continue;
        };
        if let (Some(follower), Some(leaf)) = (&mut follower, answer.leaf) {
            covered(follower, leaf).await?;
        }
        counts.count(answer.status, begin.elapsed(), begin >= warm_until);
    }
    Ok(counts)
}

/// Waits until the published checkpoint covers the leaf.
async fn covered(follower: &mut Client, leaf: u64) -> io::Result<()> {
    let request = b"GET /custody/checkpoint HTTP/1.1\r\nHost: strongroom\r\n\r\n";
    loop {
        let answer = follower.send(request).await?;
        let text = String::from_utf8_lossy(&answer.body);
        let size: u64 = text.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
        if size > leaf {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

impl Counts {
    fn count(&mut self, status: u16, latency: Duration, counted: bool) {
        if !counted {
            return;
        }
        match status {
            200 | 201 => {
                self.good += 1;
                self.latencies.push(latency);
            }
            503 => self.refused += 1,
            _ => self.failed += 1,
        }
    }
}

/// Logs in and stores what reading scenarios read.
async fn prepare(options: &Options) -> io::Result<Plan> {
    let login = format!("username={}&password={}", options.username, options.password);
    let mut plan = Plan {
        scenario: options.scenario,
        address: options.address.clone(),
        host: options.address.clone(),
        token: options.token.clone(),
        size: options.size,
        ids: Vec::new(),
        main_address: options.main_address.clone(),
        counter: AtomicU64::new(0),
        seed: u64::from(std::process::id()) << 40
            ^ u64::from(Instant::now().elapsed().subsec_nanos())
            ^ unique(),
        login,
        target: options.target.clone(),
        targets: options.targets.max(1),
    };
    if matches!(options.scenario, Scenario::Get | Scenario::PostTrace) {
        return Ok(plan);
    }
    let mut client = Client::connect(&options.address).await?;
    let answer = client.send(&plan.login()).await?;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).map_err(io::Error::other)?;
    plan.token = json["access_token"].as_str().ok_or_else(|| io::Error::other("login refused"))?.to_owned();
    plan.ids = match options.scenario {
        Scenario::GetRaw => store(&plan, 2_000, true).await?,
        Scenario::List => store(&plan, 200, true).await?,
        Scenario::PostRaw => store(&plan, options.jobs, false).await?,
        _ => Vec::new(),
    };
    Ok(plan)
}

/// Sends what a run needs first, again while the server turns it away.
async fn accepted(client: &mut Client, request: &[u8]) -> io::Result<Answer> {
    loop {
        let answer = client.send(request).await?;
        match answer.status {
            200 | 201 => return Ok(answer),
            503 => tokio::time::sleep(Duration::from_millis(100)).await,
            status => return Err(io::Error::other(format!("answered {status} while the run was prepared"))),
        }
    }
}

/// Makes jobs, and a raw file for each if asked; returns the ids of the files or the jobs.
async fn store(plan: &Plan, wanted: usize, files: bool) -> io::Result<Vec<String>> {
    let stored = std::sync::Mutex::new(Vec::with_capacity(wanted));
    let one_client = async |share: usize| -> io::Result<()> {
        let mut client = Client::connect(&plan.address).await?;
        for _ in 0..share {
            let mut id = plan.fresh_id();
            accepted(&mut client, &plan.post_meta(&id)).await?;
            if files {
                let answer = accepted(&mut client, &plan.post_raw(&id, 0)).await?;
                let json: serde_json::Value =
                    serde_json::from_slice(&answer.body).map_err(io::Error::other)?;
                json["0"].as_str().ok_or_else(|| io::Error::other("upload refused"))?.clone_into(&mut id);
            }
            stored.lock().map_err(|_| io::Error::other("a client panicked"))?.push(id);
        }
        Ok(())
    };
    let clients = 64.min(wanted);
    let shares = (0..clients).map(|client| wanted / clients + usize::from(client < wanted % clients));
    futures::future::try_join_all(shares.map(one_client)).await?;
    stored.into_inner().map_err(|_| io::Error::other("a client panicked"))
}

/// Differs from run to run: the address of a fresh allocation and the process id are enough for test data.
fn unique() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

impl Plan {
    fn next(&self) -> u64 {
        let mut state = self
            .seed
            .wrapping_add(self.counter.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }

    fn fresh_id(&self) -> String {
        Uuid::from_u64_pair(self.next(), self.next()).to_string()
    }

    fn any_id(&self) -> &str {
        let place = usize::try_from(self.next() % self.ids.len() as u64).unwrap_or(0);
        &self.ids[place]
    }

    fn any_target(&self) -> String {
        self.target.replace("{}", &(self.next() % self.targets).to_string())
    }

    /// The line of the head that says who asks; nothing without a token.
    fn authorization(&self) -> String {
        if self.token.is_empty() {
            return String::new();
        }
        format!("Authorization: bearer {}\r\n", self.token)
    }

    fn get(&self, target: &str) -> Vec<u8> {
        format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{}\r\n", self.host, self.authorization()).into_bytes()
    }

    fn post(&self, target: &str, body: &str) -> Vec<u8> {
        format!(
            "POST {target} HTTP/1.1\r\nHost: {}\r\n{}Content-Length: {}\r\n\r\n{body}",
            self.host,
            self.authorization(),
            body.len()
        )
        .into_bytes()
    }

    fn login(&self) -> Vec<u8> {
        format!(
            "POST /token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{}",
            self.host,
            self.login.len(),
            self.login
        )
        .into_bytes()
    }

    fn post_meta(&self, id: &str) -> Vec<u8> {
        let body = format!(
            r#"{{"id":"{id}","started_at":"2025-03-04T10:20:30Z","ended_at":"2025-03-04T10:20:41.5Z","boefje":{{"id":"ssl-version","version":"0.4"}},"input_ooi":"Hostname|internet|shop.example","arguments":{{"input":{{"name":"shop.example"}}}},"organization":"acme","environment":{{"TOP_PORTS":"250"}}}}"#
        );
        self.post("/bytes/boefje_meta", &body)
    }

    fn post_trace(&self) -> Vec<u8> {
        let (user, first, second) = (self.next() % 10_000, self.next() % 1_000, self.next() % 1_000);
        let body = format!(
            r#"{{"userId":"user-{user:05}","userAction":"USE_DATASETS","datasetsIds":["d{first}","e{second}"],"toolName":"desktop-tensorflow","toolVersion":"1.4"}}"#
        );
        self.post("/api/v1/traces", &body)
    }

    /// Content that no other request has, so that nothing is deduplicated.
    fn post_raw(&self, job: &str, round: u64) -> Vec<u8> {
        let mut content = Vec::with_capacity(self.size + 8);
        let mut word = self.next();
        while content.len() < self.size {
            content.extend_from_slice(&word.to_le_bytes());
            word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        }
        content.truncate(self.size);
        let body = format!(
            r#"{{"files":[{{"name":"0","content":"{}","tags":["boefje/ssl-version","round/{round}"]}}]}}"#,
            STANDARD.encode(content)
        );
        self.post(&format!("/bytes/raw?boefje_meta_id={job}"), &body)
    }
}
