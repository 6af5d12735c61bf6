//! Large content on a real S3 server, when one is named by `STRONGROOM_TEST_S3_*` (`cargo xtask services up`).
//!
//! Each test has a prefix of its own in the bucket. Signatures, ranges and multipart uploads are the server's own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use object_store::{
    PutPayload,
    aws::{AmazonS3, AmazonS3Builder},
    multipart::MultipartStore as _,
    path::Path,
};
use strongroom_content::{BoxKey, Reserve, S3Settings, S3Store, SealedStore};
use strongroom_contract::content::{key, read_range, sample, store::StorePlace, store_all};
use strongroom_kernel::ports::{ContentStore, PortErrorKind, RngExt, SystemRng};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// The server's address and the settings for a fresh prefix on it, if there is one.
fn settings(endpoint: Option<&str>) -> Option<(String, S3Settings)> {
    settings_at(endpoint, &SystemRng.id().to_string())
}

/// The same for the prefix `tests/<name>`.
fn settings_at(endpoint: Option<&str>, name: &str) -> Option<(String, S3Settings)> {
    let variable = |name: &str| std::env::var(format!("STRONGROOM_TEST_S3_{name}")).ok();
    let server = variable("ENDPOINT")?;
    let bucket = variable("BUCKET").unwrap_or_else(|| "strongroom-test".to_owned());
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint.map_or_else(|| server.clone(), str::to_owned)),
        ("AWS_ACCESS_KEY_ID", variable("ACCESS_KEY")?),
        ("AWS_SECRET_ACCESS_KEY", variable("SECRET_KEY")?),
        ("AWS_REGION", variable("REGION").unwrap_or_else(|| "us-east-1".to_owned())),
    ];
    let url = format!("s3://{bucket}/tests/{name}");
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    Some((server, S3Settings::new(&url, variables).unwrap()))
}

async fn open(settings: &S3Settings, folder: &TempDir) -> S3Store {
    S3Store::open(settings, folder.path(), Arc::new(Reserve::new(folder.path(), 0))).await.unwrap()
}

/// A store under a prefix of its own, if there is a server.
pub(crate) async fn fresh(folder: &TempDir) -> Option<S3Store> {
    let (_, settings) = settings(None)?;
    Some(open(&settings, folder).await)
}

fn sealed(store: S3Store) -> SealedStore<S3Store> {
    SealedStore::new(store, BoxKey::new(&[1; 32], &[9; 32]), Arc::new(SystemRng))
}

async fn place<S: ContentStore + 'static>(wrap: fn(S3Store) -> S) -> Option<StorePlace> {
    let (_, settings) = settings(None)?;
    let folder = Arc::new(TempDir::new().unwrap());
    let store = Arc::new(wrap(open(&settings, &folder).await));
    let reopen = move || -> BoxFuture<'static, Arc<dyn ContentStore>> {
        let (settings, folder) = (settings.clone(), Arc::clone(&folder));
        Box::pin(async move { Arc::new(wrap(open(&settings, &folder).await)) as Arc<dyn ContentStore> })
    };
    Some(StorePlace { store, reopen: Box::new(reopen) })
}

mod plain {
    async fn make() -> Option<super::StorePlace> {
        super::place(|store| store).await
    }

    strongroom_contract::content_store_tests!(make);
}

mod sealed {
    async fn make() -> Option<super::StorePlace> {
        super::place(super::sealed).await
    }

    strongroom_contract::content_store_tests!(make);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named_and_not_made() {
    let Some((server, _)) = settings(None) else { return eprintln!("skipped") };
    let folder = TempDir::new().unwrap();
    let variables = ["ACCESS_KEY", "SECRET_KEY"].map(|name| {
        let aws = if name == "ACCESS_KEY" { "AWS_ACCESS_KEY_ID" } else { "AWS_SECRET_ACCESS_KEY" };
        (aws.to_owned(), std::env::var(format!("STRONGROOM_TEST_S3_{name}")).unwrap())
    });
    let endpoint = ("AWS_ENDPOINT_URL".to_owned(), server);
    let settings = S3Settings::new("s3://not-there", variables.into_iter().chain([endpoint])).unwrap();
    for _ in 0..2 {
        let reserve = Arc::new(Reserve::new(folder.path(), 0));
        let error = S3Store::open(&settings, folder.path(), reserve).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Missing);
    }
}

#[tokio::test]
async fn wrong_keys_are_refused_by_the_server() {
    let Some((server, _)) = settings(None) else { return eprintln!("skipped") };
    let folder = TempDir::new().unwrap();
    let variables =
        [("AWS_ENDPOINT_URL", server.as_str()), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = S3Settings::new("s3://strongroom-test", variables).unwrap();
    let reserve = Arc::new(Reserve::new(folder.path(), 0));
    let error = S3Store::open(&settings, folder.path(), reserve).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
}

/// Hands connections on to `server` while `open` says so, and cuts them all when it does not.
async fn gate(server: String, open: watch::Receiver<bool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (server, mut open) = (server.clone(), open.clone());
            tokio::spawn(async move {
                if !*open.borrow_and_update() {
                    return;
                }
                let Ok(mut behind) = TcpStream::connect(server).await else { return };
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut behind) => {}
                    _ = open.wait_for(|open| !open) => {}
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_gone_is_used_again_without_a_restart() {
    let Some((server, _)) = settings(None) else { return eprintln!("skipped") };
    let (switch, open_now) = watch::channel(true);
    let address = gate(server.trim_start_matches("http://").to_owned(), open_now).await;
    let (_, settings) = settings(Some(&format!("http://{address}"))).unwrap();
    let folder = TempDir::new().unwrap();
    let store = open(&settings.with_patience(Duration::from_millis(300)), &folder).await;
    let content = sample(20 << 20, 1);
    let before = store_all(&store, "a", &content).await;

    let mut cut = store.read(&before, 0..u64::MAX).await.unwrap();
    let mut staged = store.stage().await.unwrap();
    staged.write(content.slice(1..)).await.unwrap();
    switch.send_replace(false);
    let lost = key("a", &content[1..]);
    assert_eq!(staged.keep(&lost).await.unwrap_err().kind, PortErrorKind::Unavailable);
    assert_eq!(store.size(&before).await.unwrap_err().kind, PortErrorKind::Unavailable);
    assert_eq!(store.list(None, 1).await.unwrap_err().kind, PortErrorKind::Unavailable);
    assert_eq!(store.remove(&before).await.unwrap_err().kind, PortErrorKind::Unavailable);
    let error = loop {
        match futures::TryStreamExt::try_next(&mut cut).await {
            Ok(piece) => assert!(piece.is_some(), "the end of a cut answer is an error"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, PortErrorKind::Unavailable);

    switch.send_replace(true);
    assert_eq!(store.size(&lost).await.unwrap(), None);
    assert!(read_range(&store, &before, 0..u64::MAX).await.unwrap() == content);
    store_all(&store, "a", &content.slice(1..)).await;
    assert_eq!(store.sweep_staged().await.unwrap(), 0);
}

/// The bucket of the tests by a client of its own.
fn bucket() -> AmazonS3 {
    let variable = |name: &str| std::env::var(format!("STRONGROOM_TEST_S3_{name}")).ok();
    AmazonS3Builder::new()
        .with_bucket_name(variable("BUCKET").unwrap_or_else(|| "strongroom-test".to_owned()))
        .with_region(variable("REGION").unwrap_or_else(|| "us-east-1".to_owned()))
        .with_endpoint(variable("ENDPOINT").unwrap())
        .with_access_key_id(variable("ACCESS_KEY").unwrap())
        .with_secret_access_key(variable("SECRET_KEY").unwrap())
        .with_allow_http(true)
        .build()
        .unwrap()
}

#[tokio::test]
async fn interrupted_uploads_are_ended_once_they_are_old() {
    let name = SystemRng.id().to_string();
    let Some((_, settings)) = settings_at(None, &name) else { return eprintln!("skipped") };
    let folder = TempDir::new().unwrap();
    let store = open(&settings, &folder).await;
    let content = sample(9 << 20, 1);
    let kept = store_all(&store, "a", &content).await;
    let bucket = bucket();
    let begin = async |path: String| {
        let path = Path::parse(path).unwrap();
        let upload = bucket.create_multipart(&path).await.unwrap();
        (path, upload)
    };
    let goes_on = async |(path, upload): &(Path, String)| {
        bucket.put_part(path, upload, 0, PutPayload::from_static(b"part")).await.is_ok()
    };
    let digest = "0123456789abcdef".repeat(4);
    let interrupted = begin(format!("tests/{name}/objects/{digest}/{digest}")).await;
    let anothers = begin(format!("tests/{name}/objects/notes.txt")).await;
    assert_eq!(store.sweep_staged().await.unwrap(), 0, "a day has not gone by");
    assert!(goes_on(&interrupted).await);
    let later = open(&settings.with_abandoned_after(Duration::ZERO), &folder).await;
    assert_eq!(later.sweep_staged().await.unwrap(), 1);
    assert!(!goes_on(&interrupted).await);
    assert!(goes_on(&anothers).await, "what is not ours is left alone");
    assert_eq!(later.sweep_staged().await.unwrap(), 0);
    assert!(read_range(&later, &kept, 0..u64::MAX).await.unwrap() == content);
    bucket.abort_multipart(&anothers.0, &anothers.1).await.unwrap();
}

/// Answers every request as an S3 server does that has no room.
async fn full_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 64 << 10];
                let read = client.read(&mut request).await.unwrap_or(0);
                let (status, body) = match &request[..read] {
                    [b'P', b'U', b'T', ..] => {
                        ("507 Insufficient Storage", "<Error><Code>XMinioStorageFull</Code></Error>")
                    }
                    [b'H', ..] => ("404 Not Found", ""),
                    _ => ("200 OK", "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"),
                };
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                let _gone = client.write_all(format!("{head}{body}").as_bytes()).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_server_without_room_is_full_and_not_gone() {
    let folder = TempDir::new().unwrap();
    let variables = [
        ("AWS_ENDPOINT_URL", format!("http://{}", full_server().await)),
        ("AWS_ACCESS_KEY_ID", "x".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "y".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let settings = S3Settings::new("s3://bucket", variables).unwrap();
    let store = open(&settings.with_patience(Duration::from_millis(300)), &folder).await;
    let content = sample(100, 1);
    let mut staged = store.stage().await.unwrap();
    staged.write(content.clone()).await.unwrap();
    let error = staged.keep(&key("a", &content)).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Full, "{error:?}");
}
