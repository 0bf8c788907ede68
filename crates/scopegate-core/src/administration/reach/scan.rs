//! Everyone who can reach a scope of a server: directly, and through token exchange.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::circumstance::SignIn;
use super::direct::Sought;
use super::exchange;
use super::held::{Held, Holders, TokenKind, Tokens};
use super::people::People;
use super::search::Winner;
use super::user_set::UserSet;
use crate::catalog::{Client, ClientConsent, ClientId, ClientType, Consent, Snapshot};
use crate::grants::{self, GRANTS, Grant, client_credentials, jwt_bearer, token_exchange};

/// A client that reaches the scope by a rule.
#[derive(Clone, Debug)]
pub(super) struct Found<'c> {
    pub(super) client: &'c Arc<Client>,
    pub(super) grant_type: &'static str,
    /// The rule.
    pub(super) winner: Rc<Winner>,
    /// The users to whom it can give the scope.
    pub(super) users: Rc<UserSet>,
    /// The consent that is needed, as a sentence.
    pub(super) consent: Option<&'static str>,
    /// Whether a user takes part. If not, the users of the rule have no meaning.
    pub(super) has_user: bool,
    /// The server and the client of the token that is exchanged.
    pub(super) through: Option<String>,
}

/// The result for a scope.
#[derive(Debug)]
pub(super) struct Scanned<'c> {
    pub(super) found: Vec<Found<'c>>,
    /// Who can have tokens with the scope.
    pub(super) held: Holders<'c>,
}

/// Finds out who can reach a scope. `others` are the tokens of the servers that this one trusts.
pub(super) struct Scan<'s, 'c> {
    pub(super) catalog: &'c Snapshot,
    pub(super) people: &'s People<'c>,
    pub(super) sought: &'s Sought<'c>,
    pub(super) others: &'s Tokens<'c>,
    /// If not `None`, the only clients that are searched.
    pub(super) only: Option<&'s BTreeSet<ClientId>>,
    /// Called after each client.
    pub(super) on_client: &'s dyn Fn(),
}

impl<'c> Scanned<'c> {
    /// What was found, in the order of the clients.
    pub(super) fn in_order(mut self) -> Vec<Found<'c>> {
        self.found.sort_by(|a, b| {
            let key = |found: &Found<'c>| (&found.client.id, found.grant_type);
            key(a).cmp(&key(b)).then_with(|| a.through.cmp(&b.through))
        });
        self.found
    }
}

impl<'c> Scan<'_, 'c> {
    pub(super) fn run(&self) -> Scanned<'c> {
        let mut scanned = Scanned { found: Vec::new(), held: Holders::new() };
        for client in self.active_clients() {
            for grant in self.grants_of(client) {
                if grant.grant_type() != token_exchange::GRANT_TYPE {
                    self.add_direct(client, grant, &mut scanned);
                }
            }
            (self.on_client)();
        }
        exchange::add(self, &mut scanned);
        scanned
    }

    pub(super) fn active_clients(&self) -> impl Iterator<Item = &'c Arc<Client>> {
        let (catalog, only) = (self.catalog, self.only);
        let in_service = move |client: &&Arc<Client>| {
            client.spec.status.is_active() && catalog.is_client_in_service(client.id.as_str())
        };
        let named = only.into_iter().flatten();
        let named = named.filter_map(|id| catalog.client(id.as_str()).ok().flatten());
        let all = only.is_none().then(|| catalog.clients()).into_iter().flatten();
        named.chain(all).filter(in_service)
    }

    /// The grants by which the client can get tokens of the server.
    pub(super) fn grants_of(
        &self,
        client: &'c Client,
    ) -> impl Iterator<Item = &'static dyn Grant> + use<'c> {
        let server = self.sought.server;
        GRANTS.iter().copied().filter(move |grant| {
            let name = grant.grant_type();
            let is_usable = grants::usable(Some(name), server, client).is_ok();
            // A refresh gives no more than the grant before it.
            is_usable
                && !grant.continues_family()
                && match name {
                    client_credentials::GRANT_TYPE => {
                        client_credentials::check_type(client).is_ok()
                    }
                    jwt_bearer::GRANT_TYPE => {
                        let mut issuers = server.trusted_issuers.values();
                        issuers.any(|issuer| jwt_bearer::may_present(client, issuer))
                    }
                    _ => true,
                }
        })
    }

    fn add_direct(
        &self,
        client: &'c Arc<Client>,
        grant: &'static dyn Grant,
        scanned: &mut Scanned<'c>,
    ) {
        let (grant_type, has_user) = (grant.grant_type(), grant.is_about_user());
        let winners =
            self.sought.winners(client, grant, SignIn::is_known(grant.needs_user()), self.people);
        let consent = self.consent(client, grant);
        for winner in &*winners {
            let held = self.held_by(client, scanned);
            match has_user {
                true => {
                    let kind = TokenKind { has_sign_in: grant.needs_user(), is_bound: false };
                    held.add(kind, &winner.users);
                }
                false => held.without_user = true,
            }
            let (winner, users) = (Rc::clone(winner), Rc::clone(&winner.users));
            let through = None;
            let found = Found { client, grant_type, winner, users, consent, has_user, through };
            scanned.found.push(found);
        }
    }

    pub(super) fn held_by<'h>(
        &self,
        client: &'c Client,
        scanned: &'h mut Scanned<'c>,
    ) -> &'h mut Held {
        scanned.held.entry(&client.id).or_default()
    }

    /// The consent that a request for the scope needs, as a sentence.
    pub(super) fn consent(&self, client: &Client, grant: &dyn Grant) -> Option<&'static str> {
        let Sought { server, scope, .. } = self.sought;
        let spec = server.scopes.iter().find(|(name, _)| name.as_str() == *scope);
        let is_needed = match spec {
            Some((_, spec)) => spec.consent == Consent::Required,
            None => *scope == "offline_access" && client.spec.client_type == ClientType::Web,
        };
        let is_asked = client.spec.consent == ClientConsent::Required && grant.is_about_user();
        let sentence = match grant.needs_user() {
            true => "the user consents to the scope",
            false => "the user consented to the scope for this client before",
        };
        (is_needed && is_asked).then_some(sentence)
    }
}
