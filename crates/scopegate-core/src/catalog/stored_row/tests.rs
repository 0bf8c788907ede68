use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scopegate_claims::{Audience, Dialect, ScopeSet, UnixTime};
use scopegate_jose::{Algorithm, SigningKey};
use serde_json::{Map, Value, json};

use super::*;
use crate::catalog::{
    AudienceSpec, ClaimExpression, ClaimSource, ClaimSpec, ClientAuth, ClientId, ClientSecret,
    ClientSpec, Clients, ClockTime, Day, Effect, GroupFilter, GroupMatch, GroupSpec, HookAuth,
    HookCache, HookCredential, HookOauth, HookSecret, HookSpec, HookTarget, Hours, HttpHook,
    Network, OnError, OnFailure, PolicySpec, RedirectUri, RuleSpec, ScopeSpec, Scopes, ServerId,
    ServerSpec, SettableClaim, SqlHook, Status, SubjectKind, TokenKind, TrustedIssuerSpec,
    ZoneSpec,
};
use crate::expression::{Expression, Pattern, Wanted};

fn default() -> ServerId {
    ServerId::default_server()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// An entity of each kind with all its members, none of them at its default.
fn entities() -> Vec<Entity> {
    let jwk = SigningKey::generate(Algorithm::Es256).unwrap().public_jwk();
    let client = ClientId::parse("portal").unwrap();
    let redirect = RedirectUri::parse("https://portal.example/cb").unwrap();
    let server = ServerSpec {
        name: "Orders".to_owned(),
        description: "All orders".to_owned(),
        audiences: vec![AudienceSpec {
            name: Audience::parse("api://orders").unwrap(),
            resources: vec!["https://orders.example".to_owned()],
        }],
        dialect: Dialect::Okta,
        algorithms: vec![Algorithm::Es256],
        trusted_servers: [ServerId::parse("other").unwrap()].into(),
        keys: Default::default(),
        status: Status::Inactive,
    };
    let scope = ScopeSpec {
        display_name: "Reader".to_owned(),
        optional: true,
        metadata_publish: crate::catalog::MetadataPublish::AllClients,
        description: "Read".to_owned(),
        consent: crate::catalog::Consent::Required,
        default: true,
    };
    let claim = ClaimSpec {
        token: TokenKind::Access,
        value: ClaimSource::Groups(GroupFilter {
            kind: GroupMatch::StartsWith,
            value: "a".to_owned(),
        }),
        scopes: Vec::new(),
        status: Status::Inactive,
    };
    let text = Expression::parse("user.profile.department", Wanted::Value).unwrap();
    let department = ClaimSpec {
        value: ClaimSource::Expression(ClaimExpression { text, on_error: OnError::Refuse }),
        ..claim.clone()
    };
    let pattern = Pattern::parse("^team-").unwrap();
    let teams = ClaimSpec { value: ClaimSource::MatchingGroups(pattern), ..claim.clone() };
    let policy = PolicySpec {
        description: "Who reads".to_owned(),
        priority: 1,
        clients: Clients::Named([client.clone()].into()),
        status: Status::Active,
    };
    let rule = RuleSpec {
        scopes: Scopes::Named(ScopeSet::parse("read").unwrap()),
        grant_types: names(&["authorization_code"]),
        users: names(&["alice"]),
        groups: names(&["staff"]),
        refresh_token_lifetime: Some(Duration::from_secs(600)),
        effect: Effect::Deny,
        zones: names(&["office"]),
        not_zones: names(&["vpn"]),
        hours: Some(Hours {
            days: [Day::Mon].into(),
            from: ClockTime::parse("08:00").unwrap(),
            to: ClockTime::parse("18:00").unwrap(),
            time_zone: "Europe/Berlin".to_owned(),
        }),
        client_auth: [ClientAuth::PrivateKeyJwt].into(),
        acr_values: names(&["phr"]),
        max_age: Some(Duration::from_secs(900)),
        resources: names(&["https://orders.example"]),
        when: Some(Expression::parse("client.id == 'a'", Wanted::Boolean).unwrap()),
        narrow: true,
        scope_lifetimes: [("read".to_owned(), Duration::from_secs(300))].into(),
        hooks: vec!["entitlements".to_owned()],
        ..RuleSpec::default()
    };
    let secret = || HookSecret::new(&[7; 32], b"sealed");
    let http = |auth| {
        let http = HttpHook {
            url: "https://hooks.example".to_owned(),
            auth: Some(auth),
            headers: BTreeMap::from([("x-tenant".to_owned(), "acme".to_owned())]),
        };
        Spec::Hook(Box::new(HookSpec {
            target: HookTarget::Http(Box::new(http)),
            deadline: Some(Duration::from_millis(500)),
            failure: OnFailure::Stale,
            cache: Some(HookCache {
                key: Expression::parse("user.id", Wanted::Value).unwrap(),
                ttl: Duration::from_secs(60),
                stale: Some(Duration::from_secs(600)),
            }),
            may_set: [SettableClaim::Aud, SettableClaim::Sub].into(),
            independent: true,
            status: Status::Inactive,
        }))
    };
    let oauth = |credential| {
        HookAuth::Oauth(HookOauth {
            token_url: "https://id.example/token".to_owned(),
            client_id: "scopegate".to_owned(),
            credential,
            scope: Some("hooks".to_owned()),
        })
    };
    let sql = SqlHook {
        connection: "billing".to_owned(),
        query: "select plan from accounts where user_id = $1".to_owned(),
        parameters: vec![Expression::parse("user.id", Wanted::Value).unwrap()],
        claims: BTreeMap::from([("plan".to_owned(), "plan".to_owned())]),
        tokens: vec![TokenKind::Access, TokenKind::Id],
    };
    let sql = HookSpec { target: HookTarget::Sql(Box::new(sql)), ..HookSpec::default() };
    let header = HookAuth::Header { name: "authorization".to_owned(), value: secret() };
    let group = GroupSpec { description: "Who works here".to_owned() };
    let zone = ZoneSpec { networks: vec![Network::parse("192.0.2.0/24").unwrap()] };
    let trusted = TrustedIssuerSpec {
        jwks: vec![jwk.clone()],
        jwks_uri: Some("https://partner.example/keys".to_owned()),
        subject: SubjectKind::Login,
        clients: Clients::All,
    };
    let client_spec = ClientSpec {
        secrets: vec![ClientSecret::from_mac([7; 32]).until(Some(UnixTime::from_seconds(1)))],
        jwks: vec![jwk],
        jwks_uri: Some("https://portal.example/keys".to_owned()),
        redirect_uris: vec![redirect.clone()],
        post_logout_redirect_uris: vec![redirect],
        may_act: Some(client.clone()),
        attributes: BTreeMap::from([("plan".to_owned(), json!({ "any": "member" }))]),
        ..ClientSpec::default()
    };
    let of = |kind, name| EntityKey::of_server(kind, &default(), name);
    let all = [
        (EntityKey::zone("office"), Spec::Zone(zone)),
        (EntityKey::hook("header"), http(header)),
        (EntityKey::hook("key"), http(oauth(HookCredential::Key(secret())))),
        (EntityKey::hook("secret"), http(oauth(HookCredential::Secret(secret())))),
        (EntityKey::hook("signature"), http(HookAuth::Signature(secret()))),
        (EntityKey::hook("sql"), Spec::Hook(Box::new(sql))),
        (EntityKey::hook("program"), Spec::Hook(Box::default())),
        (EntityKey::group("staff"), Spec::Group(group)),
        (EntityKey::server(&default()), Spec::Server(server)),
        (of(EntityKind::Scope, "read"), Spec::Scope(scope)),
        (of(EntityKind::Claim, "tenant"), Spec::Claim(claim)),
        (of(EntityKind::Claim, "department"), Spec::Claim(department)),
        (of(EntityKind::Claim, "teams"), Spec::Claim(teams)),
        (of(EntityKind::Policy, "people"), Spec::Policy(policy)),
        (EntityKey::rule(&default(), "people", "staff"), Spec::from(rule)),
        (
            of(EntityKind::TrustedIssuer, "https://partner.example"),
            Spec::TrustedIssuer(Box::new(trusted)),
        ),
        (EntityKey::client(&client), Spec::Client(Box::new(client_spec))),
    ];
    let entity = |(key, spec)| Entity { key, owner: Owner::Api, spec };
    all.into_iter().map(entity).collect()
}

fn stored(entity: &Entity) -> StoredRow {
    StoredRow::from(&Edit::Put(entity.clone()))
}

fn why(row: StoredRow) -> String {
    match row.read() {
        ReadRow::Unreadable(UnreadableRow { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

/// Members whose content is free: administrators choose the attributes, and RFC 7517 §4 requires that
/// unknown members of a key are ignored.
const FREE: [&str; 2] = ["attributes", "jwks"];

/// All bodies that have one member more than `body`, at any depth.
fn with_one_more_member(body: &Value) -> Vec<Value> {
    match body {
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("unknown".to_owned(), json!(true));
            let fixed = members.iter().filter(|(name, _)| !FREE.contains(&name.as_str()));
            let deeper = fixed.flat_map(|(name, value)| {
                let with = |changed| {
                    let mut members: Map<_, _> = members.clone();
                    members.insert(name.clone(), changed);
                    Value::Object(members)
                };
                with_one_more_member(value).into_iter().map(with)
            });
            std::iter::once(Value::Object(more)).chain(deeper).collect()
        }
        Value::Array(items) => {
            let changed = items.iter().enumerate().flat_map(|(place, item)| {
                let with = move |changed| {
                    let mut items = items.clone();
                    items[place] = changed;
                    Value::Array(items)
                };
                with_one_more_member(item).into_iter().map(with)
            });
            changed.collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_kind_of_entity_is_read_back_unchanged() {
    let entities = entities();
    let kinds: BTreeSet<_> = entities.iter().map(|entity| entity.key.kind).collect();
    assert_eq!(kinds, EntityKind::ALL.iter().copied().collect());
    for entity in entities {
        assert_eq!(stored(&entity).read(), ReadRow::Edit(Edit::Put(entity)));
    }
}

#[test]
fn a_rule_that_uses_no_new_member_is_stored_as_an_earlier_version_stores_it() {
    let body = serde_json::to_value(RuleSpec::default()).unwrap();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "access_token_lifetime",
        "grant_types",
        "groups",
        "priority",
        "refresh_token_lifetime",
        "refresh_token_window",
        "scopes",
        "status",
        "users",
    ];
    assert_eq!(BTreeSet::from_iter(members), BTreeSet::from(expected));
}

#[test]
fn an_unknown_member_at_any_depth_makes_a_row_unreadable() {
    let mut tried = 0;
    for entity in entities() {
        let row = stored(&entity);
        let body = serde_json::from_str(row.body.as_deref().unwrap()).unwrap();
        for changed in with_one_more_member(&body) {
            let row = StoredRow { body: Some(changed.to_string()), ..row.clone() };
            let why = why(row);
            assert!(!why.is_empty(), "{changed}");
            tried += 1;
        }
    }
    // Eight bodies, and the objects inside of them.
    assert!(tried > 12, "{tried}");
}

#[test]
fn an_unknown_value_kind_or_owner_makes_a_row_unreadable() {
    for entity in entities() {
        let row = stored(&entity);
        let kind = RowKey { kind: "flag".to_owned(), ..row.key.clone() };
        assert_eq!(why(StoredRow { key: kind, ..row.clone() }), "its kind is not known");
        let owner = Some("plugin".to_owned());
        assert_eq!(why(StoredRow { owner, ..row.clone() }), "its owner is not known");
        assert_eq!(why(StoredRow { format: 2, ..row.clone() }), "its format is 2, known is 1");
        for body in ["", "null", "[]", "no json"] {
            assert!(!why(StoredRow { body: Some(body.to_owned()), ..row.clone() }).is_empty());
        }
    }
    let rows = entities().into_iter().map(|entity| stored(&entity));
    let of = |kind: &str| rows.clone().find(|row| row.key.kind == kind).unwrap();
    for (kind, known, unknown) in [
        ("server", r#""ES256""#, r#""ES512""#),
        ("server", r#""INACTIVE""#, r#""DRAINING""#),
        ("scope", r#""REQUIRED""#, r#""ASK_TWICE""#),
        ("scope", r#""ALL_CLIENTS""#, r#""SOME_CLIENTS""#),
        ("claim", r#""access""#, r#""refresh""#),
        ("claim", r#""groups""#, r#""hook""#),
        ("claim", r#""starts_with""#, r#""regex""#),
        ("policy", r#""named""#, r#""tagged""#),
        ("rule", r#""named""#, r#""matching""#),
        ("rule", r#""deny""#, r#""ask""#),
        ("rule", r#""mon""#, r#""holiday""#),
        ("rule", r#""08:00""#, r#""8""#),
        ("rule", r#""private_key_jwt""#, r#""tls_client_auth""#),
        ("rule", "client.id ==", "client.id ==="),
        ("zone", "192.0.2.0/24", "192.0.2.1/24"),
        ("client", r#""client_secret_basic""#, r#""tls_client_auth""#),
        ("client", r#""service""#, r#""agent""#),
        ("client", "https://portal.example/cb", "http://portal.example/cb"),
        ("trusted_issuer", r#""all""#, r#""any""#),
    ] {
        let row = of(kind);
        let body = row.body.as_deref().unwrap();
        assert!(body.contains(known), "{kind}: {body}");
        let body = Some(body.replace(known, unknown));
        assert!(!why(StoredRow { body, ..row }).is_empty(), "{kind} {unknown}");
    }
    for (kind, parent, name) in [
        ("scope", "default", "a b"),
        ("scope", "a.b", "read"),
        ("server", "", "a.b"),
        ("rule", "default", "staff"),
        ("scope", "default/unknown", "read"),
        ("claim", "default/unknown", "tenant"),
        ("policy", "default/id", "people"),
        ("server", "unknown", "a"),
        ("client", "", "00u1"),
        ("zone", "default", "office"),
    ] {
        let key =
            RowKey { kind: kind.to_owned(), parent: parent.to_owned(), name: name.to_owned() };
        assert!(
            why(StoredRow { key, ..of(kind) }).ends_with("of an unknown form"),
            "{kind} {name}"
        );
    }
}

#[test]
fn a_deletion_is_readable_in_any_format_and_of_any_kind() {
    for entity in entities() {
        let row = StoredRow { format: 2, owner: None, body: None, ..stored(&entity) };
        assert_eq!(row.clone().read(), ReadRow::Edit(Edit::Delete(entity.key)));
        let key = RowKey { kind: "flag".to_owned(), ..row.key.clone() };
        assert_eq!(StoredRow { key: key.clone(), ..row }.read(), ReadRow::Gone(key));
    }
}

#[test]
fn the_message_names_the_unreadable_member_and_shows_no_value() {
    let client = entities().pop().unwrap();
    let row = stored(&client);
    let body: Value = serde_json::from_str(row.body.as_deref().unwrap()).unwrap();
    let with = |member: &str, value: Value| {
        let mut body = body.clone();
        body[member] = value;
        why(StoredRow { body: Some(body.to_string()), ..row.clone() })
    };
    assert_eq!(with("mtls", json!("secret")), "unknown field `mtls`");
    for value in [json!("secret"), json!(["secret"]), json!([{ "mac": "secret" }])] {
        assert_eq!(with("secrets", value), "its body is not of a known form");
    }
    let text = with("a\nb\u{1b}", json!(1));
    assert!(!text.chars().any(char::is_control), "{text}");
}

#[test]
fn an_unreadable_row_affects_its_client_server_or_user() {
    let affected = |kind: &str, parent: &str, name: &str| {
        let key =
            RowKey { kind: kind.to_owned(), parent: parent.to_owned(), name: name.to_owned() };
        let row = UnreadableRow { key, why: String::new() };
        match row.affected() {
            Affected::Client(id) => format!("client {id}"),
            Affected::Nothing => "nothing".to_owned(),
            Affected::Server(id) => format!("server {id}"),
            Affected::User(id) => format!("user {id}"),
        }
    };
    for &kind in EntityKind::ALL {
        let expected = match kind {
            EntityKind::Client => "client a",
            EntityKind::Server => "server a",
            EntityKind::Group | EntityKind::Hook | EntityKind::Zone => "nothing",
            _ => "server default",
        };
        assert_eq!(affected(kind.as_str(), "default/people", "a"), expected);
    }
    assert_eq!(affected("signing_key", "org", "a"), "server org");
    assert_eq!(affected("hour", "default/people", "a"), "server default");
    assert_eq!(affected("zone", "", "office"), "nothing");
    assert_eq!(affected("user", "", "00u1"), "user 00u1");
}
