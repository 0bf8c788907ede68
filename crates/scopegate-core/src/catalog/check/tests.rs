//! The rules for edits of an existing catalog. A catalog file alone cannot test them.

use scopegate_claims::Issuer;

use super::*;
use crate::catalog::{
    ClientSpec, Clients, Entity, EntityKind, Owner, PolicySpec, ScopeSpec, ServerId, Spec, Status,
};
use crate::{client_auth, grants};

const BASE: &str = "https://id.example.com";

fn put(kind: EntityKind, parent: &str, name: &str, spec: Spec) -> Edit {
    let key = EntityKey { kind, parent: parent.to_owned(), name: name.to_owned() };
    Edit::Put(Entity { key, owner: Owner::Api, spec })
}

fn scope(name: &str) -> Edit {
    put(EntityKind::Scope, "default", name, Spec::Scope(ScopeSpec::default()))
}

fn server(id: &str, audience: &str) -> Edit {
    let json =
        format!(r#"{{"name":"S","audiences":[{{"name":"{audience}"}}],"algorithms":["ES256"]}}"#);
    let key = EntityKey::server(&ServerId::parse(id).unwrap());
    let spec = Spec::from_json(&key, &json).unwrap();
    Edit::Put(Entity { key, owner: Owner::Api, spec })
}

/// A policy for a client.
fn policy(client: &str) -> Edit {
    let clients = Clients::Named([ClientId::parse(client).unwrap()].into());
    let spec =
        PolicySpec { priority: 1, description: String::new(), clients, status: Status::Active };
    put(EntityKind::Policy, "default", "p", Spec::Policy(spec))
}

/// A client without grant types and credentials, which breaks other rules too.
fn client(id: &str) -> Edit {
    put(EntityKind::Client, "", id, ClientSpec::default().into())
}

/// The faults of `edits` in a catalog that already has `written`.
fn faults(written: &[Edit], edits: &[Edit]) -> Vec<String> {
    let base = Issuer::parse(BASE).unwrap();
    let catalog = Snapshot::empty(&base).edited(1, written.to_vec());
    let view = View {
        catalog: Some(&catalog),
        base: Some(&base),
        grants: grants::kinds(),
        methods: client_auth::methods(),
        unread: &[],
        has_client: &|_| false,
        dangles: &|_, _| false,
    };
    check(view, edits).faults.kept.iter().map(ToString::to_string).collect()
}

#[test]
fn a_reference_names_an_entity_that_exists_or_is_written_in_the_same_edits() {
    let unknown =
        ["policy default/p: clients[\"portal\"]: unknown client \"portal\": there is none"];
    assert_eq!(faults(&[], &[policy("portal")]), unknown);
    assert_eq!(faults(&[client("portal")], &[policy("portal")]), [""; 0]);
    let both = faults(&[], &[policy("portal"), client("portal")]);
    assert!(both.iter().all(|fault| fault.starts_with("client portal")), "{both:?}");
    let key = EntityKey::client(&ClientId::parse("portal").unwrap());
    assert_eq!(faults(&[client("portal")], &[Edit::Delete(key), policy("portal")]), unknown);
}

#[test]
fn an_audience_and_a_client_must_not_have_the_same_name_in_either_order() {
    assert_eq!(
        faults(&[client("billing")], &[server("orders", "billing")]),
        [
            "server orders: audiences[0].name: the audience \"billing\" is a client id: write another name"
        ]
    );
    let later = faults(&[server("orders", "billing")], &[client("billing")]);
    assert_eq!(
        later[0],
        "client billing: id: \"billing\" is an audience of the server \"orders\" and a client id: \
         give one of them another name"
    );
    // The fault is reported once, at the audience.
    let both = faults(&[], &[server("orders", "billing"), client("billing")]);
    assert_eq!(both.iter().filter(|fault| fault.contains("audience")).count(), 1, "{both:?}");
}

#[test]
fn an_issuer_is_not_a_client_id_or_an_audience() {
    let id = format!("{BASE}/oauth2/later");
    let shown = faults(&[], &[client(&id), server("orders", &id)]);
    for expected in ["the client id", "the audience"] {
        let of_it = shown.iter().filter(|fault| fault.contains(expected));
        assert_eq!(of_it.count(), 1, "{expected}: {shown:?}");
    }
}

#[test]
fn two_edits_must_not_write_the_same_name() {
    assert_eq!(
        faults(&[scope("a")], &[scope("a"), scope("b"), scope("a")]),
        ["scope default/a: name: duplicate scope \"a\": write another or leave it out"]
    );
}

#[test]
fn a_server_has_at_most_100_claims_including_stored_ones() {
    let claim = |n: usize| {
        let key =
            EntityKey::of_server(EntityKind::Claim, &ServerId::default_server(), &format!("c{n}"));
        let json = r#"{"token":"access","value":{"constant":1}}"#;
        let spec = Spec::from_json(&key, json).unwrap();
        Edit::Put(Entity { key, owner: Owner::Api, spec })
    };
    let hundred: Vec<_> = (0..100).map(claim).collect();
    assert_eq!(faults(&hundred, &[claim(7)]), [""; 0]);
    let full = "claim default/c100: too many claims: write at most 100 for a server";
    assert_eq!(faults(&hundred, &[claim(100), claim(101)]), [full]);
    let deleted = Edit::Delete(claim(1).key().clone());
    assert_eq!(faults(&hundred, &[deleted, claim(100)]), [""; 0]);
}

#[test]
fn faults_beyond_the_maximum_are_only_counted() {
    let base = Issuer::parse(BASE).unwrap();
    let view = View {
        catalog: None,
        base: Some(&base),
        grants: grants::kinds(),
        methods: client_auth::methods(),
        unread: &[],
        has_client: &|_| false,
        dangles: &|_, _| false,
    };
    let many: Vec<_> = (0..150).map(|n| scope(&format!("okta.{n}"))).collect();
    let checked = check(view, &many);
    assert_eq!((checked.faults.kept.len(), checked.faults.more), (MAX_FAULTS, 50));
}

#[test]
fn an_entity_is_refused_where_it_cannot_be() {
    let server = ServerId::parse("nowhere").unwrap();
    let orphan = EntityKey::of_server(EntityKind::Scope, &server, "read");
    let scope = || Spec::Scope(ScopeSpec::default());
    let default = ServerId::default_server();
    let misfit = EntityKey::of_server(EntityKind::Policy, &default, "p");
    let known = EntityKey::of_server(EntityKind::Scope, &default, "read");
    let put =
        |key: &EntityKey| Edit::Put(Entity { key: key.clone(), owner: Owner::Api, spec: scope() });
    let view = View {
        catalog: None,
        base: None,
        grants: &[],
        methods: &[],
        unread: &[],
        has_client: &|_| false,
        dangles: &|_, _| false,
    };
    let refused =
        |edits: &[Edit]| check_places(view, edits).kept.first().map(|fault| fault.message.clone());
    assert_eq!(refused(&[put(&orphan)]).unwrap(), "it belongs to something that is not there");
    assert_eq!(refused(&[put(&misfit)]).unwrap(), "its content is of another kind");
    assert_eq!(refused(&[put(&known)]), None);
}
