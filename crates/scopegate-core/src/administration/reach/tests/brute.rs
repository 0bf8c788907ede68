//! The same answer by trying everything: each client, grant, user, scope and some circumstances, by the real
//! policies.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use scopegate_claims::{ScopeSet, UnixTime};

use super::random::{GRANTS, SCOPES};
use crate::catalog::{
    AuthorizationServer, Client, ClientId, ClientType, Clients, Effect, Resource, ServerId,
    Snapshot,
};
use crate::directory::{Authentication, User};
use crate::expression::Work;
use crate::grants;
use crate::people::assignment;
use crate::policy::condition::Case;
use crate::policy::{self, Facts, Outcome, Wanted};

/// A client that gets a scope by a rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Got {
    pub(super) client: String,
    pub(super) grant_type: &'static str,
    pub(super) rule: String,
    pub(super) user: Option<String>,
    pub(super) through: Option<String>,
}

/// A token that a client has.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Token {
    server: ServerId,
    client: String,
    user: Option<String>,
    /// `None` for an ID token.
    scope: Option<&'static str>,
    has_sign_in: bool,
    may_act: Option<String>,
}

/// Which rules count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rules {
    /// Those that win.
    Winning,
    /// All that match in some circumstances, whatever earlier rules do.
    Matching,
}

const SCOPES_AND_OPENID: [&str; 5] = [SCOPES[0], SCOPES[1], SCOPES[2], "openid", "profile"];

pub(super) struct Brute<'a> {
    pub(super) catalog: &'a Snapshot,
    pub(super) users: &'a [User],
    pub(super) rules: Rules,
    pub(super) circumstances: Vec<Circumstances>,
    pub(super) tried: RefCell<BTreeMap<Tried, BTreeSet<String>>>,
}

type Tried = (ServerId, ClientId, &'static str, Option<String>, bool, &'static str);

impl Brute<'_> {
    /// Everything that clients get at the server `default`, by scope.
    pub(super) fn everything(&self) -> BTreeSet<(&'static str, Got)> {
        let (mut got, mut tokens) = (BTreeSet::new(), BTreeSet::new());
        for id in ["default", "near"].map(|id| ServerId::parse(id).unwrap()) {
            let Some(server) = self.active(&id) else { continue };
            for client in self.clients() {
                for grant_type in GRANTS.into_iter().filter(|name| !is_exchange(name)) {
                    self.try_grant(server, client, grant_type, &mut got, &mut tokens);
                }
            }
        }
        let mut waiting: Vec<_> = tokens.iter().cloned().collect();
        while let Some(token) = waiting.pop() {
            let mut new = BTreeSet::new();
            for id in ["default", "near"].map(|id| ServerId::parse(id).unwrap()) {
                let Some(server) = self.active(&id) else { continue };
                for client in self.clients() {
                    self.try_exchange(server, client, &token, &mut got, &mut new);
                }
            }
            waiting.extend(new.into_iter().filter(|token| tokens.insert(token.clone())));
        }
        got
    }

    fn active(&self, id: &ServerId) -> Option<&AuthorizationServer> {
        let server = self.catalog.server(id).unwrap().unwrap();
        server.spec.status.is_active().then_some(&**server)
    }

    fn clients(&self) -> impl Iterator<Item = &Client> {
        let clients = self.catalog.clients().map(|client| &**client);
        clients.filter(|client| client.spec.status.is_active())
    }

    fn users_of(&self, client: &Client) -> impl Iterator<Item = &User> {
        let active = self.users.iter().filter(|user| user.status.is_active());
        active.filter(|user| assignment::check(client, user).is_ok())
    }

    fn try_grant(
        &self,
        server: &AuthorizationServer,
        client: &Client,
        grant_type: &'static str,
        got: &mut BTreeSet<(&'static str, Got)>,
        tokens: &mut BTreeSet<Token>,
    ) {
        if grants::usable(Some(grant_type), server, client).is_err() {
            return;
        }
        if grant_type == "client_credentials"
            && matches!(client.spec.client_type, ClientType::Native | ClientType::Browser)
        {
            return;
        }
        let has_issuer = server.trusted_issuers.values().any(|it| match &it.spec.clients {
            Clients::All => true,
            Clients::Named(clients) => clients.contains(&client.id),
        });
        if grant_type.ends_with("jwt-bearer") && !has_issuer {
            return;
        }
        let has_sign_in = matches!(grant_type, "authorization_code" | DEVICE);
        let users: Vec<_> = match grant_type {
            "client_credentials" => vec![None],
            _ => self.users_of(client).map(Some).collect(),
        };
        for user in users {
            for scope in SCOPES_AND_OPENID {
                if scope == "openid" && !has_sign_in {
                    continue;
                }
                let login = user.map(|user| user.login.clone());
                for rule in self.rules(server, client, grant_type, user, has_sign_in, scope) {
                    let token = Token {
                        server: server.id.clone(),
                        client: client.id.to_string(),
                        user: login.clone(),
                        scope: Some(scope),
                        has_sign_in,
                        may_act: client.spec.may_act.as_ref().map(ToString::to_string),
                    };
                    if scope == "openid" {
                        tokens.insert(Token { scope: None, may_act: None, ..token.clone() });
                    }
                    tokens.insert(token);
                    let (client, user) = (client.id.to_string(), login.clone());
                    let new = Got { client, grant_type, rule, user, through: None };
                    got.extend(server.id.is_default().then_some((scope, new)));
                }
            }
        }
    }

    fn try_exchange(
        &self,
        server: &AuthorizationServer,
        client: &Client,
        token: &Token,
        got: &mut BTreeSet<(&'static str, Got)>,
        tokens: &mut BTreeSet<Token>,
    ) {
        let grant_type = GRANTS[4];
        let is_own = token.server == server.id;
        let is_trusted = is_own || server.spec.trusted_servers.contains(&token.server);
        let is_usable = grants::usable(Some(grant_type), server, client).is_ok();
        let id = client.id.as_str();
        let is_allowed = match (&token.user, token.scope) {
            (None, _) | (_, None) => token.client == id,
            (Some(_), Some(_)) => token.may_act.as_deref().is_none_or(|may_act| may_act == id),
        };
        let user =
            token.user.as_ref().map(|login| self.users_of(client).find(|it| it.login == *login));
        if !is_trusted || !is_usable || !is_allowed || user == Some(None) {
            return;
        }
        let user = user.flatten();
        for scope in SCOPES_AND_OPENID.into_iter().filter(|scope| *scope != "openid") {
            if is_own && token.scope.is_some_and(|had| had != scope) {
                continue;
            }
            for rule in self.rules(server, client, grant_type, user, token.has_sign_in, scope) {
                let own = client.spec.may_act.as_ref().map(ToString::to_string);
                tokens.insert(Token {
                    server: server.id.clone(),
                    client: id.to_owned(),
                    user: token.user.clone(),
                    scope: Some(scope),
                    has_sign_in: token.has_sign_in,
                    may_act: user.and(own.or_else(|| token.may_act.clone())),
                });
                let through = Some(format!("{}/{}", token.server, token.client));
                let (client, user) = (id.to_owned(), token.user.clone());
                let new = Got { client, grant_type, rule, user, through };
                got.extend(server.id.is_default().then_some((scope, new)));
            }
        }
    }

    /// The rules that give a scope in some circumstances. They are tried once.
    fn rules(
        &self,
        server: &AuthorizationServer,
        client: &Client,
        grant_type: &'static str,
        user: Option<&User>,
        has_sign_in: bool,
        scope: &'static str,
    ) -> BTreeSet<String> {
        let login = user.map(|user| user.login.clone());
        let (server_id, client_id) = (server.id.clone(), client.id.clone());
        let key = (server_id, client_id, grant_type, login, has_sign_in, scope);
        if let Some(tried) = self.tried.borrow().get(&key) {
            return tried.clone();
        }
        let tried = self.try_rules(server, client, grant_type, user, has_sign_in, scope);
        self.tried.borrow_mut().insert(key, tried.clone());
        tried
    }

    fn try_rules(
        &self,
        server: &AuthorizationServer,
        client: &Client,
        grant_type: &str,
        user: Option<&User>,
        has_sign_in: bool,
        scope: &str,
    ) -> BTreeSet<String> {
        let mut rules = BTreeSet::new();
        for wanted in requests(scope) {
            for (address, now, authentication, resources) in &self.circumstances {
                let facts = Facts {
                    server,
                    client,
                    client_auth: client.spec.auth,
                    grant_type,
                    user,
                    authentication: user.and(authentication.as_ref()).filter(|_| has_sign_in),
                    resources,
                    address: *address,
                    now: *now,
                    wanted: &wanted,
                };
                match self.rules {
                    Rules::Winning => rules.extend(winning(&facts, scope)),
                    Rules::Matching => rules.extend(matching(&facts, scope)),
                }
            }
        }
        rules
    }
}

/// No scope, and each set of scopes that has this one.
fn requests(scope: &str) -> Vec<Wanted> {
    let sets = (0..1 << SCOPES.len()).map(|bits| {
        let others = SCOPES.iter().enumerate().filter(move |(bit, _)| bits >> bit & 1 == 1);
        let named = others.map(|(_, name)| *name).chain([scope]).collect::<BTreeSet<_>>();
        Wanted::Named(ScopeSet::from_tokens(named).unwrap())
    });
    sets.chain([Wanted::Default]).collect()
}

const DEVICE: &str = GRANTS[2];

fn is_exchange(grant_type: &str) -> bool {
    grant_type.ends_with("token-exchange")
}

fn winning(facts: &Facts<'_>, scope: &str) -> Option<String> {
    match policy::evaluate(facts).outcome {
        Outcome::Allow(granted) if granted.scopes.contains(scope) => Some(granted.rule),
        _ => None,
    }
}

fn matching(facts: &Facts<'_>, scope: &str) -> Vec<String> {
    let Ok(requested) = policy::requested_scopes(facts) else { return Vec::new() };
    let policies = facts.server.policies().iter();
    let all = policies.flat_map(|policy| policy.rules().iter().map(move |rule| (policy, rule)));
    all.filter(|(policy, rule)| {
        let case = Case { facts, policy, rule, requested: &requested, work: &Work::new() };
        let gives = rule.spec.effect == Effect::Allow && case.scopes_given().contains(scope);
        gives
            && case.first_that_fails().is_none()
            && policy::check_given(facts, &case.scopes_given()).is_ok()
    })
    .map(|(policy, rule)| format!("{}/{}", policy.name, rule.name))
    .collect()
}

pub(super) type Circumstances =
    (Option<IpAddr>, UnixTime, Option<Authentication>, Vec<Resource<'static>>);

/// Circumstances that meet all conditions of any rule, and others that do not.
pub(super) fn circumstances() -> Vec<Circumstances> {
    let addresses = [None, Some("192.0.2.1"), Some("198.51.100.1"), Some("203.0.113.1")];
    // 12:00 and 22:00 UTC.
    let (noon, night) = (1_800_014_400, 1_800_050_400);
    let mut all = Vec::new();
    for address in addresses.map(|address| address.map(|text| text.parse().unwrap())) {
        for now in [noon, night].map(UnixTime::from_seconds) {
            for (acr, age) in [
                ("urn:okta:loa:1fa:pwd", 60),
                ("urn:okta:loa:2fa:any", 60),
                ("urn:okta:loa:2fa:any", 3600),
            ] {
                for resources in [&[][..], &["https://one.example"], &["https://two.example"]] {
                    let at = UnixTime::from_seconds(now.as_seconds() - age);
                    let (acr, amr) = (acr.to_owned(), Vec::new());
                    let authentication = Authentication { at, acr, amr, session: None };
                    let resources = resources.iter().map(|text| Resource::new(text)).collect();
                    all.push((address, now, Some(authentication), resources));
                }
            }
        }
    }
    all
}
