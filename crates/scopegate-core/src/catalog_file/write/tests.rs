//! What is exported and applied again changes nothing.

use proptest::prelude::*;
use scopegate_claims::{Issuer, UnixTime};

use super::*;
use crate::administration::plan::Plan;
use crate::catalog::{
    ClientAuth, ClientId, ClientSecret, ClientSpec, ClockTime, Day, Effect, EntityKey, EntityKind,
    HookAuth, HookCache, HookCredential, HookOauth, HookSecret, HookSpec, HookTarget, Hours,
    HttpHook, Network, OnFailure, Owner, RuleSpec, ScopeSpec, ServerId, SettableClaim, SqlHook,
    Status, TokenKind, UserId, ZoneSpec,
};
use crate::catalog_file::{CatalogContext, CatalogErrors, CatalogFile, CatalogSource};
use crate::expression::{Expression, Pattern, Wanted};

const DEMO: &str = include_str!("../tests/demo.toml");

/// A store with the secrets of these entities.
#[derive(Default)]
struct Context<'a> {
    stored: &'a [Entity],
}

impl CatalogContext for Context<'_> {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        sha256.map(|byte| !byte)
    }

    fn seal_password(&self, _user: &UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }

    fn kept_secret(&self, client: &ClientId, id: &str) -> Option<ClientSecret> {
        let stored = self.stored.iter().find(|entity| entity.key == EntityKey::client(client))?;
        let Spec::Client(spec) = &stored.spec else { return None };
        spec.secrets.iter().find(|secret| secret.kept_id() == id).cloned()
    }

    fn kept_hook_secret(&self, hook: &str, id: &str) -> Option<HookSecret> {
        let stored = self.stored.iter().find(|entity| entity.key == EntityKey::hook(hook))?;
        let Spec::Hook(spec) = &stored.spec else { return None };
        spec.auth().map(HookAuth::secret).filter(|secret| secret.kept_id() == id).cloned()
    }
}

fn parse(content: &str, stored: &[Entity]) -> Result<CatalogFile, CatalogErrors> {
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    CatalogFile::parse(&source, &Context { stored })
}

/// Exports entities, and returns the plan of the export on the same store.
fn round_trip(entities: &[Entity]) -> Result<(), TestCaseError> {
    let exported =
        write(entities, 1).map_err(|refused| TestCaseError::fail(format!("{refused:?}")))?;
    let file = match parse(&exported, entities) {
        Ok(file) => file,
        Err(errors) => return Err(TestCaseError::fail(format!("{errors}\n{exported}"))),
    };
    let plan = Plan::between(entities, &file).unwrap();
    prop_assert_eq!(plan.to_string(), "0 to add, 0 to change, 0 to delete", "{}", exported);
    Ok(())
}

#[test]
fn the_demo_is_exported_and_applied_again_without_a_change() {
    let entities = parse(DEMO, &[]).unwrap().entities;
    assert!(entities.len() > 20);
    round_trip(&entities).unwrap();
}

#[test]
fn an_export_has_no_secret_and_only_its_store_accepts_it() {
    let entities = parse(DEMO, &[]).unwrap().entities;
    let exported = write(&entities, 3).unwrap();
    assert!(exported.starts_with("version = 3\n"));
    assert!(exported.contains("kept = ") && !exported.contains("sha256"), "{exported}");
    let refusal = parse(&exported, &[]).unwrap_err().to_string();
    let line = exported.lines().position(|line| line.starts_with("secrets")).unwrap() + 1;
    assert!(refusal.starts_with(&format!("catalog.toml:{line}:")), "{refusal}");
    assert!(refusal.contains("has no secret \"") && refusal.contains("in this store"), "{refusal}");
    // One mistake, one line.
    assert_eq!(refusal.lines().count(), exported.matches("kept = ").count(), "{refusal}");
}

/// Hooks of each type, with all their keys.
fn hooks() -> Vec<Entity> {
    let secret = || HookSecret::new(&[7; 32], b"sealed");
    let oauth = |credential, scope: Option<&str>| {
        Some(HookAuth::Oauth(HookOauth {
            token_url: "https://id.example/token".to_owned(),
            client_id: "scopegate".to_owned(),
            credential,
            scope: scope.map(str::to_owned),
        }))
    };
    let header = Some(HookAuth::Header { name: "authorization".to_owned(), value: secret() });
    let http = |name: &str, auth: Option<HookAuth>| {
        let url = "https://hooks.example".to_owned();
        let headers = [("x-tenant".to_owned(), "acme".to_owned())].into();
        let target = HookTarget::Http(Box::new(HttpHook { url, auth, headers }));
        (name.to_owned(), HookSpec { target, ..HookSpec::default() })
    };
    let expression = |text: &str| Expression::parse(text, Wanted::Value).unwrap();
    let sql = SqlHook {
        connection: "billing".to_owned(),
        query: "select plan from accounts where user_id = $1".to_owned(),
        parameters: vec![expression("user.id"), expression("'text, \u{22}quoted\u{22}'")],
        claims: [("plan".to_owned(), "plan".to_owned())].into(),
        tokens: vec![TokenKind::Access, TokenKind::Id],
    };
    let cache = HookCache {
        key: expression("user.id"),
        ttl: std::time::Duration::from_secs(60),
        stale: Some(std::time::Duration::from_secs(600)),
    };
    let sql = HookSpec {
        target: HookTarget::Sql(Box::new(sql)),
        deadline: Some(std::time::Duration::from_millis(500)),
        failure: OnFailure::Stale,
        cache: Some(cache),
        status: Status::Inactive,
        ..HookSpec::default()
    };
    let may_set = [SettableClaim::Sub, SettableClaim::Aud].into();
    let program = HookSpec { may_set, independent: true, ..HookSpec::default() };
    let all = [
        http("none", None),
        http("header", header),
        http("secret", oauth(HookCredential::Secret(secret()), None)),
        http("key", oauth(HookCredential::Key(secret()), Some("hooks"))),
        http("signature", Some(HookAuth::Signature(secret()))),
        ("sql".to_owned(), sql),
        ("program".to_owned(), program),
    ];
    let entity = |(name, spec): (String, HookSpec)| Entity {
        key: EntityKey::hook(&name),
        owner: Owner::File,
        spec: Spec::Hook(Box::new(spec)),
    };
    all.into_iter().map(entity).collect()
}

#[test]
fn hooks_are_exported_without_their_secrets_and_applied_again_without_a_change() {
    let hooks = hooks();
    round_trip(&hooks).unwrap();
    let exported = write(&hooks, 1).unwrap();
    assert_eq!(exported.matches("kept = ").count(), 4, "{exported}");
    assert!(!exported.contains("sealed") && !exported.contains("c2VhbGVk"), "{exported}");
    let refusal = parse(&exported, &[]).unwrap_err().to_string();
    assert_eq!(refusal.matches("has no secret").count(), 4, "{refusal}");
}

#[test]
fn what_no_file_can_write_is_refused_and_named() {
    let server = ServerId::parse("orders").unwrap();
    let scope = Entity {
        key: EntityKey::of_server(EntityKind::Scope, &server, "read"),
        owner: Owner::Api,
        spec: Spec::Scope(ScopeSpec::default()),
    };
    let admin = Entity {
        key: EntityKey::client(&ClientId::parse("root").unwrap()),
        owner: Owner::Api,
        spec: ClientSpec { admin: true, ..ClientSpec::default() }.into(),
    };
    let attributes = [("a".to_owned(), serde_json::Value::Null)].into();
    let null = Entity {
        key: EntityKey::client(&ClientId::parse("null").unwrap()),
        owner: Owner::Api,
        spec: ClientSpec { attributes, ..ClientSpec::default() }.into(),
    };
    let refused = write(&[scope.clone(), admin.clone(), null.clone()], 1).unwrap_err();
    assert_eq!(
        refused,
        [
            Unwritable::Value(null.key, "attributes"),
            Unwritable::Value(admin.key, "admin"),
            Unwritable::Orphan(scope.key),
        ]
    );
}

#[test]
fn the_fields_of_an_entity_have_the_names_of_the_reader() {
    let shapes = [
        (EntityKind::Server, &crate::catalog_file::server::SERVER),
        (EntityKind::Scope, &crate::catalog_file::scope::SCOPE),
        (EntityKind::Claim, &crate::catalog_file::claim::CLAIM),
        (EntityKind::Policy, &crate::catalog_file::policy::POLICY),
        (EntityKind::Rule, &crate::catalog_file::rule::RULE),
        (EntityKind::TrustedIssuer, &crate::catalog_file::trusted_issuer::TRUSTED_ISSUER),
        (EntityKind::Client, &crate::catalog_file::client::CLIENT),
        (EntityKind::Zone, &crate::catalog_file::zone::ZONE),
    ];
    let entities = parse(DEMO, &[]).unwrap().entities;
    let tables = ["scope", "claim", "policy", "trusted_issuer", "rule"];
    for (kind, shape) in shapes {
        let Some(entity) = entities.iter().find(|entity| entity.key.kind == kind) else {
            continue;
        };
        let written = fields(entity);
        // No file makes an admin client or a hold.
        let is_key = |field: &&Field| {
            field.usage != Use::Position && !["admin", "on_hold"].contains(&field.name)
        };
        let mut names: Vec<&str> = written.iter().filter(is_key).map(|field| field.name).collect();
        names.push(kind.name_field());
        names.sort_unstable();
        let mut keys: Vec<&str> = shape.keys.to_vec();
        keys.retain(|key| !tables.contains(key));
        keys.sort_unstable();
        assert_eq!(names, keys, "{}", shape.what);
    }
}

/// A text with everything that needs an escape.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{1,20}".prop_filter("no blank ends", |text| text.trim() == text),
        Just("a\"b\\c'd = [e] # é 🛒".to_owned()),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z]{1,6}"
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        prop::num::f64::NORMAL.prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::btree_map(text(), inner, 0..3)
                .prop_map(|entries| entries.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

prop_compose! {
    fn client()(
        id in name(),
        name in text(),
        machine in any::<bool>(),
        is_static in any::<bool>(),
        leeway in 0..=60_u8,
        pkce in any::<bool>(),
        par in any::<bool>(),
        groups in prop::collection::btree_set(name(), 0..3),
        users in prop::collection::btree_set(name(), 0..3),
        attributes in prop::collection::btree_map(name(), json(), 0..3),
        trusted in any::<bool>(),
        active in any::<bool>(),
        expiry in prop::option::of(0..=UnixTime::MAX.as_seconds()),
        mac in any::<[u8; 32]>(),
    ) -> Entity {
        use crate::catalog::{
            ClientAuth, ClientConsent, ClientType, RedirectUri, RefreshPolicy, RotationType, Status,
        };
        let rotation_type = if is_static { RotationType::Static } else { RotationType::Rotate };
        let secret = ClientSecret::from_mac(mac).until(expiry.map(UnixTime::from_seconds));
        let of_users = |grants: &[&str]| grants.iter().map(|grant| (*grant).to_owned()).collect();
        let general = ClientSpec {
            name,
            auth: ClientAuth::ClientSecretBasic,
            secrets: vec![secret],
            attributes,
            status: if active { Status::Active } else { Status::Inactive },
            grant_types: of_users(&["client_credentials"]),
            ..ClientSpec::default()
        };
        let spec = if machine { general } else { ClientSpec {
            client_type: ClientType::Web,
            refresh_token: RefreshPolicy { rotation_type, leeway: if is_static { 0 } else { leeway } },
            pkce_required: pkce,
            require_par: par,
            grant_types: of_users(&["authorization_code", "refresh_token"]),
            redirect_uris: vec![RedirectUri::parse("https://a.example/?q=\"").unwrap()],
            groups,
            users,
            consent: if trusted { ClientConsent::Trusted } else { ClientConsent::Required },
            ..general
        }};
        let key = EntityKey::client(&ClientId::parse(&format!("c-{id}")).unwrap());
        Entity { key, owner: Owner::File, spec: spec.into() }
    }
}

prop_compose! {
    fn server()(
        id in name(),
        title in text(),
        scopes in prop::collection::btree_map("[a-z:]{1,5}x", (text(), 0..3_u8, any::<bool>()), 1..4),
        claims in prop::collection::btree_map(name(), (json(), 0..6_u8, any::<bool>()), 0..4),
        policies in prop::collection::vec(
            (any::<bool>(), prop::collection::vec((0..86_u64, any::<bool>(), prop::option::of(0..9_u64), any::<bool>()), 0..3)),
            0..3,
        ),
        algorithm in 0..3_usize,
        active in any::<bool>(),
    ) -> Vec<Entity> {
        use std::time::Duration;
        use crate::catalog::{
            AudienceSpec, ClaimExpression, ClaimSource, ClaimSpec, Clients, Consent, GroupFilter, GroupMatch, KeyRotation,
            KeySchedule, MetadataPublish, OnError, PolicySpec, Scopes, ServerSpec, Status, TokenKind,
        };
        let status = |active| if active { Status::Active } else { Status::Inactive };
        let server = ServerId::parse(&format!("s-{id}")).unwrap();
        let owned = |key, spec| Entity { key, owner: Owner::File, spec };
        let audience = |name: String| AudienceSpec {
            name: scopegate_claims::Audience::parse(&name).unwrap(),
            resources: vec!["https://api.example/".to_owned() + &name],
        };
        let spec = ServerSpec {
            name: title,
            description: String::new(),
            audiences: vec![audience(format!("api-{id}"))],
            dialect: Default::default(),
            algorithms: vec![scopegate_jose::Algorithm::SIGNING[algorithm]],
            trusted_servers: [ServerId::org()].into_iter().filter(|_| false).collect(),
            keys: match active {
                true => KeySchedule::default(),
                false => KeySchedule {
                    rotation: KeyRotation::Manual,
                    announce: Some(Duration::from_secs(7200)),
                    ..KeySchedule::default()
                },
            },
            status: status(active),
        };
        let mut entities = vec![owned(EntityKey::server(&server), Spec::Server(spec))];
        let names: Vec<String> = scopes.keys().cloned().collect();
        for (name, (description, consent, default)) in scopes {
            let consent = [Consent::Implicit, Consent::Required, Consent::Flexible][usize::from(consent)];
            let publish = [MetadataPublish::AllClients, MetadataPublish::NoClients];
            let spec = Spec::Scope(ScopeSpec {
                display_name: description.chars().take(9).collect::<String>().trim().to_owned(),
                description,
                consent,
                default,
                optional: default,
                metadata_publish: publish[usize::from(default)],
            });
            entities.push(owned(EntityKey::of_server(EntityKind::Scope, &server, &name), spec));
        }
        for (name, (constant, kind, of_id)) in claims {
            let value = match kind {
                0 => ClaimSource::Constant(constant),
                1 => ClaimSource::ClientAttribute(name.clone()),
                2 => ClaimSource::UserAttribute(name.clone()),
                3 => ClaimSource::MatchingGroups(Pattern::parse("^a+$").unwrap()),
                4 => ClaimSource::Expression(ClaimExpression {
                    text: Expression::parse("has(user.login) ? user.login : \"x\"", Wanted::Value).unwrap(),
                    on_error: if of_id { OnError::Refuse } else { OnError::Omit },
                }),
                _ => ClaimSource::Groups(GroupFilter { kind: GroupMatch::StartsWith, value: name.clone() }),
            };
            let token = if of_id { TokenKind::Id } else { TokenKind::Access };
            let spec = Spec::Claim(ClaimSpec { token, value, scopes: Vec::new(), status: Status::Active });
            entities.push(owned(EntityKey::of_server(EntityKind::Claim, &server, &format!("x-{name}")), spec));
        }
        for ((active, rules), priority) in policies.into_iter().zip(1..) {
            let name = format!("p {}", 9 - priority);
            let spec = PolicySpec { priority, description: String::new(), clients: Clients::All, status: status(active) };
            entities.push(owned(EntityKey::of_server(EntityKind::Policy, &server, &name), Spec::Policy(spec)));
            for ((minutes, any, refresh, active), priority) in rules.into_iter().zip(1..) {
                let all = scopegate_claims::ScopeSet::from_tokens(&names).unwrap();
                let spec = RuleSpec {
                    priority,
                    grant_types: ["authorization_code".to_owned()].into(),
                    scopes: if any { Scopes::Any } else { Scopes::Named(all) },
                    access_token_lifetime: Duration::from_secs(300 + 61 * minutes),
                    refresh_token_lifetime: refresh.map(|days| Duration::from_secs(86_400 * (days + 7))),
                    groups: [name.clone()].into(),
                    status: status(active),
                    ..conditions(&names, any, refresh.is_some())
                };
                let key = EntityKey::rule(&server, &name, &format!("r/{priority}"));
                entities.push(owned(key, Spec::from(spec)));
            }
        }
        entities
    }
}

/// A rule with each condition, or with none.
fn conditions(scopes: &[String], all: bool, allows: bool) -> RuleSpec {
    use std::time::Duration;
    if !all {
        return RuleSpec::default();
    }
    let time = |text| ClockTime::parse(text).unwrap();
    // A deny rule gives no scopes, so nothing caps their lifetimes.
    let effect = if allows { Effect::Allow } else { Effect::Deny };
    let caps = scopes.iter().take(usize::from(allows));
    RuleSpec {
        effect,
        zones: ["office".to_owned()].into(),
        not_zones: ["lab".to_owned()].into(),
        hours: Some(Hours {
            days: [Day::Mon, Day::Sun].into(),
            from: time("22:00"),
            to: time("06:30"),
            time_zone: "Europe/Berlin".into(),
        }),
        client_auth: [ClientAuth::PrivateKeyJwt].into(),
        acr_values: ["phr".to_owned()].into(),
        max_age: Some(Duration::from_secs(900)),
        resources: ["https://api.example/a".to_owned()].into(),
        when: Some(Expression::parse("client.id != \"x\"", Wanted::Boolean).unwrap()),
        narrow: allows,
        scope_lifetimes: caps.map(|scope| (scope.clone(), Duration::from_secs(300))).collect(),
        ..RuleSpec::default()
    }
}

/// The zones that these rules mention.
fn zones() -> impl Iterator<Item = Entity> {
    ["office", "lab"].into_iter().map(|name| Entity {
        key: EntityKey::zone(name),
        owner: Owner::File,
        spec: Spec::Zone(ZoneSpec { networks: vec![Network::parse("192.0.2.0/24").unwrap()] }),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_exported_is_applied_again_without_a_change(
        servers in prop::collection::vec(server(), 0..3),
        clients in prop::collection::vec(client(), 0..4),
    ) {
        let mut entities: Vec<Entity> = zones().collect();
        for entity in servers.into_iter().flatten().chain(clients) {
            if entities.iter().all(|known| known.key != entity.key) {
                entities.push(entity);
            }
        }
        round_trip(&entities)?;
    }
}
