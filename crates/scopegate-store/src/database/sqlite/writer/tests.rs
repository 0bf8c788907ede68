use std::time::Duration;

use scopegate_core::store::StoreError;

use super::super::connection::Connection;
use super::super::file::{self, DatabaseFile};
use super::*;

fn connection(folder: &tempfile::TempDir) -> WriteConnection {
    let path = folder.path().join("s.db");
    file::make(&path).unwrap();
    let patience = Duration::from_secs(60);
    let first = WriteConnection::open_with_log(&path, patience).unwrap();
    first.run("CREATE TABLE t (number INTEGER)").unwrap();
    WriteConnection::new(DatabaseFile::at(path).unwrap(), patience, first)
}

struct Put(i64);

impl Work for Put {
    fn has_gone(&self) -> bool {
        false
    }

    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        connection.execute("INSERT INTO t VALUES ($1)", &[self.0]).map(drop)
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn what_is_queued_is_written_in_its_order_before_the_thread_ends() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::start(connection(&folder)).unwrap();
    for number in 0..200 {
        assert!(matches!(writer.try_queue(Box::new(Put(number))).unwrap(), Queued::Yes));
    }
    writer.close().await;
    assert!(!folder.path().join("s.db-wal").exists(), "the connection is closed");
    let found = rusqlite::Connection::open(folder.path().join("s.db")).unwrap();
    let in_order = "SELECT count(*) FROM t WHERE number = rowid - 1";
    assert_eq!(found.query_row(in_order, [], |row| row.get(0)), Ok(200));

    assert!(matches!(writer.queue(Box::new(Put(1))).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(writer.try_queue(Box::new(Put(1))), Err(StoreError::Unavailable(_))));
    writer.close().await;
}

/// A defect: it panics in the middle of a transaction.
struct Defect(mpsc::Sender<Result<(), StoreError>>);

impl Work for Defect {
    fn has_gone(&self) -> bool {
        false
    }

    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        connection.execute("INSERT INTO t VALUES ($1)", &[-1]).unwrap();
        panic!("the writer goes on")
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.0.try_send(outcome).unwrap();
    }
}

#[tokio::test]
async fn a_panic_is_answered_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::start(connection(&folder)).unwrap();
    let (sender, mut answers) = mpsc::channel(1);
    writer.queue(Box::new(Defect(sender))).await.unwrap();
    assert!(matches!(answers.recv().await, Some(Err(StoreError::Unavailable(_)))));
    writer.queue(Box::new(Put(7))).await.unwrap();
    writer.close().await;
    let found = rusqlite::Connection::open(folder.path().join("s.db")).unwrap();
    let numbers = "SELECT group_concat(number) FROM t";
    assert_eq!(found.query_row(numbers, [], |row| row.get(0)), Ok("7".to_owned()));
}

#[test]
fn messages_are_gathered_up_to_a_limit() {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let add = || sender.try_send(Message::Write(Box::new(Put(1)))).ok().unwrap();
    let mut messages = Vec::new();
    (0..3).for_each(|_| add());
    gather(&mut messages, &mut receiver);
    assert_eq!(messages.len(), 3);
    (0..2 * LARGEST).for_each(|_| add());
    gather(&mut messages, &mut receiver);
    assert_eq!((messages.len(), receiver.len()), (LARGEST, LARGEST + 3));
}
