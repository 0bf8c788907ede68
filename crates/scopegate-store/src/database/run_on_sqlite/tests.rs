use std::time::Duration;

use super::super::sqlite::Sqlite;
use super::*;
use crate::store_options::StoreOptions;
use crate::store_url::StoreUrl;

async fn open(folder: &tempfile::TempDir) -> Sqlite {
    let path = folder.path().join("s.db");
    let options = StoreOptions::default().patience(Duration::from_secs(60));
    let sqlite = Sqlite::open(&StoreUrl::sqlite(&path), &path, &options).await.unwrap();
    write(sqlite.writer(), Run("CREATE TABLE t (number INTEGER PRIMARY KEY)")).await.unwrap();
    sqlite
}

async fn numbers(sqlite: &Sqlite) -> Vec<u64> {
    let all = "SELECT number FROM t ORDER BY number";
    sqlite.read(all, &[], |row| row.number("number")).await.unwrap()
}

struct Run(&'static str);

impl Job for Run {
    type Answer = ();

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        transaction.run(self.0.to_owned()).await
    }
}

/// Writes a number that must be new, and answers it.
struct Put(i64);

impl Job for Put {
    type Answer = i64;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<i64, StoreError> {
        let put = "INSERT INTO t VALUES ($1) ON CONFLICT DO NOTHING";
        match transaction.execute(put, &[self.0.into()]).await? {
            1 => Ok(self.0),
            _ => Err(StoreError::Conflict),
        }
    }
}

#[tokio::test]
async fn of_many_at_once_each_gets_its_own_answer() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = open(&folder).await;
    let puts = (0..600).map(|number| {
        let writer = sqlite.writer().clone();
        tokio::spawn(async move { (write(&writer, Put(number % 300)).await, number % 300) })
    });
    let mut lost = 0;
    for put in puts.collect::<Vec<_>>() {
        match put.await.unwrap() {
            (Ok(answer), number) => assert_eq!(answer, number),
            (Err(StoreError::Conflict), _) => lost += 1,
            (Err(other), _) => unreachable!("{other:?}"),
        }
    }
    assert_eq!(lost, 300);
    assert_eq!(numbers(&sqlite).await, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_job_without_its_caller_is_written_if_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = open(&folder).await;
    let unattended = Unattended::with_places(1);
    // Nothing is written while another connection has the lock.
    let other = rusqlite::Connection::open(folder.path().join("s.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(write(sqlite.writer(), Put(1)).now_or_never().is_none());
    assert!(write_unattended(sqlite.writer(), Put(2), &unattended).now_or_never().is_none());
    let put = write(sqlite.writer(), Put(3));
    let release = async { other.execute_batch("COMMIT").unwrap() };
    let (put, ()) = tokio::join!(put, release);
    assert_eq!(put.unwrap(), 3);
    assert_eq!(numbers(&sqlite).await, [2, 3]);
}

#[tokio::test]
async fn a_job_that_waits_for_a_place_is_queued_without_its_caller_if_it_may_be() {
    let (writer, mut queue) = Writer::with_places(1);
    let unattended = Unattended::with_places(1);
    let first = write_unattended(&writer, Put(1), &unattended);
    assert!(first.now_or_never().is_none(), "it takes the only place");
    assert!(write(&writer, Put(2)).now_or_never().is_none());
    assert!(write_unattended(&writer, Put(3), &unattended).now_or_never().is_none());
    assert!(queue.take().is_some());
    // The other task runs now.
    tokio::task::yield_now().await;
    assert!(queue.take().is_some());
    tokio::task::yield_now().await;
    assert!(queue.take().is_none(), "the job whose caller must wait is gone");
}

#[tokio::test]
async fn a_thread_that_is_gone_is_an_error() {
    let (writer, queue) = Writer::with_places(1);
    let mut waiting = Box::pin(write(&writer, Put(1)));
    assert!((&mut waiting).now_or_never().is_none());
    drop(queue);
    for answer in [waiting.await, write(&writer, Put(1)).await] {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    }
}
