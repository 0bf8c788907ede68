//! Sample rows, and how two nodes race.

use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use scopegate_core::audit::{
    AuditEvent, Basis, ClientDecision, DecisionId, DecisionKind, Outcome, What,
};
use scopegate_core::catalog::UserId;
use scopegate_core::catalog::{ClientId, Owner, ServerId, Status};
use scopegate_core::directory::{Authentication, LoginMatch, NewUser, Profile, User};
use scopegate_core::store::{
    Artifact, ArtifactKind, Change, ConsentKey, Contested, Family, FamilyBody, FamilyId, Session,
    SessionId, StoreError,
};
use scopegate_jose::sha256;
use serde_json::json;

use crate::place::{Node, Place};

pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

pub(crate) fn later(seconds: u64) -> UnixTime {
    NOW.plus(Duration::from_secs(seconds))
}

pub(crate) fn client(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

pub(crate) fn user_id(name: &str) -> UserId {
    UserId::parse(&format!("00u{name}")).unwrap()
}

pub(crate) fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

/// A record of a decision that gives nothing.
pub(crate) fn audit(client: &str) -> Change {
    decided(client, DecisionKind::Introspection, Outcome::Allow)
}

/// A record of a decision about a client.
pub(crate) fn decided(client: &str, kind: DecisionKind, outcome: Outcome) -> Change {
    let decision = ClientDecision {
        kind,
        server: "default".into(),
        client: client.into(),
        grant_type: Some("client_credentials".into()),
        outcome,
        reason: None,
        scope: "read:orders".into(),
        rule: None,
        token_id: None,
        user: None,
        family: None,
        basis: Basis::default(),
    };
    recorded(What::Decision(Box::new(decision)))
}

/// A record of something that happened.
pub(crate) fn recorded(what: What) -> Change {
    Change::Audit(AuditEvent { id: DecisionId::at(NOW), at: NOW, address: None, what })
}

pub(crate) fn use_assertion(client_id: &str, jti: &str) -> Change {
    let (client, jti) = (client(client_id), jti.to_owned());
    Change::UseAssertion { client, jti, expires_at: later(300) }
}

/// A code that is used once.
pub(crate) fn code(secret: &str) -> Artifact {
    Artifact {
        kind: ArtifactKind::Code,
        id: sha256(secret.as_bytes()),
        alias: None,
        user: None,
        version: 0,
        expires_at: later(300),
        body: json!({ "of": secret, "odd": "nul \0 é 🛒" }).to_string(),
    }
}

/// The change by which a code is used.
pub(crate) fn consume(secret: &str, from: u64) -> Change {
    Change::MoveArtifact {
        kind: ArtifactKind::Code,
        id: sha256(secret.as_bytes()),
        from,
        body: "used".into(),
        expires_at: later(3600),
    }
}

pub(crate) fn person(name: &str) -> User {
    let profile = [
        ("name".to_owned(), json!("Ålice \0 🛒")),
        ("address".to_owned(), json!({ "locality": "Oslo" })),
    ];
    User {
        id: user_id(name),
        login: format!("{name}@Example.com"),
        login_match: LoginMatch::default(),
        status: Status::Active,
        owner: Owner::Api,
        groups: ["staff".to_owned(), "é, \"quoted\"".to_owned()].into(),
        profile: Profile::collect(profile).unwrap(),
        created_at: NOW,
        updated_at: later(1),
        version: 0,
    }
}

pub(crate) fn put_user(user: User, password: Option<&str>) -> Change {
    let sealed_password = password.map(|password| password.as_bytes().to_vec());
    Change::PutUser(Box::new(NewUser { user, sealed_password }))
}

pub(crate) fn session(name: &str, secret: &str) -> Session {
    let id = SessionId::stored(format!("ses{name}"));
    Session {
        auth: authentication(&id),
        id,
        secret_sha256: sha256(secret.as_bytes()),
        user: user_id("alice"),
        created_at: NOW,
        seen_at: later(1),
        idle_ends_at: later(7200),
        ends_at: later(86_400),
        version: 0,
    }
}

fn authentication(session: &SessionId) -> Authentication {
    Authentication {
        at: NOW,
        acr: "urn:okta:loa:1fa:pwd".into(),
        amr: vec!["pwd".into()],
        session: Some(session.clone()),
    }
}

pub(crate) fn family(of_client: &str, of_user: &str) -> Family {
    let session = SessionId::stored(format!("ses{of_user}"));
    Family {
        id: FamilyId::generate(),
        server: ServerId::org(),
        client: client(of_client),
        user: user_id(of_user),
        generation: 0,
        rotated_at: NOW,
        idle_ends_at: later(7 * 86_400),
        ends_at: UnixTime::MAX,
        revoked: false,
        forget_at: later(8 * 86_400),
        body: FamilyBody {
            grant_type: "authorization_code".into(),
            scopes: scopes("openid offline_access read:orders"),
            audience: Audience::parse("api://orders").unwrap(),
            resources: Vec::new(),
            auth: Some(authentication(&session)),
            userinfo_claims: vec!["email".into()],
            id_token_claims: vec![],
            began_at: NOW,
        },
        session: Some(session),
    }
}

pub(crate) fn open_family(family: &Family) -> Change {
    Change::OpenFamily(Box::new(family.clone()))
}

pub(crate) fn rotate(id: &FamilyId, from: u32, to: u32) -> Change {
    Change::MoveFamily {
        id: id.clone(),
        from,
        to,
        rotated_at: later(60),
        idle_ends_at: later(9 * 86_400),
        forget_at: later(10 * 86_400),
    }
}

pub(crate) fn consent_key(server: &str, client_id: &str, user: &str) -> ConsentKey {
    ConsentKey {
        server: ServerId::parse(server).unwrap(),
        client: client(client_id),
        user: user_id(user),
    }
}

pub(crate) fn is_conflict<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict))
}

pub(crate) fn is_changed<T>(result: &Result<T, StoreError>, what: Contested) -> bool {
    matches!(result, Err(StoreError::Changed(changed)) if *changed == what)
}

/// Four commits at once, from two nodes. One of them succeeds, and the others lose.
pub(crate) async fn one_of_four_wins(
    nodes: &[Node; 2],
    changes: impl Fn(usize) -> Vec<Change>,
    of: Contested,
) {
    let racers: Vec<_> = (0..4)
        .map(|racer| {
            let (store, changes) = (nodes[racer % 2].clone(), changes(racer));
            tokio::spawn(async move { store.commit(&changes).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(()) => won += 1,
            lost => assert!(is_changed(&lost, of), "{lost:?}"),
        }
    }
    assert_eq!(won, 1);
}

/// The numbers of rows in the tables that a commit writes.
pub(crate) async fn counts(place: &Place) -> [i64; 8] {
    let mut counts = [0; 8];
    for (count, table) in counts.iter_mut().zip(TABLES) {
        *count = place.count(table).await;
    }
    counts
}

const TABLES: [&str; 8] = [
    "used_assertion",
    "artifact",
    "refresh_family",
    "user_session",
    "directory_user",
    "consent",
    "revoked_token",
    "audit_event",
];
