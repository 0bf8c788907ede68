//! Who can reach a scope: which clients, by which grant and rule, for which users.
//!
//! The answer is exact for the stored users, clients and grants: it is what trying each combination of them
//! gives, for a request that names only this scope, for one that names no scope, and for those that name other
//! scopes besides. Of a server with more than five scopes, only the sets of scopes that `requests` chooses are
//! tried, at most 256 for each scope. Access by another set is missing then.
//!
//! It is found without trying them: users are sets of bits (`user_set`), and clients that policies treat alike
//! are one class (`direct`).
//!
//! The time, the address, the sign-in and the resource of a request are not stored. Conditions on them are
//! assumed to be possible, and listed (`circumstance`). An earlier rule that matches under some circumstances
//! is listed too. An earlier rule that always matches takes the users away from later rules (`search`).
//!
//! A token exchange gives a scope to clients that have tokens of others (`exchange`). Each server's tokens may
//! be exchanged at servers that trust it, so that all of them are searched until nothing is new.
//!
//! Not part of the answer: whether the user consents is listed as a condition. A refresh token gives no more
//! than the grant before it. A custom claim or a token hook may refuse a token.

mod access;
mod circumstance;
mod direct;
mod exchange;
mod held;
mod people;
mod requests;
mod row;
mod scan;
mod search;
mod stored_users;
mod user_set;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::access::{AccessChange, Progress, ScopeChange, Whom, access, access_with_progress};
use self::direct::{Policies, Sought};
use self::held::Tokens;
use self::people::People;
pub use self::row::{Row, Users};
use self::scan::{Scan, Scanned};
pub use self::stored_users::{StoredUsers, stored_users};
use crate::catalog::{
    AuthorizationServer, ClientId, STANDARD_SCOPES, ServerId, Snapshot, UnreadableRow,
};
use crate::directory::User;
use crate::spelling::Instead;

/// What can be reached by the rules of a catalog.
#[derive(Debug)]
pub struct Reach<'a> {
    catalog: &'a Snapshot,
    people: People<'a>,
}

/// A scope that a client can reach at a server.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reached {
    /// The id of the server.
    pub server: String,
    /// The scope.
    pub scope: String,
    /// How the client reaches it.
    #[serde(flatten)]
    pub row: Row,
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must decide about a new variant")]
pub enum ReachError {
    /// There is no active server with this id.
    #[error("there is no active authorization server `{0}`")]
    UnknownServer(String),
    /// There is no active client with this id.
    #[error("there is no active client `{0}`")]
    UnknownClient(String),
    /// The server does not have the scope.
    #[error("the authorization server `{server}` does not have the scope `{scope}`: {instead}")]
    UnknownScope {
        /// The id of the server.
        server: String,
        /// The scope.
        scope: String,
        /// What to write instead.
        instead: String,
    },
    /// A row that this version cannot read takes the server or the client out of service.
    #[error(transparent)]
    Unreadable(#[from] Arc<UnreadableRow>),
}

impl<'a> Reach<'a> {
    /// Prepares the search in a catalog, for these users. Users who are not active are left out.
    pub fn new(catalog: &'a Snapshot, users: &'a [User]) -> Self {
        Self { catalog, people: People::of(users) }
    }

    /// Every client that can reach a scope of a server, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`ReachError`] if the server does not exist or is not active, or does not have the scope.
    pub fn who_can(&self, server: &ServerId, scope: &'a str) -> Result<Vec<Row>, ReachError> {
        let server = self.server(server)?;
        let known = scopes_of(server);
        if !known.contains(scope) {
            let instead = Instead { of: scope, known: known.iter().copied() }.to_string();
            let (server, scope) = (server.id.to_string(), scope.to_owned());
            return Err(ReachError::UnknownScope { server, scope, instead });
        }
        let others = self.tokens_of_others([server]);
        let found = self.scan(server, scope, &others).in_order();
        Ok(found.into_iter().map(|found| Row::of(found, &self.people)).collect())
    }

    /// Every scope that a client can reach, at one server or at all active servers.
    ///
    /// # Errors
    ///
    /// [`ReachError`] if the client or the server does not exist or is not active.
    pub fn can(
        &self,
        client: &ClientId,
        server: Option<&ServerId>,
    ) -> Result<Vec<Reached>, ReachError> {
        let unknown = || ReachError::UnknownClient(client.to_string());
        let known = self.catalog.client(client.as_str())?.ok_or_else(unknown)?;
        if !known.spec.status.is_active() {
            return Err(unknown());
        }
        let mut servers = match server {
            Some(server) => vec![self.server(server)?],
            None => self.active_servers().collect(),
        };
        servers.sort_by(|a, b| a.id.cmp(&b.id));
        let others = self.tokens_of_others(servers.iter().copied());
        let mut reached = Vec::new();
        for server in servers {
            for scope in scopes_of(server) {
                let found = self.scan(server, scope, &others).in_order().into_iter();
                let own = found.filter(|found| found.client.id == *client);
                reached.extend(own.map(|found| Reached {
                    server: server.id.to_string(),
                    scope: scope.to_owned(),
                    row: Row::of(found, &self.people),
                }));
            }
        }
        Ok(reached)
    }

    fn server(&self, id: &ServerId) -> Result<&'a AuthorizationServer, ReachError> {
        let server = self.catalog.server(id)?.filter(|server| server.spec.status.is_active());
        server.map(Arc::as_ref).ok_or_else(|| ReachError::UnknownServer(id.to_string()))
    }

    fn active_servers(&self) -> impl Iterator<Item = &'a AuthorizationServer> {
        let servers = self.catalog.servers().map(Arc::as_ref);
        servers.filter(|server| server.spec.status.is_active())
    }

    fn scan(
        &self,
        server: &'a AuthorizationServer,
        scope: &'a str,
        others: &Tokens<'a>,
    ) -> Scanned<'a> {
        let sought = Sought::new(server, &Policies::of(server), scope);
        Scan {
            catalog: self.catalog,
            people: &self.people,
            sought: &sought,
            others,
            only: None,
            on_client: &|| (),
        }
        .run()
    }

    /// Who can have tokens of the servers that these trust, directly or through others.
    fn tokens_of_others(
        &self,
        servers: impl IntoIterator<Item = &'a AuthorizationServer>,
    ) -> Tokens<'a> {
        let mut trusted: Vec<&AuthorizationServer> = Vec::new();
        let mut next: Vec<_> = servers.into_iter().collect();
        while let Some(server) = next.pop() {
            for id in server.spec.trusted_servers.iter().filter(|id| !id.is_org()) {
                if let Ok(server) = self.server(id)
                    && !trusted.iter().any(|known| known.id == server.id)
                {
                    trusted.push(server);
                    next.push(server);
                }
            }
        }
        let mut tokens = Tokens::new();
        loop {
            let mut is_new = false;
            for server in &trusted {
                for scope in scopes_of(server) {
                    for (client, held) in self.scan(server, scope, &tokens).held {
                        let of_server = tokens.entry(server.id.clone()).or_default();
                        is_new |= of_server.entry(client).or_default().add_all(&held);
                    }
                }
            }
            if !is_new {
                return tokens;
            }
        }
    }
}

/// The scopes that a server may give: its own, and those of OpenID Connect.
fn scopes_of(server: &AuthorizationServer) -> BTreeSet<&str> {
    let own = server.scopes.keys().map(scopegate_claims::Scope::as_str);
    own.chain(STANDARD_SCOPES).collect()
}

#[cfg(test)]
mod tests;
