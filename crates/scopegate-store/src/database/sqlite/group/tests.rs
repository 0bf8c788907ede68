use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scopegate_core::store::Contested;
use tokio::sync::oneshot;

use super::super::file::{self, DatabaseFile};
use super::*;

const SCHEMA: &str = "\
    CREATE TABLE t (number INTEGER PRIMARY KEY); CREATE TABLE broken (number INTEGER); \
    CREATE TRIGGER broken BEFORE INSERT ON broken BEGIN SELECT RAISE(ABORT, 'it is broken'); END";

fn writer(folder: &tempfile::TempDir) -> WriteConnection {
    let path = folder.path().join("s.db");
    file::make(&path).unwrap();
    let patience = Duration::from_secs(60);
    let first = WriteConnection::open_with_log(&path, patience).unwrap();
    first.run(SCHEMA).unwrap();
    WriteConnection::new(DatabaseFile::at(path).unwrap(), patience, first)
}

/// The numbers that were written.
fn written(writer: &mut WriteConnection) -> Vec<u64> {
    let connection = writer.begin().unwrap();
    let none: &[i64] = &[];
    let all = "SELECT number FROM t ORDER BY number";
    let numbers = connection.fetch(all, none, |row| row.number("number")).unwrap();
    writer.commit(connection).unwrap();
    numbers
}

#[derive(Clone, Copy)]
enum Step {
    /// Writes a number. The caller has lost if it is there already.
    Take(i64),
    Fail,
}
use Step::{Fail, Take};

/// Steps whose caller is there or not as a function of how often it was looked for.
struct Steps {
    steps: Vec<Step>,
    looks: Arc<AtomicUsize>,
    has_gone: fn(usize) -> bool,
    sender: oneshot::Sender<Outcome>,
}

type Answer = oneshot::Receiver<Outcome>;

impl Work for Steps {
    fn has_gone(&self) -> bool {
        (self.has_gone)(self.looks.fetch_add(1, Ordering::Relaxed))
    }

    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        for step in &self.steps {
            match *step {
                Take(number) => {
                    let take = "INSERT INTO t VALUES ($1) ON CONFLICT DO NOTHING";
                    if connection.execute(take, &[number])? == 0 {
                        return Err(StoreError::Changed(Contested::Artifact));
                    }
                }
                Fail => connection.run("INSERT INTO broken VALUES (1)")?,
            }
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Outcome) {
        self.sender.send(outcome).unwrap();
    }
}

fn leaving(
    steps: Vec<Step>,
    has_gone: fn(usize) -> bool,
) -> (Box<dyn Work>, Answer, Arc<AtomicUsize>) {
    let (sender, answer) = oneshot::channel();
    let looks = Arc::<AtomicUsize>::default();
    (Box::new(Steps { steps, looks: Arc::clone(&looks), has_gone, sender }), answer, looks)
}

fn staying(steps: Vec<Step>) -> (Box<dyn Work>, Answer) {
    let (work, answer, _) = leaving(steps, |_| false);
    (work, answer)
}

/// Writes the steps of several callers as one group: their answers, in order.
fn write_all(
    writer: &mut WriteConnection,
    callers: impl IntoIterator<Item = Vec<Step>>,
) -> Vec<Outcome> {
    let (mut group, mut answers) = (Vec::new(), Vec::new());
    for steps in callers {
        let (work, answer) = staying(steps);
        group.push(work);
        answers.push(answer);
    }
    write(writer, &mut group);
    answers.iter_mut().map(|answer| answer.try_recv().expect("each is answered")).collect()
}

const fn is_lost(answer: &Outcome) -> bool {
    matches!(answer, Err(StoreError::Changed(Contested::Artifact)))
}

const fn is_failed(answer: &Outcome) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

#[test]
fn a_caller_who_loses_takes_no_neighbour_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let callers = [
        vec![Take(1), Take(2)],
        // It loses after it has written.
        vec![Take(3), Take(1), Take(4)],
        vec![Take(5)],
        // It loses before it has written.
        vec![Take(5), Take(6)],
        vec![],
        vec![Take(3)],
    ];
    let answers = write_all(&mut writer, callers);
    for (number, answer) in answers.iter().enumerate() {
        match number {
            1 | 3 => assert!(is_lost(answer), "{number}: {answer:?}"),
            _ => assert!(answer.is_ok(), "{number}: {answer:?}"),
        }
    }
    assert_eq!(written(&mut writer), [1, 2, 3, 5]);
}

#[test]
fn a_caller_who_fails_takes_no_neighbour_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let bad = || vec![Take(9), Fail];
    let answers =
        write_all(&mut writer, [vec![Take(1)], bad(), vec![Take(2)], bad(), vec![Take(3)]]);
    for (number, answer) in answers.iter().enumerate() {
        match number % 2 {
            0 => assert!(answer.is_ok(), "{number}: {answer:?}"),
            _ => assert!(is_failed(answer), "{number}: {answer:?}"),
        }
    }
    assert_eq!(written(&mut writer), [1, 2, 3]);

    // One that loses after it has written, and two that fail, in one group.
    let late = vec![Take(8), Take(1)];
    let answers = write_all(&mut writer, [vec![Take(5)], late, bad(), bad(), vec![Take(6)]]);
    assert!(answers[0].is_ok() && answers[4].is_ok(), "{answers:?}");
    assert!(is_lost(&answers[1]), "{answers:?}");
    assert!(is_failed(&answers[2]) && is_failed(&answers[3]), "{answers:?}");
    assert_eq!(written(&mut writer), [1, 2, 3, 5, 6]);

    // Where all fail, not each of them is tried.
    let answers = write_all(&mut writer, (0..20).map(|_| bad()));
    assert!(answers.iter().all(is_failed) && answers.len() == 20, "{answers:?}");
    // The next connection is as good as the first.
    assert!(write_all(&mut writer, [vec![Take(7)]])[0].is_ok());
}

#[test]
fn a_file_that_is_gone_is_an_error_for_the_whole_group_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let (path, away) = (folder.path().join("s.db"), folder.path().join("away.db"));
    std::fs::rename(&path, &away).unwrap();
    let answers = write_all(&mut writer, [vec![Take(1)], vec![Take(2)]]);
    assert!(answers.iter().all(is_failed), "{answers:?}");
    std::fs::rename(&away, &path).unwrap();
    assert!(write_all(&mut writer, [vec![Take(1)]])[0].is_ok());
    assert_eq!(written(&mut writer), [1]);
}

#[test]
fn nothing_is_written_for_a_caller_who_leaves_before_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let (work, mut unanswered, _) = leaving(vec![Take(1)], |look| look >= 1);
    let (neighbour, mut answer) = staying(vec![Take(2)]);
    write(&mut writer, &mut vec![work, neighbour]);
    assert!(answer.try_recv().unwrap().is_ok());
    assert!(is_failed(&unanswered.try_recv().unwrap()));
    assert_eq!(written(&mut writer), [2]);

    // The same with savepoints, which are needed where a caller loses after it has written. The caller is looked
    // for once in the attempt without them.
    let (work, mut unanswered, _) = leaving(vec![Take(3)], |look| look >= 2);
    let (neighbour, mut answer) = staying(vec![Take(4)]);
    let (late, mut lost) = staying(vec![Take(5), Take(2)]);
    write(&mut writer, &mut vec![work, neighbour, late]);
    assert!(answer.try_recv().unwrap().is_ok());
    assert!(is_failed(&unanswered.try_recv().unwrap()));
    assert!(is_lost(&lost.try_recv().unwrap()));
    assert_eq!(written(&mut writer), [2, 4]);
}

#[test]
fn a_group_is_not_written_again_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    // The caller is there before each run, and has gone before each commit.
    let (work, mut answer, looks) = leaving(vec![Take(1)], |look| look % 2 == 1);
    write(&mut writer, &mut vec![work]);
    assert!(answer.try_recv().unwrap().is_ok());
    assert_eq!(looks.load(Ordering::Relaxed), 2 * REWRITES + 1);
    assert_eq!(written(&mut writer), [1]);
}
