//! Random catalogs and users, from a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use scopegate_claims::{Issuer, ScopeSet};

use crate::catalog::{
    AudienceSpec, ClientAuth, ClientConsent, ClientId, ClientSpec, ClientType, Clients, ClockTime,
    Consent, Edit, Effect, Entity, EntityKey, EntityKind, Hours, Network, Owner, PolicySpec,
    RuleSpec, ScopeSpec, Scopes, ServerId, ServerSpec, Snapshot, Spec, Status, SubjectKind,
    TrustedIssuerSpec, UserId, ZoneSpec,
};
use crate::directory::{Profile, User};
use crate::expression::{Expression, Wanted};
use crate::testing::{self, Dice};

pub(super) const GRANTS: [&str; 5] = [
    "authorization_code",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

pub(super) const SCOPES: [&str; 3] = ["a", "b", "c"];

fn random_status(dice: &mut Dice) -> Status {
    if dice.once_in(12) { Status::Inactive } else { Status::Active }
}

/// A random catalog. If `has_circumstances`, its rules have conditions on circumstances. A request can meet all
/// conditions of one rule at once.
pub(super) fn catalog(dice: &mut Dice, has_circumstances: bool) -> Snapshot {
    let mut edits = Vec::new();
    let mut put = |key, spec: Spec| edits.push(Edit::Put(Entity { key, owner: Owner::File, spec }));
    for (name, network) in [("in-a", "192.0.2.0/24"), ("in-b", "198.51.100.0/24")] {
        let key = EntityKey { kind: EntityKind::Zone, parent: String::new(), name: name.into() };
        let networks = vec![Network::parse(network).unwrap()];
        put(key, Spec::Zone(ZoneSpec { networks }));
    }
    for place in 0..4 {
        put(EntityKey::client(&client_id(place)), Spec::Client(Box::new(client(dice))));
    }
    for (id, other) in [("default", "near"), ("near", "default")] {
        let id = ServerId::parse(id).unwrap();
        let trusted = dice.once_in(2).then(|| ServerId::parse(other).unwrap());
        put(EntityKey::server(&id), Spec::Server(server(dice, &id, trusted)));
        for name in SCOPES {
            let consent = if dice.once_in(4) { Consent::Required } else { Consent::Implicit };
            let spec = ScopeSpec { consent, default: dice.once_in(3), ..ScopeSpec::default() };
            put(EntityKey::of_server(EntityKind::Scope, &id, name), Spec::Scope(spec));
        }
        if dice.once_in(2) {
            let spec = TrustedIssuerSpec {
                jwks: Vec::new(),
                jwks_uri: None,
                subject: SubjectKind::Login,
                clients: clients(dice),
            };
            let key = EntityKey::of_server(EntityKind::TrustedIssuer, &id, "https://idp.example");
            put(key, Spec::TrustedIssuer(Box::new(spec)));
        }
        for place in 0..1 + dice.roll(3) {
            let name = format!("p{place}");
            let priority = u32::try_from(place).unwrap();
            let spec = PolicySpec {
                priority,
                description: String::new(),
                clients: clients(dice),
                status: random_status(dice),
            };
            put(EntityKey::of_server(EntityKind::Policy, &id, &name), Spec::Policy(spec));
            for priority in 0..1 + dice.roll(4) {
                let key = EntityKey::rule(&id, &name, &format!("r{priority}"));
                let priority = u32::try_from(priority).unwrap();
                put(key, Spec::from(rule(dice, priority, has_circumstances)));
            }
        }
    }
    Snapshot::empty(&Issuer::parse("https://id.example").unwrap()).edited(1, edits)
}

fn client_id(place: u64) -> ClientId {
    ClientId::parse(&format!("c{place}")).unwrap()
}

fn clients(dice: &mut Dice) -> Clients {
    match dice.once_in(2) {
        true => Clients::All,
        false => Clients::Named((0..4).filter(|_| dice.once_in(2)).map(client_id).collect()),
    }
}

fn client(dice: &mut Dice) -> ClientSpec {
    let types = [ClientType::Service, ClientType::Web, ClientType::Native];
    let auths = [ClientAuth::ClientSecretBasic, ClientAuth::PrivateKeyJwt, ClientAuth::None];
    let mut grant_types = dice.some_of(&GRANTS, 2);
    grant_types.extend(dice.some_of(&["refresh_token"], 2));
    ClientSpec {
        client_type: types[usize::try_from(dice.roll(3)).unwrap()],
        auth: auths[usize::try_from(dice.roll(7).saturating_sub(4)).unwrap()],
        grant_types,
        users: dice.some_of(&["ann", "bob", "cyd", "dan"], 8),
        groups: dice.some_of(&["g", "h"], 8),
        attributes: tenant(dice).into_iter().collect(),
        may_act: dice.once_in(5).then(|| client_id(dice.roll(4))),
        consent: if dice.once_in(3) { ClientConsent::Trusted } else { ClientConsent::Required },
        status: random_status(dice),
        ..ClientSpec::default()
    }
}

fn server(dice: &mut Dice, id: &ServerId, trusted: Option<ServerId>) -> ServerSpec {
    ServerSpec {
        name: id.to_string(),
        description: String::new(),
        audiences: vec![AudienceSpec {
            name: scopegate_claims::Audience::parse(&format!("api://{id}")).unwrap(),
            resources: vec!["https://one.example".into(), "https://two.example".into()],
        }],
        dialect: Default::default(),
        algorithms: vec![scopegate_jose::Algorithm::Es256],
        keys: crate::catalog::KeySchedule::default(),
        trusted_servers: trusted.into_iter().collect(),
        status: random_status(dice),
    }
}

fn rule(dice: &mut Dice, priority: u32, has_circumstances: bool) -> RuleSpec {
    let listed = ["a", "b", "c", "openid"].into_iter().filter(|_| dice.once_in(2));
    let listed = ScopeSet::from_tokens(listed.collect::<Vec<_>>()).unwrap();
    let rule = RuleSpec {
        priority,
        effect: if dice.once_in(4) { Effect::Deny } else { Effect::Allow },
        grant_types: dice.some_of(&GRANTS, 2),
        scopes: if dice.once_in(4) { Scopes::Any } else { Scopes::Named(listed) },
        users: dice.some_of(&["ann", "bob"], 6),
        groups: dice.some_of(&["g", "h", "nobody"], 5),
        narrow: dice.once_in(4),
        client_auth: match dice.once_in(5) {
            true => [ClientAuth::PrivateKeyJwt].into(),
            false => BTreeSet::new(),
        },
        status: random_status(dice),
        ..RuleSpec::default()
    };
    let whens = [
        "client.attributes.tenant == user.profile.tenant",
        "client.attributes.tenant == 'x' && has(client.id)",
        "'b' in scopes || user.login == 'bob'",
        "server.id == 'default' && size(scopes) == 1",
        "request.grant_type != 'client_credentials' || has(user.profile.tenant)",
        "request.address == '192.0.2.1' || request.address == '198.51.100.1'",
        "session.acr == 'urn:okta:loa:2fa:any' || 'g' in user.groups",
    ];
    let among = if has_circumstances { 7 } else { 5 };
    let when = dice.once_in(4).then(|| whens[usize::try_from(dice.roll(among)).unwrap()]);
    let when = when.map(|text| Expression::parse(text, Wanted::Boolean).unwrap());
    let rule = RuleSpec { when, ..rule };
    if !has_circumstances {
        return rule;
    }
    let (zone, other) = if dice.once_in(2) { ("in-a", "in-b") } else { ("in-b", "in-a") };
    let (from, to) = if dice.once_in(2) { ("08:00", "18:00") } else { ("18:00", "08:00") };
    RuleSpec {
        zones: dice.some_of(&[zone], 5),
        not_zones: dice.some_of(&[other], 5),
        hours: dice.once_in(6).then(|| Hours {
            days: BTreeSet::new(),
            from: ClockTime::parse(from).unwrap(),
            to: ClockTime::parse(to).unwrap(),
            time_zone: "UTC".to_owned(),
        }),
        acr_values: dice.some_of(&["urn:okta:loa:2fa:any"], 6),
        max_age: dice.once_in(6).then_some(Duration::from_secs(15 * 60)),
        resources: dice.some_of(&["https://one.example"], 6),
        ..rule
    }
}

fn tenant(dice: &mut Dice) -> Option<(String, serde_json::Value)> {
    let tenant = ["x", "y"][usize::try_from(dice.roll(2)).unwrap()];
    dice.once_in(2).then(|| ("tenant".to_owned(), tenant.into()))
}

pub(super) fn users(dice: &mut Dice) -> Vec<User> {
    let logins = ["ann", "bob", "cyd", "dan"];
    let user = |(place, login): (usize, &&str)| User {
        id: UserId::parse(&format!("00u{place}")).unwrap(),
        login: (*login).to_owned(),
        groups: dice.some_of(&["g", "h"], 3),
        profile: Profile::collect(tenant(dice)).unwrap(),
        status: random_status(dice),
        ..testing::alice()
    };
    logins.iter().enumerate().map(user).collect()
}
