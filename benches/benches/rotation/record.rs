//! What happened: counts, and each case that must not happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::revocation::{Expected, NODES_FOLLOW, Revocation};
use crate::token::Token;
use crate::verifiers::Kind;

/// When a token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    AtOnce,
    Later,
    BeforeEnd,
}

impl Moment {
    pub(crate) const ALL: [Self; 3] = [Self::AtOnce, Self::Later, Self::BeforeEnd];
}

#[derive(Default)]
pub(crate) struct Record(Mutex<Facts>);

#[derive(Default)]
pub(crate) struct Facts {
    /// What happens in the run at present.
    phase: &'static str,
    pub(crate) revocation: Option<Revocation>,
    /// By authorization server.
    pub(crate) keys: BTreeMap<&'static str, BTreeSet<String>>,
    /// By authorization server and node.
    pub(crate) tokens: BTreeMap<(&'static str, &'static str), u64>,
    /// Requests of a node that was killed meanwhile, by node.
    pub(crate) cut: BTreeMap<&'static str, u64>,
    /// Tokens that were not issued, by node.
    pub(crate) not_issued: BTreeMap<&'static str, u64>,
    pub(crate) accepted: BTreeMap<(Kind, Moment), u64>,
    /// Refusals of tokens that may have expired before the answer.
    pub(crate) too_late: BTreeMap<Kind, u64>,
    pub(crate) revoked: BTreeMap<Kind, OfRevokedKey>,
    /// Refusals by verifier and reason, including those that are right.
    pub(crate) refusals: BTreeMap<(Kind, String), u64>,
    pub(crate) unexpected: Vec<String>,
}

/// The tokens of the revoked key, presented after the command began.
#[derive(Default)]
pub(crate) struct OfRevokedKey {
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    /// When the last one was accepted, from the end of the command.
    pub(crate) last_accepted: Option<Duration>,
}

impl Record {
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Facts) -> T) -> T {
        read(&self.0.lock().unwrap())
    }

    pub(crate) fn is_good(&self) -> bool {
        self.read(|facts| facts.unexpected.is_empty())
    }

    pub(crate) fn enter(&self, phase: &'static str) {
        self.0.lock().unwrap().phase = phase;
    }

    pub(crate) fn revoked(&self, revocation: Revocation) {
        self.0.lock().unwrap().revocation = Some(revocation);
    }

    pub(crate) fn nobody_up(&self) {
        self.0.lock().unwrap().fails("no node is up");
    }

    pub(crate) fn cut_by_kill(&self, node: &'static str) {
        *self.0.lock().unwrap().cut.entry(node).or_default() += 1;
    }

    pub(crate) fn not_issued(&self, node: &'static str, server: &str, error: &str) {
        let mut facts = self.0.lock().unwrap();
        *facts.not_issued.entry(node).or_default() += 1;
        facts.fails(&format!("no token: server {server}, node {node}: {error}"));
    }

    pub(crate) fn issued(&self, token: &Token) {
        let mut facts = self.0.lock().unwrap();
        facts.keys.entry(token.server).or_default().insert(token.kid.clone());
        *facts.tokens.entry((token.server, token.node)).or_default() += 1;
        let is_late = |revoked: &Revocation| {
            revoked.kid == token.kid && token.issued > revoked.done + NODES_FOLLOW
        };
        if facts.revocation.as_ref().is_some_and(is_late) {
            facts.fails(&format!("signed by the revoked key: {token}"));
        }
    }

    pub(crate) fn presented_too_late(&self, kind: Kind) {
        *self.0.lock().unwrap().too_late.entry(kind).or_default() += 1;
    }

    pub(crate) fn presented(
        &self,
        token: &Token,
        kind: Kind,
        moment: Moment,
        asked: Instant,
        answer: Result<(), String>,
    ) {
        let mut facts = self.0.lock().unwrap();
        let facts = &mut *facts;
        let answered = Instant::now();
        let revocation = facts.revocation.as_ref().filter(|revoked| revoked.kid == token.kid);
        let expected =
            revocation.map_or(Expected::Accepted, |revoked| revoked.expects(kind, asked, answered));
        if let Some(revocation) = revocation.filter(|_| expected != Expected::Accepted) {
            let seen = facts.revoked.entry(kind).or_default();
            match answer {
                Ok(()) => {
                    seen.accepted += 1;
                    let after = answered.saturating_duration_since(revocation.done);
                    seen.last_accepted = seen.last_accepted.max(Some(after));
                }
                Err(_) => seen.refused += 1,
            }
        }
        match &answer {
            Ok(()) => *facts.accepted.entry((kind, moment)).or_default() += 1,
            Err(reason) => *facts.refusals.entry((kind, reason.clone())).or_default() += 1,
        }
        match (expected, answer) {
            (Expected::Accepted, Err(reason)) => {
                facts.fails(&format!("refused by {}: {reason}: {moment:?}, {token}", kind.name()));
            }
            (Expected::Refused, Ok(())) => {
                facts.fails(&format!("accepted by {}: revoked: {moment:?}, {token}", kind.name()));
            }
            _ => {}
        }
    }
}

impl Facts {
    /// Notes and shows what must not happen.
    fn fails(&mut self, what: &str) {
        let line = format!("[{}] {what}", self.phase);
        println!("UNEXPECTED {line}");
        self.unexpected.push(line);
    }
}
