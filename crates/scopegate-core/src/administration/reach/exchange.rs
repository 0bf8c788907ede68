//! What clients reach by exchanging tokens (RFC 8693).

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::circumstance::SignIn;
use super::direct::{Policies, Sought, Winners};
use super::held::{Held, Holders, TokenKind};
use super::scan::{Found, Scan, Scanned};
use super::search::Winner;
use super::user_set::UserSet;
use crate::catalog::{AuthorizationServer, Client, ClientId, Policy};
use crate::grants::{Grant, token_exchange};

/// Adds what clients reach by exchanging tokens, until nothing is new.
pub(super) fn add<'c>(scan: &Scan<'_, 'c>, scanned: &mut Scanned<'c>) {
    if !has_exchange(scan.sought.server) {
        return;
    }
    let is_exchange = |grant: &&dyn Grant| grant.grant_type() == token_exchange::GRANT_TYPE;
    let exchanging = scan.active_clients().filter_map(|client| {
        let grant = scan.grants_of(client).find(is_exchange)?;
        Some(Exchanging::new(scan, client, grant))
    });
    let exchanging: Vec<_> = exchanging.filter(Exchanging::can_succeed).collect();
    if exchanging.is_empty() {
        return;
    }
    let own = scan.sought.server;
    let trusted = own.spec.trusted_servers.iter().filter(|id| !id.is_org() && **id != own.id);
    let trusted = trusted.filter_map(|id| scan.catalog.server(id).ok().flatten());
    let trusted: Vec<&AuthorizationServer> =
        trusted.map(Arc::as_ref).filter(|server| server.spec.status.is_active()).collect();
    let id_tokens = trusted.iter().copied().chain([own]);
    let id_tokens: Vec<_> = id_tokens.map(|server| (server, id_tokens_of(scan, server))).collect();
    loop {
        let (mut found, mut is_new) = (Vec::new(), false);
        let mut sources = access_tokens(scan, own, &scanned.held);
        for server in &trusted {
            if let Some(held) = scan.others.get(&server.id) {
                sources.extend(access_tokens(scan, server, held));
            }
        }
        for by in &exchanging {
            let id_tokens = id_tokens.iter().filter_map(|(server, users)| {
                let users = users.get(&by.client.id)?;
                Some(Source::id_token(server, by, users))
            });
            let id_tokens: Vec<_> = id_tokens.collect();
            for source in sources.iter().chain(&id_tokens) {
                let new = by.exchange(scan, source, &mut found);
                is_new |= scan.held_by(by.client, scanned).add_all(&new);
            }
        }
        if !is_new {
            scanned.found.extend(found);
            return;
        }
    }
}

/// Whether a rule of the server allows token exchange.
pub(super) fn has_exchange(server: &AuthorizationServer) -> bool {
    let mut rules = server.policies().iter().flat_map(Policy::rules);
    rules.any(|rule| rule.spec.grant_types.contains(token_exchange::GRANT_TYPE))
}

/// The access tokens of a server.
fn access_tokens<'c>(
    scan: &Scan<'_, 'c>,
    server: &AuthorizationServer,
    held: &Holders<'c>,
) -> Vec<Source<'c>> {
    let sources = held.iter().filter_map(|(id, held)| {
        let client = scan.catalog.client(id.as_str()).ok().flatten()?;
        let (server, held) = (server.id.to_string(), held.clone());
        Some(Source { server, client, held, is_id_token: false })
    });
    sources.collect()
}

/// The users for whom a client can have an ID token: those who sign in with the scope `openid`.
fn id_tokens_of<'c>(
    scan: &Scan<'_, 'c>,
    server: &'c AuthorizationServer,
) -> BTreeMap<ClientId, Rc<UserSet>> {
    let sought = Sought::new(server, &Policies::of(server), "openid");
    let scan = Scan { sought: &sought, ..*scan };
    let mut users = BTreeMap::<_, UserSet>::new();
    for client in scan.active_clients() {
        for grant in scan.grants_of(client).filter(|grant| grant.needs_user()) {
            for winner in &*sought.winners(client, grant, SignIn::Known, scan.people) {
                let all = users.entry(client.id.clone());
                all.or_insert_with(|| scan.people.none()).add(&winner.users);
            }
        }
    }
    users.into_iter().map(|(client, users)| (client, Rc::new(users))).collect()
}

/// The tokens of a client that can be exchanged.
struct Source<'c> {
    server: String,
    client: &'c Arc<Client>,
    held: Held,
    is_id_token: bool,
}

impl<'c> Source<'c> {
    /// An ID token has no scopes, so that it does not limit them, and no `may_act`. Only its own client
    /// exchanges it.
    fn id_token(server: &AuthorizationServer, by: &Exchanging<'c>, users: &Rc<UserSet>) -> Self {
        let mut held = Held::default();
        held.add(TokenKind { has_sign_in: true, is_bound: false }, users);
        Self { server: server.id.to_string(), client: by.client, held, is_id_token: true }
    }

    fn admits(&self, kind: TokenKind, by: &Client) -> bool {
        self.is_id_token || kind.admits(self.client, by)
    }

    fn exchanged(&self, kind: TokenKind, by: &Client) -> TokenKind {
        if self.is_id_token { kind } else { kind.exchanged(self.client, by) }
    }
}

/// A client that exchanges tokens, and the rules that give it the scope.
struct Exchanging<'c> {
    client: &'c Arc<Client>,
    grant: &'static dyn Grant,
    /// For tokens that do not say how the user signed in, and for those that do.
    for_users: [Winners; 2],
    without_user: Winners,
}

impl<'c> Exchanging<'c> {
    fn new(scan: &Scan<'_, 'c>, client: &'c Arc<Client>, grant: &'static dyn Grant) -> Self {
        let sought = scan.sought;
        let for_users = [SignIn::Unknown, SignIn::Known]
            .map(|sign_in| sought.winners(client, grant, sign_in, scan.people));
        let without_user = sought.winners_without_user(client, grant.grant_type(), scan.people);
        Self { client, grant, for_users, without_user }
    }

    fn can_succeed(&self) -> bool {
        !self.without_user.is_empty() || self.for_users.iter().any(|winners| !winners.is_empty())
    }

    /// Adds what the client gets for the tokens of a source. Returns the tokens that it gets.
    fn exchange(
        &self,
        scan: &Scan<'_, 'c>,
        source: &Source<'c>,
        found: &mut Vec<Found<'c>>,
    ) -> Held {
        let mut held = Held::default();
        let through = Some(format!("{}/{}", source.server, source.client.id));
        let consent = scan.consent(self.client, self.grant);
        let mut add = |winner: &Rc<Winner>, users: &UserSet, has_user| {
            let (client, grant_type) = (self.client, self.grant.grant_type());
            let (winner, users) = (Rc::clone(winner), Rc::new(users.clone()));
            let (consent, through) = (consent.filter(|_| has_user), through.clone());
            let new = Found { client, grant_type, winner, users, consent, has_user, through };
            merge(found, new);
        };
        // If the subject is a client, a client exchanges only its own token.
        if source.held.without_user && source.client.id == self.client.id {
            for winner in &*self.without_user {
                held.without_user = true;
                add(winner, &winner.users, false);
            }
        }
        for (winners, has_sign_in) in self.for_users.iter().zip([false, true]) {
            let kinds = TokenKind::ALL.into_iter().filter(|kind| {
                kind.has_sign_in == has_sign_in && source.admits(*kind, self.client)
            });
            let kinds: Vec<_> =
                kinds.filter_map(|kind| Some((kind, source.held.users(kind)?))).collect();
            for winner in &**winners {
                let mut users = scan.people.none();
                for (kind, presented) in &kinds {
                    let reached = Rc::new(presented.intersection(&winner.users));
                    users.add(&reached);
                    held.add(source.exchanged(*kind, self.client), &reached);
                }
                if !users.is_empty() {
                    add(winner, &users, true);
                }
            }
        }
        held
    }
}

/// Adds what was found. If only the users differ from something that was found for the same source, they are
/// added to it.
fn merge<'c>(found: &mut Vec<Found<'c>>, new: Found<'c>) {
    let same = found
        .iter_mut()
        .rev()
        .take_while(|old| old.through == new.through && old.client.id == new.client.id);
    let is_same = |old: &&mut Found<'c>| {
        old.has_user == new.has_user
            && old.winner.name == new.winner.name
            && old.winner.conditions == new.winner.conditions
            && old.winner.unless == new.winner.unless
    };
    match same.into_iter().find(is_same) {
        Some(old) => _ = Rc::make_mut(&mut old.users).add(&new.users),
        None => found.push(new),
    }
}
