use std::time::Duration;

use futures_util::FutureExt;
use scopegate_core::store::StoreError;

use super::*;
use crate::database::sqlite::file::{self, DatabaseFile};
use crate::database::transaction::Transaction;

fn connection(folder: &tempfile::TempDir) -> WriteConnection {
    let path = folder.path().join("s.db");
    file::make(&path).unwrap();
    let patience = Duration::from_secs(60);
    let first = super::super::open_with_log(&path, patience).unwrap();
    first.run("CREATE TABLE IF NOT EXISTS t (number INTEGER)").unwrap();
    WriteConnection::new(DatabaseFile::at(path).unwrap(), patience, first)
}

struct Put(i64);

impl Job for Put {
    type Answer = i64;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<i64, StoreError> {
        transaction.execute("INSERT INTO t VALUES ($1)", &[self.0.into()]).await?;
        Ok(self.0)
    }
}

fn count(folder: &tempfile::TempDir) -> i64 {
    let connection = rusqlite::Connection::open(folder.path().join("s.db")).unwrap();
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn jobs_that_are_queued_are_written_before_the_thread_ends() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::start(connection(&folder)).unwrap();
    let unattended = Unattended::with_places(1);
    for number in 0..200 {
        let put = writer.write_unattended(Put(number), &unattended);
        assert!(put.now_or_never().is_none());
    }
    writer.close().await;
    assert_eq!(count(&folder), 200);
    assert!(!folder.path().join("s.db-wal").exists(), "the connection is closed");
    for late in [writer.write(Put(1)).await, writer.write_unattended(Put(1), &unattended).await] {
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    }
    writer.close().await;
}

#[tokio::test]
async fn of_many_at_once_each_gets_its_own_answer() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::start(connection(&folder)).unwrap();
    let puts = (0..600).map(|number| {
        let writer = writer.clone();
        tokio::spawn(async move { (writer.write(Put(number)).await, number) })
    });
    for put in puts.collect::<Vec<_>>() {
        let (answer, number) = put.await.unwrap();
        assert_eq!(answer.unwrap(), number);
    }
    assert_eq!(count(&folder), 600);
}

#[test]
fn a_job_that_waits_for_a_place_is_queued_without_its_caller_if_it_may_be() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (sender, mut receiver) = mpsc::channel(1);
        let (writer, unattended) = (Writer(sender), Unattended::with_places(1));
        let first = writer.write_unattended(Put(1), &unattended);
        assert!(first.now_or_never().is_none(), "it takes the only place");
        assert!(writer.write(Put(2)).now_or_never().is_none());
        assert!(writer.write_unattended(Put(3), &unattended).now_or_never().is_none());
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connection(&folder);
        for _ in 0..2 {
            let Some(Message::Write(job)) = receiver.recv().await else {
                unreachable!("nobody closes")
            };
            group::write(&mut connection, &mut vec![job]);
        }
        assert!(receiver.try_recv().is_err());
        assert_eq!(count(&folder), 2);
    });
}

#[tokio::test]
async fn a_thread_that_is_gone_is_an_error() {
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let answer = Writer(sender).write(Put(1)).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

#[test]
fn messages_are_gathered_up_to_a_limit() {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let add = || {
        let (job, _) = queue(Put(1), Caller::MayLeave);
        sender.try_send(Message::Write(job)).ok().unwrap();
    };
    let mut messages = Vec::new();
    (0..3).for_each(|_| add());
    gather(&mut messages, &mut receiver);
    assert_eq!(messages.len(), 3);
    (0..2 * LARGEST).for_each(|_| add());
    gather(&mut messages, &mut receiver);
    assert_eq!((messages.len(), receiver.len()), (LARGEST, LARGEST + 3));
}
