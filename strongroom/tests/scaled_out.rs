//! The same program on PostgreSQL and S3, as a site that grows runs it.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    kill::{kill_again_and_again, seeded},
    sealed::{holds, sealing},
    support::{
        Client, Room, Server,
        client::id,
        outside::{Postgres, on_s3},
        server::{copy_folder, text},
    },
};

fn use_it(room: &Room) {
    let server = Server::start(room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    let mut written = Vec::new();
    for (n, content) in
        [vec![1; 100], vec![2; 70_000], vec![3; 9_000_000], Vec::new()].into_iter().enumerate()
    {
        let job = id(1, u64::try_from(n).unwrap());
        client.save_job(&job).unwrap().success();
        let raw = client.upload(&job, &content).unwrap().unwrap();
        assert_eq!(client.raw(&raw).unwrap().success().body, content);
        written.push((raw, content));
    }
    room.verify().assert_clean();
    server.kill();
    let server = Server::start(room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    for (raw, content) in &written {
        assert_eq!(client.raw(raw).unwrap().success().body, *content);
    }
    assert_eq!(server.stop(), Some(0));
    let verified = room.verify();
    verified.assert_clean();
    assert!(verified.text.contains("4 contents"), "{}", verified.text);
}

#[test]
fn rows_may_be_in_postgresql() {
    let Some(database) = Postgres::new() else { return };
    let room = Room::new().with("STRONGROOM_DATABASE__URL", &database.url);
    use_it(&room);
    let rebuilt = room.run(["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    room.verify().assert_clean();
    database.execute("UPDATE bytes_boefje_meta SET runnable_hash = 'x'");
    assert_eq!(room.verify().code, Some(1));
}

#[test]
fn units_whose_leaves_have_no_index_yet_are_no_tampering() {
    let Some(database) = Postgres::new() else { return };
    let room = Room::new().with("STRONGROOM_DATABASE__URL", &database.url);
    let save = |n: u64| {
        let server = Server::start(&room);
        let mut client = Client::logged_in(server.bytes).unwrap();
        client.save_job(&id(1, n)).unwrap().success();
        let raw = client.upload(&id(1, n), format!("content {n}").as_bytes()).unwrap().unwrap();
        assert_eq!(server.stop(), Some(0));
        raw
    };
    save(1);
    let before = room.verify();
    before.assert_clean();
    let size: u64 = before.text.rsplit("clean: ").next().unwrap().split(' ').next().unwrap().parse().unwrap();
    let ledger = room.beside("ledger before");
    copy_folder(&room.data().join("ledger"), &ledger);
    let raw = save(2);
    // as a crash leaves it: committed, without index, and no checkpoint knows of it
    std::fs::remove_dir_all(room.data().join("ledger")).unwrap();
    copy_folder(&ledger, &room.data().join("ledger"));
    database.execute(&format!(
        "DELETE FROM ledger_index WHERE leaf_index >= {size};
         UPDATE ledger_head SET size = {size}, (sequence, time) = (SELECT r.sequence, r.time FROM ledger_record r
             JOIN ledger_index i USING (sequence) WHERE i.leaf_index = {size} - 1)"
    ));
    room.verify().assert_clean();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    assert_eq!(client.raw(&raw).unwrap().success().body, b"content 2");
    room.verify().assert_clean();
    assert_eq!(server.stop(), Some(0));
    // rows whose unit nobody recorded are
    database.execute("UPDATE bytes_raw_file SET row_version = row_version + 1000");
    assert_eq!(room.verify().code, Some(1));
}

#[test]
fn content_may_be_in_s3() {
    let Some(room) = on_s3(Room::new()) else { return };
    use_it(&room);
}

#[test]
fn both_may_be_elsewhere_and_the_data_folder_has_keys_and_tiles_only() {
    let Some(database) = Postgres::new() else { return };
    let Some(room) = on_s3(Room::new().with("STRONGROOM_DATABASE__URL", &database.url)) else { return };
    use_it(&room);
    let kept = |name: &str| room.data().join(name).try_exists().unwrap();
    assert!(kept("keys") && kept("ledger") && !kept("packs") && !kept("strongroom.sqlite"));
    let backup = room.run([Path::new("backup"), &room.beside("backup")]);
    assert!(backup.status.success(), "{backup:?}");
    assert!(text(&backup.stdout).contains("stay where they are"), "{backup:?}");
}

/// A room whose small content is moved out of the database as soon as there is any.
fn packing(room: Room) -> Room {
    room.with("STRONGROOM_CONTENT__PACK_BYTES", "64KiB").with("STRONGROOM_CONTENT__PACK_AFTER", "100ms")
}

/// Waits until all small content is in objects.
fn wait_until_moved(database: &Postgres) {
    let end = Instant::now() + Duration::from_mins(2);
    let waits = "EXISTS (SELECT FROM kernel_small_content WHERE octet_length(payload) > 0)";
    while database.holds(waits) {
        assert!(Instant::now() < end, "small content stays in the database");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn small_content_is_moved_to_objects_while_the_program_is_killed() {
    let Some(database) = Postgres::new() else { return };
    let Some(room) = on_s3(Room::new().with("STRONGROOM_DATABASE__URL", &database.url)) else { return };
    let room = packing(room);
    let written = kill_again_and_again(&room, 8, &mut seeded());
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    let mut kept = Vec::new();
    for n in 0..40_u8 {
        let (job, content) = (id(9, n.into()), vec![n; 3_000]);
        client.save_job(&job).unwrap().success();
        kept.push((client.upload(&job, &content).unwrap().unwrap(), content));
    }
    wait_until_moved(&database);
    assert!(database.holds("COUNT(*) > 0 FROM kernel_content WHERE place = 3"));
    for (raw, content) in &kept {
        assert_eq!(client.raw(raw).unwrap().success().body, *content);
    }
    room.verify().assert_clean();
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
    println!("8 kills: none of {written} acknowledged writes lost");
}

#[test]
fn sealed_small_content_is_moved_to_objects_and_nowhere_in_the_clear() {
    let Some(database) = Postgres::new() else { return };
    let room = sealing(packing(Room::new().with("STRONGROOM_DATABASE__URL", &database.url)));
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let words = b"words nobody must see";
    let raw = client.upload(&id(1, 1), words).unwrap().unwrap();
    wait_until_moved(&database);
    assert_eq!(client.raw(&raw).unwrap().success().body, words);
    assert_eq!(server.stop(), Some(0));
    assert!(database.holds("COUNT(*) = 1 FROM kernel_content WHERE place = 3"));
    assert!(room.data().join("objects").is_dir() && !holds(&room.data(), b"nobody must see"));
    room.verify().assert_clean();
}

#[test]
fn a_database_is_served_by_one_process() {
    let Some(database) = Postgres::new() else { return };
    let first = Room::new().with("STRONGROOM_DATABASE__URL", &database.url);
    let server = Server::start(&first);
    Client::logged_in(server.bytes).unwrap().save_job(&id(1, 1)).unwrap().success();
    let second = Room::new().with("STRONGROOM_DATABASE__URL", &database.url);
    // it has not the ledger's key either; which of the two is told depends on how far the first has come
    let refusal = Server::try_start(&second).err().unwrap();
    let told = ["signing key is missing", "another process writes to this database"];
    assert!(told.iter().any(|told| refusal.contains(told)), "{refusal}");
    Client::logged_in(server.bytes).unwrap().save_job(&id(1, 2)).unwrap().success();
}

#[test]
fn an_upload_is_announced_to_rabbitmq_before_its_answer() {
    let Ok(broker) = std::env::var("STRONGROOM_TEST_AMQP_URL") else {
        return println!("skipped: STRONGROOM_TEST_AMQP_URL is not set");
    };
    let room = Room::new().with("QUEUE_URI", &broker);
    let server = Server::start(&room);
    let doctor = room.run(["doctor"]);
    assert!(text(&doctor.stdout).contains("ok   RabbitMQ: answers"), "{doctor:?}");
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let raw = client.upload(&id(1, 1), b"announce me").unwrap().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let announced = runtime.block_on(async {
        let connection =
            lapin::Connection::connect(&broker, lapin::ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let acknowledged = lapin::options::BasicGetOptions { no_ack: true };
        // others may have left messages of their own in the queue
        while let Some(message) = channel.basic_get("raw_file_received".into(), acknowledged).await.unwrap() {
            if String::from_utf8_lossy(&message.data).contains(&raw) {
                return true;
            }
        }
        false
    });
    assert!(announced, "{raw} was not announced");
}
