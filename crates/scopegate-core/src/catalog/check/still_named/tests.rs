use scopegate_claims::{Issuer, ScopeSet};

use super::super::{View, check};
use crate::catalog::{
    ClaimSource, ClaimSpec, ClientId, ClientSpec, Clients, Edit, Entity, EntityKey, EntityKind,
    Network, Owner, PolicySpec, RuleSpec, ScopeSpec, Scopes, ServerId, ServerSpec, Snapshot, Spec,
    Status, TokenKind, TrustedIssuerSpec, ZoneSpec,
};
use crate::{client_auth, grants};

fn near() -> ServerId {
    ServerId::parse("near").unwrap()
}

fn key(kind: EntityKind, name: &str) -> EntityKey {
    EntityKey::of_server(kind, &near(), name)
}

fn rule_key() -> EntityKey {
    EntityKey::rule(&near(), "p", "r")
}

fn client_key(id: &str) -> EntityKey {
    EntityKey::client(&ClientId::parse(id).unwrap())
}

fn clients(id: &str) -> Clients {
    Clients::Named([ClientId::parse(id).unwrap()].into())
}

fn put(key: EntityKey, spec: impl Into<Spec>) -> Edit {
    Edit::Put(Entity { key, owner: Owner::Api, spec: spec.into() })
}

fn zone(name: &str) -> Edit {
    let networks = vec![Network::parse("192.0.2.0/24").unwrap()];
    put(EntityKey::zone(name), Spec::Zone(ZoneSpec { networks }))
}

/// Rules that name nothing.
fn rule() -> RuleSpec {
    RuleSpec { scopes: Scopes::Any, ..RuleSpec::default() }
}

fn policy(clients: Clients) -> Edit {
    let spec =
        PolicySpec { priority: 1, description: String::new(), clients, status: Status::Active };
    put(key(EntityKind::Policy, "p"), Spec::Policy(spec))
}

/// A server with a policy, and what can be named.
fn written() -> Vec<Edit> {
    let scope = |name| put(key(EntityKind::Scope, name), Spec::Scope(ScopeSpec::default()));
    vec![
        zone("office"),
        put(client_key("portal"), ClientSpec::default()),
        put(EntityKey::server(&near()), Spec::Server(ServerSpec::unwritten())),
        scope("read"),
        policy(Clients::All),
    ]
}

/// What is refused of `edits`, in a catalog that has `written`.
fn refused(written: Vec<Edit>, edits: &[Edit]) -> Vec<String> {
    let base = Issuer::parse("https://id.example").unwrap();
    let catalog = Snapshot::empty(&base).edited(1, written);
    let view = View {
        catalog: Some(&catalog),
        base: Some(&base),
        grants: grants::kinds(),
        methods: client_auth::methods(),
        unread: &[],
        has_client: &|_| false,
        dangles: &|_, _| false,
    };
    check(view, edits).faults.kept.into_iter().map(|fault| fault.message).collect()
}

/// Each way to name an entity: what is named, and what names it.
fn references() -> Vec<(EntityKey, Edit)> {
    let rule = |spec| put(rule_key(), spec);
    let read = || Scopes::Named(ScopeSet::parse("read openid").unwrap());
    let cap = std::time::Duration::from_secs(300);
    let claim = ClaimSpec {
        token: TokenKind::Access,
        value: ClaimSource::Constant("gold".into()),
        scopes: vec![scopegate_claims::Scope::parse("read").unwrap()],
        status: Status::Active,
    };
    let issuer = TrustedIssuerSpec {
        jwks: Vec::new(),
        jwks_uri: Some("https://idp.example/keys".to_owned()),
        subject: crate::catalog::SubjectKind::Login,
        clients: clients("portal"),
    };
    let trusting = ServerSpec { trusted_servers: [near()].into(), ..ServerSpec::unwritten() };
    let acting =
        ClientSpec { may_act: Some(ClientId::parse("portal").unwrap()), ..ClientSpec::default() };
    let (office, named) = (EntityKey::zone("office"), ["office".to_owned()]);
    vec![
        (office.clone(), rule(RuleSpec { zones: named.clone().into(), ..self::rule() })),
        (office, rule(RuleSpec { not_zones: named.into(), ..self::rule() })),
        (key(EntityKind::Scope, "read"), rule(RuleSpec { scopes: read(), ..self::rule() })),
        (
            key(EntityKind::Scope, "read"),
            rule(RuleSpec { scope_lifetimes: [("read".to_owned(), cap)].into(), ..self::rule() }),
        ),
        (key(EntityKind::Scope, "read"), put(key(EntityKind::Claim, "plan"), Spec::Claim(claim))),
        (client_key("portal"), policy(clients("portal"))),
        (
            client_key("portal"),
            put(
                key(EntityKind::TrustedIssuer, "https://idp.example"),
                Spec::TrustedIssuer(Box::new(issuer)),
            ),
        ),
        (client_key("portal"), put(client_key("acting"), acting)),
        (EntityKey::server(&near()), put(server_key("other"), Spec::Server(trusting))),
    ]
}

fn server_key(id: &str) -> EntityKey {
    EntityKey::server(&ServerId::parse(id).unwrap())
}

/// Deletes the entity, and with it all that belongs to it.
fn deleting(named: &EntityKey) -> Vec<Edit> {
    let mut keys = vec![named.clone()];
    if named.kind == EntityKind::Server {
        keys.extend([key(EntityKind::Scope, "read"), key(EntityKind::Policy, "p")]);
    }
    keys.into_iter().map(Edit::Delete).collect()
}

#[test]
fn an_entity_that_another_names_is_not_deleted() {
    for (named, by) in references() {
        let naming = by.key().clone();
        let mut written = written();
        assert_eq!(refused(written.clone(), &deleting(&named)), [""; 0], "{named} is not named");
        // The rules of the entity itself refuse the same reference.
        let unknown = refused(Vec::new(), std::slice::from_ref(&by));
        let is_unknown = |message: &String| message.starts_with("unknown ");
        assert!(unknown.iter().any(is_unknown), "{named}: {unknown:?}");

        written.push(by);
        let message = format!("{named} is still needed by {naming}: change or delete that first");
        assert_eq!(refused(written.clone(), &deleting(&named)), [message]);
        let both = [deleting(&named), vec![Edit::Delete(naming)]].concat();
        assert_eq!(refused(written, &both), [""; 0], "both are deleted");
    }
}

#[test]
fn an_entity_is_deleted_together_with_the_change_of_what_named_it() {
    let naming = RuleSpec { zones: ["office".to_owned()].into(), ..rule() };
    let written = [written(), vec![put(rule_key(), naming.clone())]].concat();
    let delete = Edit::Delete(EntityKey::zone("office"));
    let grant_types = ["client_credentials".to_owned()].into();
    let changed = RuleSpec { grant_types, ..rule() };
    assert_eq!(refused(written.clone(), &[delete.clone(), put(rule_key(), changed)]), [""; 0]);
    let still = RuleSpec { priority: 2, ..naming };
    let refused = refused(written, &[delete, put(rule_key(), still)]);
    assert!(refused.iter().any(|it| it.starts_with("unknown zone \"office\"")), "{refused:?}");
}

#[test]
fn an_entity_to_which_others_belong_is_not_deleted_without_them() {
    let written = [written(), vec![put(rule_key(), rule())]].concat();
    let policy = key(EntityKind::Policy, "p");
    let message = "policy near/p is still needed by rule near/p/r: change or delete that first";
    assert_eq!(refused(written.clone(), &[Edit::Delete(policy.clone())]), [message]);
    let server = Edit::Delete(EntityKey::server(&near()));
    let message = "server near is still needed by scope near/read, policy near/p, rule near/p/r: \
                   change or delete that first";
    assert_eq!(refused(written.clone(), std::slice::from_ref(&server)), [message]);
    let scope = key(EntityKind::Scope, "read");
    let all = [server, Edit::Delete(policy), Edit::Delete(scope), Edit::Delete(rule_key())];
    assert_eq!(refused(written, &all), [""; 0]);
}

#[test]
fn a_message_names_the_first_five() {
    let naming = || RuleSpec { zones: ["office".to_owned()].into(), ..rule() };
    let rules =
        (1..=7).map(|number| put(EntityKey::rule(&near(), "p", &format!("r{number}")), naming()));
    let written = [written(), rules.collect()].concat();
    let refused = refused(written, &[Edit::Delete(EntityKey::zone("office"))]);
    assert_eq!(refused.len(), 1);
    assert!(refused[0].contains("rule near/p/r1, ") && refused[0].contains("r5 and 2 more: "));
}
