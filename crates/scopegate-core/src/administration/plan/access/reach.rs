//! The scopes of a server that a client can get. Asks the policies for each grant type, scope and kind of user.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_claims::{ScopeSet, UnixTime};

use crate::catalog::{AuthorizationServer, Client, Owner, ServerId, Snapshot, Status, UserId};
use crate::directory::{LoginMatch, Profile, User};
use crate::grants;
use crate::policy::{Facts, Outcome, Wanted, evaluate};

/// For whom a client gets scopes.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Subject {
    /// For itself, or for every user who may use it.
    Client,
    /// For the users of a group.
    Group(String),
    /// For one user, by their login.
    User(String),
}

/// The scopes that a client can get, by subject.
pub(super) type Reached = BTreeMap<Subject, BTreeSet<String>>;

/// The scopes of a server that a client can get. None if one of them does not exist or is not active.
pub(super) fn reached(catalog: &Snapshot, client: &str, server: &ServerId) -> Reached {
    let (Ok(Some(client)), Ok(Some(server))) = (catalog.client(client), catalog.server(server))
    else {
        return Reached::new();
    };
    if !client.spec.status.is_active() || !server.spec.status.is_active() {
        return Reached::new();
    }
    let scopes: Vec<Wanted> = server
        .scopes
        .keys()
        .map(|scope| ScopeSet::from_tokens([scope]).expect("a scope of a server is a scope"))
        .map(Wanted::Named)
        .collect();
    let mut reached = Reached::new();
    let subjects = subjects(client, server);
    for name in &client.spec.grant_types {
        // A refresh gives what an earlier grant gave.
        let Some(grant) = grants::grant(name).filter(|grant| !grant.continues_family()) else {
            continue;
        };
        for (subject, user) in &subjects {
            let user = match (grant.is_about_user(), subject) {
                (true, _) => Some(user),
                (false, Subject::Client) => None,
                // Without a user a group makes no difference. What the client gets is added below.
                (false, Subject::Group(_) | Subject::User(_)) => continue,
            };
            let granted =
                scopes.iter().filter_map(|wanted| granted(client, server, name, user, wanted));
            reached.entry(subject.clone()).or_default().extend(granted);
        }
    }
    let general = reached.get(&Subject::Client).cloned().unwrap_or_default();
    reached.values_mut().for_each(|scopes| scopes.extend(general.iter().cloned()));
    reached
}

/// The wanted scope, if the policies grant it.
fn granted(
    client: &Client,
    server: &AuthorizationServer,
    grant_type: &str,
    user: Option<&User>,
    wanted: &Wanted,
) -> Option<String> {
    let facts = Facts {
        server,
        client,
        client_auth: client.spec.auth,
        grant_type,
        user,
        authentication: None,
        resources: &[],
        address: None,
        now: UnixTime::from_seconds(0),
        wanted,
    };
    match (evaluate(&facts).outcome, wanted) {
        (Outcome::Allow(granted), Wanted::Named(scopes)) => {
            scopes.iter().find(|scope| granted.scopes.contains(scope)).map(str::to_owned)
        }
        (_, _) => None,
    }
}

/// A user who may use the client, and one for each group and login in the rules.
fn subjects(client: &Client, server: &AuthorizationServer) -> Vec<(Subject, User)> {
    let rules = || {
        let policies = server.policies_for(client.id.as_str());
        policies.flat_map(|(_, policy)| policy.rules())
    };
    let groups: BTreeSet<&String> = rules().flat_map(|rule| &rule.spec.groups).collect();
    let logins: BTreeSet<&String> = rules().flat_map(|rule| &rule.spec.users).collect();
    let mut subjects = vec![(Subject::Client, user_of(client))];
    for group in groups {
        let mut user = user_of(client);
        user.groups.insert(group.clone());
        subjects.push((Subject::Group(group.clone()), user));
    }
    for login in logins {
        let user = User { login: login.clone(), ..user_of(client) };
        subjects.push((Subject::User(login.clone()), user));
    }
    subjects
}

/// A user who may use the client and is in as few groups as possible.
fn user_of(client: &Client) -> User {
    let group = client.spec.groups.first().cloned();
    let login = match group {
        Some(_) => None,
        None => client.spec.users.first().cloned(),
    };
    User {
        id: UserId::generate(),
        login: login.unwrap_or_default(),
        login_match: LoginMatch::default(),
        status: Status::Active,
        owner: Owner::Api,
        groups: group.into_iter().collect(),
        profile: Profile::default(),
        created_at: UnixTime::from_seconds(0),
        updated_at: UnixTime::from_seconds(0),
        version: 0,
    }
}
