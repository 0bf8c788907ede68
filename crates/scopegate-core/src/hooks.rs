//! Token hooks: they may change tokens before these are signed.
//!
//! A rule names its hooks. What a hook may change is bounded: the claims that the server sets itself are protected,
//! lifetimes have limits, and scopes can only be taken away. The changes of one hook are applied together or not at
//! all.
//!
//! A hook that is slow or lies hurts nobody else. All hooks of a request have a few seconds together. At most
//! [`MAX_CALLS`] calls of a hook run at once, and further ones fail at once. A hook that failed several times in a
//! row is not called for a while. What a failure means for the request is the choice of the catalog:
//! [`OnFailure`](crate::catalog::OnFailure).

mod answer;
mod breaker;
mod cache;
mod called;
mod counters;
mod failure;
mod okta;
mod patch;
mod port;
mod request;
mod run;
mod signature;
mod state;
mod tokens;

use std::sync::Arc;

use scopegate_jose::MasterKey;

pub use self::answer::{HookAnswer, Summary};
pub use self::breaker::BreakerState;
pub(crate) use self::called::Remembered;
pub use self::counters::{DURATION_BOUNDS, LastFailure};
pub use self::failure::{HookFailure, SqlFailure};
pub use self::patch::{BadPatch, Patch, PatchProblem};
pub use self::port::{HookHttp, HookPorts, HookSql, HttpCall, NoHooks, SqlCall, TokenHook};
pub use self::request::HookRequest;
pub(crate) use self::run::{HookRefusal, Report, end};
pub use self::signature::{signature, signature_key};
use self::state::States;
pub use self::state::{HookStatus, MAX_CALLS};
pub use self::tokens::{HookTokens, TokenParts};
use crate::catalog::Snapshot;

/// The hooks of a process.
#[derive(Debug)]
pub struct Hooks {
    ports: HookPorts,
    states: States,
    master_key: Arc<MasterKey>,
}

impl Hooks {
    pub(crate) fn new(ports: HookPorts, master_key: Arc<MasterKey>) -> Self {
        Self { ports, states: States::default(), master_key }
    }

    /// The maximum time of all hooks of a request.
    pub(crate) fn deadline(&self) -> std::time::Duration {
        self.ports.deadline
    }

    /// Forgets the hooks that the catalog does not have any more.
    pub(crate) fn follow(&self, catalog: &Snapshot) {
        self.states.follow(catalog);
    }

    /// What each hook of the catalog did since the process started, in the order of their names.
    pub fn status(&self, catalog: &Snapshot) -> Vec<HookStatus> {
        catalog.hooks().map(|hook| HookStatus::of(hook, &self.states.of(hook))).collect()
    }
}

#[cfg(test)]
mod tests;
