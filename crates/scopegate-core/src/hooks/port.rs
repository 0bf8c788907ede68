//! What calls hooks: web services, other databases, and code of the program.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::answer::HookAnswer;
use super::failure::HookFailure;
use super::request::HookRequest;
use super::tokens::HookTokens;
use crate::catalog::{HttpHook, SqlHook};

/// A hook of the program that embeds the server.
///
/// In the catalog it is a hook with `type = "program"` and the name under which the program gives it to the server.
/// It is called with the same limits as other hooks: a deadline, a number of calls at once, and a circuit breaker.
/// It must not block its thread.
///
/// ```
/// use async_trait::async_trait;
/// use scopegate_core::catalog::TokenKind;
/// use scopegate_core::hooks::{HookAnswer, HookRequest, HookTokens, Patch, TokenHook};
///
/// #[derive(Debug)]
/// struct Region;
///
/// #[async_trait]
/// impl TokenHook for Region {
///     async fn amend(
///         &self,
///         request: &HookRequest<'_>,
///         _: &HookTokens,
///     ) -> Result<HookAnswer, Box<dyn std::error::Error + Send + Sync>> {
///         if request.client.id.as_str() == "blocked" {
///             return Ok(HookAnswer::refuse("This client has no region."));
///         }
///         Ok(Patch::default().with_claim(TokenKind::Access, "region", "eu").into())
///     }
/// }
/// ```
#[async_trait]
pub trait TokenHook: fmt::Debug + Send + Sync {
    /// Answers what changes.
    ///
    /// # Errors
    ///
    /// Anything. The failure mode of the hook decides what follows. The text is logged.
    async fn amend(
        &self,
        request: &HookRequest<'_>,
        tokens: &HookTokens,
    ) -> Result<HookAnswer, Box<dyn Error + Send + Sync>>;
}

/// Calls web services.
///
/// An implementation must not follow redirects, must read at most 256 KiB, must refuse a compressed answer, and must
/// use https except on loopback addresses.
#[async_trait]
pub trait HookHttp: fmt::Debug + Send + Sync {
    /// Posts a body. The answer is the body of a response with the status 200, or `None` for the status 204.
    ///
    /// # Errors
    ///
    /// [`HookFailure`].
    async fn post(&self, call: HttpCall<'_>) -> Result<Option<Vec<u8>>, HookFailure>;
}

/// A call of a web service.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "implementations read each member")]
pub struct HttpCall<'a> {
    /// The name of the hook.
    pub name: &'a str,
    /// The hook.
    pub hook: &'a HttpHook,
    /// Its secret, opened.
    pub secret: Option<&'a Zeroizing<String>>,
    /// The id of the event, which is also in the body.
    pub event_id: &'a str,
    /// The current time, in seconds since 1970.
    pub timestamp: u64,
    /// The body, JSON.
    pub body: &'a [u8],
    /// The time at which the call is given up.
    pub ends_at: Instant,
}

/// `Debug` shows neither the secret nor the body.
impl fmt::Debug for HttpCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCall").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Runs queries on other databases.
///
/// An implementation must read only, and must refuse the store of this server.
#[async_trait]
pub trait HookSql: fmt::Debug + Send + Sync {
    /// The columns that the claims of a hook name, of the only row of the answer.
    ///
    /// # Errors
    ///
    /// [`HookFailure`].
    async fn query(&self, call: SqlCall<'_>) -> Result<BTreeMap<String, Value>, HookFailure>;
}

/// A query.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "implementations read each member")]
pub struct SqlCall<'a> {
    /// The hook.
    pub hook: &'a SqlHook,
    /// The values of the parameters.
    pub parameters: &'a [Value],
    /// The time at which the query is given up.
    pub ends_at: Instant,
}

/// `Debug` does not show the parameters.
impl fmt::Debug for SqlCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlCall").field("connection", &self.hook.connection).finish_non_exhaustive()
    }
}

/// What a process can call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HookPorts {
    /// Calls web services.
    pub http: Arc<dyn HookHttp>,
    /// Runs queries.
    pub sql: Arc<dyn HookSql>,
    /// The hooks of the program, by their names.
    pub programs: HashMap<String, Arc<dyn TokenHook>>,
    /// The maximum time of all hooks of a request.
    pub deadline: Duration,
}

impl HookPorts {
    /// The maximum time of all hooks of a request, if nothing else is configured: Okta's.
    pub const DEADLINE: Duration = Duration::from_secs(3);
}

/// Calls nothing: each hook fails.
impl Default for HookPorts {
    fn default() -> Self {
        Self {
            http: Arc::new(NoHooks),
            sql: Arc::new(NoHooks),
            programs: HashMap::new(),
            deadline: Self::DEADLINE,
        }
    }
}

/// Calls nothing, for programs without a network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

#[async_trait]
impl HookHttp for NoHooks {
    async fn post(&self, _: HttpCall<'_>) -> Result<Option<Vec<u8>>, HookFailure> {
        Err(HookFailure::NotInProgram)
    }
}

#[async_trait]
impl HookSql for NoHooks {
    async fn query(&self, _: SqlCall<'_>) -> Result<BTreeMap<String, Value>, HookFailure> {
        Err(HookFailure::NotInProgram)
    }
}
