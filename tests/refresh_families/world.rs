//! The catalog of these tests: an API of orders, and four clients that rotate differently.

use std::time::Duration;

use scopegate_claims::{Audience, Dialect, ScopeSet, UnixTime};
use scopegate_core::catalog::{
    AudienceSpec, ClientAuth, ClientId, ClientSecret, ClientSpec, ClientType, Clients, Consent,
    Edit, Entity, EntityKey, EntityKind, Owner, PolicySpec, RefreshPolicy, RotationType, RuleSpec,
    ScopeSpec, Scopes, ServerId, ServerSpec, Spec, Status,
};
use scopegate_core::client_auth::secret_mac;
use scopegate_core::people::{User, UserId};
use scopegate_jose::{Algorithm, MasterKey, sha256};
use scopegate_tests::{LIFETIME, WINDOW, secret_of};

pub(crate) const CODE: &str = "authorization_code";
pub(crate) const ALL: &str = "openid read:orders write:orders offline_access";

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `portal` and `other` rotate with a leeway of 30 s, `strict` without, `still` does not rotate;
/// `browser` is public.
pub(crate) fn catalog(master_key: &MasterKey) -> Vec<Edit> {
    let default = ServerId::default_server();
    let mut edits = vec![
        client("portal", portal(master_key, "portal")),
        client("other", portal(master_key, "other")),
        client("strict", ClientSpec { refresh_token: rotate(0), ..portal(master_key, "strict") }),
        client("still", ClientSpec { refresh_token: stay(), ..portal(master_key, "still") }),
        client("browser", browser()),
        rule(&usual_rule()),
    ];
    let policy = PolicySpec { priority: 1, clients: Clients::All, status: Status::Active };
    let key = EntityKey::of_server(EntityKind::Policy, &default, "people");
    edits.push(put(key, Spec::Policy(policy)));
    for id in [default.clone(), ServerId::parse("second").unwrap()] {
        edits.push(server(&id));
        for name in ["read:orders", "write:orders"] {
            let key = EntityKey::of_server(EntityKind::Scope, &id, name);
            let spec = ScopeSpec { consent: Consent::Implicit, ..ScopeSpec::default() };
            edits.push(put(key, Spec::Scope(spec)));
        }
    }
    edits
}

fn server(id: &ServerId) -> Edit {
    server_in(id, Dialect::Both)
}

/// A server that writes its tokens in a dialect.
pub(crate) fn server_in(id: &ServerId, dialect: Dialect) -> Edit {
    let spec = ServerSpec {
        name: "Orders".to_owned(),
        audiences: vec![AudienceSpec { name: orders(), resources: Vec::new() }],
        dialect,
        algorithms: vec![Algorithm::Es256],
        trusted_servers: Default::default(),
        status: Status::Active,
    };
    put(EntityKey::server(id), Spec::Server(spec))
}

/// A client on a server, which rotates with a leeway of 30 s.
pub(crate) fn portal(master_key: &MasterKey, id: &str) -> ClientSpec {
    let mac = secret_mac(master_key, &sha256(secret_of(id).as_bytes()));
    ClientSpec {
        client_type: ClientType::Web,
        auth: ClientAuth::ClientSecretBasic,
        secrets: vec![ClientSecret::from_mac(mac)],
        ..browser()
    }
}

fn browser() -> ClientSpec {
    ClientSpec {
        name: "A client".to_owned(),
        client_type: ClientType::Browser,
        auth: ClientAuth::None,
        grant_types: [CODE.to_owned(), "refresh_token".to_owned()].into(),
        refresh_token: rotate(30),
        ..ClientSpec::default()
    }
}

pub(crate) const fn rotate(leeway: u8) -> RefreshPolicy {
    RefreshPolicy { rotation_type: RotationType::Rotate, leeway }
}

const fn stay() -> RefreshPolicy {
    RefreshPolicy { rotation_type: RotationType::Static, leeway: 0 }
}

pub(crate) fn client(id: &str, spec: ClientSpec) -> Edit {
    put(EntityKey::client(&ClientId::parse(id).unwrap()), Spec::Client(Box::new(spec)))
}

/// Everybody may read and write.
pub(crate) fn usual_rule() -> RuleSpec {
    RuleSpec {
        grant_types: [CODE.to_owned()].into(),
        scopes: Scopes::Named(scopes("read:orders write:orders")),
        access_token_lifetime: MINUTE * 10,
        refresh_token_lifetime: Some(LIFETIME),
        refresh_token_window: WINDOW,
        ..RuleSpec::default()
    }
}

pub(crate) fn rule(spec: &RuleSpec) -> Edit {
    named_rule("orders", spec)
}

pub(crate) fn named_rule(name: &str, spec: &RuleSpec) -> Edit {
    let key = EntityKey::rule(&ServerId::default_server(), "people", name);
    put(key, Spec::Rule(spec.clone()))
}

fn put(key: EntityKey, spec: Spec) -> Edit {
    Edit::Put(Entity { key, owner: Owner::Api, spec })
}

pub(crate) fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn orders() -> Audience {
    Audience::parse("api://orders").unwrap()
}

pub(crate) fn person(login: &str, now: UnixTime) -> User {
    User {
        id: UserId::generate(),
        login: login.to_owned(),
        status: Status::Active,
        owner: Owner::Api,
        groups: ["staff".to_owned()].into(),
        profile: Default::default(),
        created_at: now,
        updated_at: now,
        version: 0,
    }
}
