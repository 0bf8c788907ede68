use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scopegate_core::store::Contested;
use tokio::sync::oneshot::error::TryRecvError;

use super::*;
use crate::database::job::Job;
use crate::database::sqlite::file::{self, DatabaseFile};
use crate::database::sqlite::queued::{Answer, Caller, queue};
use crate::database::transaction::Transaction;

const SCHEMA: &str = "\
    CREATE TABLE t (number INTEGER PRIMARY KEY); CREATE TABLE broken (number INTEGER); \
    CREATE TRIGGER broken BEFORE INSERT ON broken BEGIN SELECT RAISE(ABORT, 'it is broken'); END";

fn writer(folder: &tempfile::TempDir) -> WriteConnection {
    let path = folder.path().join("s.db");
    file::make(&path).unwrap();
    let patience = Duration::from_secs(60);
    let first = super::super::open_with_log(&path, patience).unwrap();
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
    /// Writes a number; the job has lost if it is there already.
    Take(i64),
    Fail,
}
use Step::{Fail, Take};

struct Steps(Vec<Step>);

impl Job for Steps {
    type Answer = usize;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<usize, StoreError> {
        for step in &self.0 {
            match *step {
                Take(number) => {
                    let take = "INSERT INTO t VALUES ($1) ON CONFLICT DO NOTHING";
                    transaction.change(take, &[number.into()], Contested::Artifact).await?;
                }
                Fail => {
                    transaction.execute("INSERT INTO broken VALUES (1)", &[]).await?;
                }
            }
        }
        Ok(self.0.len())
    }
}

/// Writes jobs as one group: their answers, in order.
fn write_all(
    writer: &mut WriteConnection,
    jobs: impl IntoIterator<Item = Vec<Step>>,
) -> Vec<Result<usize, StoreError>> {
    let (mut group, mut answers) = (Vec::new(), Vec::new());
    for steps in jobs {
        let (job, answer) = queue(Steps(steps), Caller::MustWait);
        group.push(job);
        answers.push(answer);
    }
    write(writer, &mut group);
    answers.iter_mut().map(|answer| answer.try_recv().expect("each is answered")).collect()
}

const fn is_lost(answer: &Result<usize, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Changed(Contested::Artifact)))
}

const fn is_failed(answer: &Result<usize, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

#[test]
fn a_job_that_loses_takes_no_neighbour_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let jobs = [
        vec![Take(1), Take(2)],
        // It loses after it has written.
        vec![Take(3), Take(1), Take(4)],
        vec![Take(5)],
        // It loses before it has written.
        vec![Take(5), Take(6)],
        vec![],
        vec![Take(3)],
    ];
    let answers = write_all(&mut writer, jobs);
    for (number, answer) in answers.iter().enumerate() {
        match number {
            1 | 3 => assert!(is_lost(answer), "{number}: {answer:?}"),
            _ => assert!(answer.is_ok(), "{number}: {answer:?}"),
        }
    }
    assert!(matches!(answers[0], Ok(2)), "{answers:?}");
    assert_eq!(written(&mut writer), [1, 2, 3, 5]);
}

#[test]
fn a_job_that_fails_takes_no_neighbour_along() {
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
fn a_job_without_its_caller_is_written_if_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let mut group = Vec::new();
    for (number, caller) in [(1, Caller::MayLeave), (2, Caller::MustWait)] {
        let (job, _) = queue(Steps(vec![Take(number)]), caller);
        group.push(job);
    }
    let (neighbour, mut answer) = queue(Steps(vec![Take(3)]), Caller::MustWait);
    group.push(neighbour);
    write(&mut writer, &mut group);
    assert!(answer.try_recv().unwrap().is_ok());
    assert_eq!(written(&mut writer), [1, 3]);
}

/// A job whose caller is there or not as a function of how often it was looked for.
struct Leaving {
    job: Box<dyn Queued>,
    looks: Arc<AtomicUsize>,
    has_gone: fn(usize) -> bool,
}

impl Queued for Leaving {
    fn has_gone(&self) -> bool {
        (self.has_gone)(self.looks.fetch_add(1, Ordering::Relaxed))
    }

    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        self.job.run(connection)
    }

    fn answer(self: Box<Self>, outcome: Outcome) {
        self.job.answer(outcome);
    }
}

fn leaving(
    steps: Vec<Step>,
    has_gone: fn(usize) -> bool,
) -> (Box<dyn Queued>, Answer<Steps>, Arc<AtomicUsize>) {
    let (job, answer) = queue(Steps(steps), Caller::MustWait);
    let looks = Arc::<AtomicUsize>::default();
    (Box::new(Leaving { job, looks: Arc::clone(&looks), has_gone }), answer, looks)
}

#[test]
fn a_job_whose_caller_leaves_before_the_commit_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let (job, mut unanswered, _) = leaving(vec![Take(1)], |look| look >= 1);
    let (neighbour, mut answer) = queue(Steps(vec![Take(2)]), Caller::MustWait);
    write(&mut writer, &mut vec![job, neighbour]);
    assert!(answer.try_recv().unwrap().is_ok());
    assert!(is_failed(&unanswered.try_recv().unwrap()));
    assert_eq!(written(&mut writer), [2]);

    // The same with savepoints, which a job needs that loses after it has written. The caller is looked
    // for once in the attempt without them.
    let (job, mut unanswered, _) = leaving(vec![Take(3)], |look| look >= 2);
    let (neighbour, mut answer) = queue(Steps(vec![Take(4)]), Caller::MustWait);
    let (late, mut lost) = queue(Steps(vec![Take(5), Take(2)]), Caller::MustWait);
    write(&mut writer, &mut vec![job, neighbour, late]);
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
    let (job, mut answer, looks) = leaving(vec![Take(1)], |look| look % 2 == 1);
    write(&mut writer, &mut vec![job]);
    assert!(answer.try_recv().unwrap().is_ok());
    assert_eq!(looks.load(Ordering::Relaxed), 2 * REWRITES + 1);
    assert_eq!(written(&mut writer), [1]);
}

#[test]
fn a_job_that_is_dropped_unanswered_is_noticed_by_its_caller() {
    let (job, mut answer) = queue(Steps(vec![]), Caller::MustWait);
    drop(job);
    assert!(matches!(answer.try_recv(), Err(TryRecvError::Closed)));
}
