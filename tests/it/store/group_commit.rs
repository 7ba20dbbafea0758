//! Writes to the SQLite file that share a commit.

use std::sync::mpsc;
use std::thread;

use anyhow::{Result, ensure};
use pledge4future_auth::app::App;
use pledge4future_auth::store::{Writer, released_emails};

use crate::support::server::TestServer;

const OTHERS: i64 = 4;

/// Runs numbered writes, of which all but the first one wait until the first one ends.
fn write_together(
    server: &TestServer,
    write: impl Fn(&App, &Writer<'_>, i64) -> Result<()> + Sync,
) -> Vec<Result<()>> {
    let app = &**server.app();
    thread::scope(|scope| {
        let write = &write;
        let (first_runs, start) = mpsc::channel();
        let first = scope.spawn(move || {
            app.store.write(|db| {
                first_runs.send(()).expect("the others wait for it");
                while app.store.writes.waiting.get() < OTHERS {
                    thread::yield_now();
                }
                write(app, db, 0)
            })
        });
        start.recv().expect("the first write runs");
        let others =
            (1..=OTHERS).map(|number| scope.spawn(move || app.store.write(|db| write(app, db, number))));
        let writes: Vec<_> = [first].into_iter().chain(others).collect();
        writes.into_iter().map(|write| write.join().expect("no panic")).collect()
    })
}

fn insert(app: &App, db: &Writer<'_>, number: i64) -> Result<()> {
    released_emails::upsert(db, &format!("hash {number}"), app.clock.now())
}

/// Returns the number of commits in the write-ahead log: the frames with the size of the database after a commit
/// (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).
fn count_commits(server: &TestServer) -> usize {
    let log = std::fs::read(server.data().join("auth.sqlite3-wal")).expect("a write-ahead log");
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().expect("four bytes"));
    let page = usize::try_from(number(&log[8..12])).expect("a page size");
    log[32..].chunks_exact(24 + page).filter(|frame| number(&frame[4..8]) != 0).count()
}

fn count_rows(server: &TestServer) -> usize {
    server.rows_of("released_emails").len()
}

#[tokio::test]
async fn writes_that_wait_share_a_commit() {
    let server = TestServer::start("").await;
    let before = count_commits(&server);
    for written in write_together(&server, insert) {
        written.expect("a write");
    }
    // On a busy machine, a group may reach its limit of time.
    assert!(count_commits(&server) - before < 5);
    assert_eq!(count_rows(&server), 5);
}

#[tokio::test]
async fn a_write_that_fails_is_undone_alone() {
    for failing in [0, 2, OTHERS] {
        let server = TestServer::start("").await;
        let written = write_together(&server, |app, db, number| {
            insert(app, db, number)?;
            ensure!(number != failing, "write {number} fails");
            Ok(())
        });
        let failed: Vec<_> = written.iter().filter_map(|write| write.as_ref().err()).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].to_string(), format!("write {failing} fails"));
        assert_eq!(count_rows(&server), 4, "{failing}");
    }
}

#[tokio::test]
async fn a_write_sees_the_earlier_ones_of_its_group() {
    let server = TestServer::start("").await;
    let written = write_together(&server, |app, db, _| {
        let time = released_emails::find_released_at(db, "hash 0")?;
        assert_eq!(time.is_some(), app.store.writes.waiting.get() < OTHERS);
        insert(app, db, 0)
    });
    assert!(written.iter().all(Result::is_ok));
    assert_eq!(count_rows(&server), 1);
}
