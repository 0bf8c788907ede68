//! The answers of one hook that are used again, and the calls that several requests wait for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::answer::HookAnswer;
use super::failure::HookFailure;

/// Maximum number of answers that a hook keeps.
const MAX_ENTRIES: usize = 10_000;

/// Maximum size of the answers that a hook keeps, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// About how many bytes an entry takes besides its key and its patch.
const ENTRY: usize = 200;

/// The result of a call, which all requests that wait for it share.
pub(super) type Shared = Result<Arc<HookAnswer>, HookFailure>;

/// The answers of one hook.
#[derive(Debug)]
pub(super) struct AnswerCache {
    inner: Mutex<Inner>,
    /// How long an answer can be of use.
    keep: Duration,
    max_entries: usize,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Arc<str>, Entry>,
    /// The keys in the order in which their answers were kept, each with the number of the answer.
    order: VecDeque<(Arc<str>, u64)>,
    bytes: usize,
    last: u64,
    calls: HashMap<Arc<str>, watch::Receiver<Option<Shared>>>,
}

#[derive(Debug)]
struct Entry {
    answer: Arc<HookAnswer>,
    at: Instant,
    size: usize,
    number: u64,
}

/// Who makes the call for a key.
#[derive(Debug)]
pub(super) enum Turn<'c> {
    /// This request.
    Mine(Call<'c>),
    /// Another request, which is waited for.
    Others(watch::Receiver<Option<Shared>>),
}

/// A call that others may wait for. If it is dropped, the next of them makes the call.
#[derive(Debug)]
pub(super) struct Call<'c> {
    cache: &'c AnswerCache,
    key: Arc<str>,
    result: watch::Sender<Option<Shared>>,
}

impl AnswerCache {
    /// An empty cache. An answer that is older than `keep` is of no use.
    pub(super) fn new(keep: Duration) -> Self {
        let (max_entries, max_bytes) = (MAX_ENTRIES, MAX_BYTES);
        Self { inner: Mutex::default(), keep, max_entries, max_bytes }
    }

    /// The answer for a key, if it is not older than `max_age`.
    pub(super) fn find(
        &self,
        key: &str,
        max_age: Duration,
        now: Instant,
    ) -> Option<Arc<HookAnswer>> {
        let inner = self.lock();
        let entry = inner.entries.get(key)?;
        (now.saturating_duration_since(entry.at) < max_age).then(|| Arc::clone(&entry.answer))
    }

    /// Keeps a good answer. The oldest answers go if there is no room.
    pub(super) fn keep(&self, key: &Arc<str>, answer: &Arc<HookAnswer>, now: Instant) {
        // A refusal is asked for again each time.
        let HookAnswer::Patch(patch) = &**answer else { return };
        let size = ENTRY + 2 * key.len() + patch.size();
        if size > self.max_bytes {
            return;
        }
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.last += 1;
        let (number, answer) = (inner.last, Arc::clone(answer));
        let entry = Entry { answer, at: now, size, number };
        inner.bytes += size;
        if let Some(before) = inner.entries.insert(Arc::clone(key), entry) {
            inner.bytes -= before.size;
        }
        inner.order.push_back((Arc::clone(key), number));
        while let Some((key, number)) = inner.order.front() {
            let is_current = inner.entries.get(key).filter(|entry| entry.number == *number);
            let is_too_much = inner.entries.len() > self.max_entries
                || inner.bytes > self.max_bytes
                || is_current
                    .is_none_or(|entry| now.saturating_duration_since(entry.at) >= self.keep);
            if !is_too_much {
                break;
            }
            if let Some(size) = is_current.map(|entry| entry.size) {
                inner.entries.remove(key);
                inner.bytes -= size;
            }
            inner.order.pop_front();
        }
    }

    /// Begins a call, or finds the one that another request makes for the same key.
    pub(super) fn turn(&self, key: &Arc<str>) -> Turn<'_> {
        let mut inner = self.lock();
        if let Some(call) = inner.calls.get(key) {
            return Turn::Others(call.clone());
        }
        let (result, others) = watch::channel(None);
        inner.calls.insert(Arc::clone(key), others);
        Turn::Mine(Call { cache: self, key: Arc::clone(key), result })
    }

    /// The number of answers, and their size in bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.entries.len(), inner.bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// Gives the result to all that wait for it.
    pub(super) fn finish(self, result: &Shared) {
        // Nobody may wait.
        self.result.send_replace(Some(result.clone()));
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.cache.lock().calls.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::TokenKind;
    use crate::hooks::Patch;

    const TTL: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3600);

    fn patch(value: &str) -> Arc<HookAnswer> {
        let patch = Patch::default().with_claim(TokenKind::Access, "plan", value);
        Arc::new(patch.into())
    }

    fn size(answer: &HookAnswer) -> usize {
        match answer {
            HookAnswer::Patch(patch) => patch.size(),
            HookAnswer::Refuse(_) => 0,
        }
    }

    fn key(text: &str) -> Arc<str> {
        text.into()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_found_until_it_is_too_old() {
        let (cache, now) = (AnswerCache::new(HOUR), Instant::now());
        cache.keep(&key("a"), &patch("gold"), now);
        assert!(cache.find("a", TTL, now + Duration::from_secs(59)).is_some());
        assert!(cache.find("a", TTL, now + TTL).is_none());
        assert!(cache.find("a", HOUR, now + TTL).is_some());
        assert!(cache.find("b", HOUR, now).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_newer_answer_replaces_the_earlier_one() {
        let (cache, now) = (AnswerCache::new(HOUR), Instant::now());
        cache.keep(&key("a"), &patch("gold"), now);
        cache.keep(&key("a"), &patch("iron"), now + TTL);
        assert_eq!(cache.find("a", HOUR, now + TTL), Some(patch("iron")));
        assert_eq!(cache.size().0, 1);
        cache.keep(&key("b"), &patch("tin"), now + HOUR);
        assert!(cache.find("a", HOUR, now + HOUR).is_some(), "its first answer is too old, not it");
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_answers_go_if_there_is_no_room() {
        let now = Instant::now();
        let few = AnswerCache { max_entries: 2, ..AnswerCache::new(HOUR) };
        for name in ["a", "b", "c"] {
            few.keep(&key(name), &patch(name), now);
        }
        assert!(few.find("a", HOUR, now).is_none());
        assert!(few.find("b", HOUR, now).is_some() && few.find("c", HOUR, now).is_some());

        let one = ENTRY + 2 + size(&patch("x"));
        let small = AnswerCache { max_bytes: 2 * one, ..AnswerCache::new(HOUR) };
        for name in ["a", "b", "c"] {
            small.keep(&key(name), &patch("x"), now);
        }
        assert_eq!(small.size(), (2, 2 * one));
        small.keep(&key("d"), &patch(&"x".repeat(2 * one)), now);
        assert_eq!(small.size(), (2, 2 * one), "what does not fit at all is not kept");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_are_of_no_use_go() {
        let (cache, now) = (AnswerCache::new(HOUR), Instant::now());
        cache.keep(&key("a"), &patch("x"), now);
        cache.keep(&key("b"), &patch("x"), now + HOUR);
        assert_eq!(cache.size().0, 1);
        // The order does not grow with each answer for the same key.
        for second in 0..100 {
            cache.keep(&key("b"), &patch("x"), now + HOUR + Duration::from_secs(second));
        }
        assert_eq!(cache.lock().order.len(), 1);
    }

    #[tokio::test]
    async fn one_request_calls_and_the_others_get_its_result() {
        let cache = AnswerCache::new(HOUR);
        let Turn::Mine(call) = cache.turn(&key("a")) else { panic!("it is the first") };
        let Turn::Others(mut others) = cache.turn(&key("a")) else { panic!("one is calling") };
        assert!(matches!(cache.turn(&key("b")), Turn::Mine(_)), "another key has its own call");
        call.finish(&Err(HookFailure::TimedOut));
        let result = others.wait_for(Option::is_some).await.unwrap().clone();
        assert!(matches!(result, Some(Err(HookFailure::TimedOut))));
        assert!(matches!(cache.turn(&key("a")), Turn::Mine(_)), "a failure is not kept");
    }

    #[tokio::test]
    async fn if_the_calling_request_is_gone_the_next_one_calls() {
        let cache = AnswerCache::new(HOUR);
        let Turn::Mine(call) = cache.turn(&key("a")) else { panic!("it is the first") };
        let Turn::Others(mut others) = cache.turn(&key("a")) else { panic!("one is calling") };
        drop(call);
        assert!(others.wait_for(Option::is_some).await.is_err());
        assert!(matches!(cache.turn(&key("a")), Turn::Mine(_)));
    }
}
