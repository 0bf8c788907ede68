//! A deny rule refuses at each endpoint that the policies decide for.

use std::collections::BTreeSet;

use super::*;
use crate::catalog::{Edit, Effect, Entity, EntityKey, Owner, RuleSpec, Scopes, Spec};
use crate::endpoints::authorize::{AuthorizeRequest, Done};
use crate::endpoints::device::{Activation, DeviceAnswer};
use crate::grants::device::UserCode;
use crate::people::session;
use crate::testing::credentials;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Puts a deny rule in front of the others.
async fn deny(world: &World, scopes: &str) {
    let grants = ["client_credentials", "authorization_code", DEVICE, EXCHANGE, JWT_BEARER];
    let spec = RuleSpec {
        priority: 0,
        effect: Effect::Deny,
        grant_types: grants.map(str::to_owned).into(),
        scopes: Scopes::Named(ScopeSet::parse(scopes).unwrap()),
        ..RuleSpec::default()
    };
    let key = EntityKey::rule(&server_id("default"), "all", "none");
    let entity = Entity { key, owner: Owner::File, spec: Spec::from(spec) };
    world.edit(Edit::Put(entity)).await;
}

fn is_denied(error: &CallError) -> bool {
    matches!(error, CallError::DeniedByRule(rule) if rule == "all/none")
}

/// The rules of the refusals of a kind.
async fn rules(world: &World, kind: DecisionKind) -> Vec<String> {
    let refused = world.decisions(kind).await.into_iter();
    let refused = refused.filter(|decision| decision.outcome.as_str() == "access_denied");
    refused.filter_map(|decision| decision.rule).collect()
}

#[tokio::test]
async fn a_deny_rule_refuses_client_credentials_and_is_in_the_audit_log() {
    let world = World::new().await;
    deny(&world, "write").await;
    let ask = |scope| [ALONE, ("scope", scope)];
    assert!(world.token("service", &ask("read")).await.is_ok());
    for scope in ["write", "read write"] {
        assert!(is_denied(&refusal(world.token("service", &ask(scope)).await)), "{scope}");
    }
    assert!(world.token("service", &[ALONE]).await.is_ok(), "only read is a default scope");
    deny(&world, "read").await;
    let refused = world.token("service", &[ALONE]).await.unwrap_err();
    assert!(is_denied(&refused.error) && refused.decision.is_some());
    assert_eq!(crate::error::OAuthError::from(&refused.error).error.as_str(), "access_denied");
    assert_eq!(rules(&world, DecisionKind::TokenGrant).await, ["all/none"; 3]);
}

#[tokio::test]
async fn a_deny_rule_refuses_a_refresh_an_exchange_and_an_assertion() {
    let world = World::new().await;
    let (access, refresh) = world.tokens("openid read write offline_access").await;
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    let exchanging = [
        ("grant_type", EXCHANGE),
        ("subject_token", &*access),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    ];
    assert!(world.token("service", &exchanging).await.is_ok());
    deny(&world, "write").await;
    assert!(is_denied(&refusal(world.token("portal", &refreshing).await)));
    assert!(is_denied(&refusal(world.token("service", &exchanging).await)));
    let read = [("scope", "read")];
    assert!(world.token("portal", &[&refreshing[..], &read].concat()).await.is_ok());
    assert!(world.token("service", &[&exchanging[..], &read].concat()).await.is_ok());
    let assertion = world.assertion(&serde_json::json!({}));
    let asserting = [("grant_type", JWT_BEARER), ("assertion", &*assertion), ("scope", "write")];
    assert!(is_denied(&refusal(world.token("service", &asserting).await)));
    assert_eq!(rules(&world, DecisionKind::TokenGrant).await, ["all/none"; 3]);
}

#[tokio::test]
async fn a_deny_rule_refuses_a_user_who_authorizes_a_client() {
    let world = World::new().await;
    let (session, secret) = session::begin(&world.alice().await.id, NOW);
    world.store.commit(&[Change::OpenSession(Box::new(session))]).await.unwrap();
    let (server, none) = (server_id("default"), BTreeSet::new());
    let authorize = |scope: &'static str| {
        let form = Form::collect([
            ("client_id", "portal"),
            ("response_type", "code"),
            ("redirect_uri", "https://portal.example/cb"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("scope", scope),
        ]);
        let (world, server, none, secret) = (&world, &server, &none, &secret);
        async move {
            let form = form.unwrap();
            let request = AuthorizeRequest {
                server,
                form: &form,
                repeated: none,
                browser: [0; 32],
                session: Some(secret),
                done: Done::default(),
                address: None,
            };
            world.authority.authorize(request).await
        }
    };
    assert!(authorize("read write").await.is_ok());
    deny(&world, "write").await;
    assert!(authorize("read").await.is_ok());
    let refused = authorize("read write").await.unwrap_err();
    assert_eq!(refused.error.to_string(), "the rule all/none denies it");
    assert_eq!(rules(&world, DecisionKind::ScopeDenial).await, ["all/none"]);
}

#[tokio::test]
async fn a_deny_rule_refuses_a_user_who_allows_a_device() {
    let world = World::new().await;
    let user = world.alice().await;
    let (session, _) = session::begin(&user.id, NOW);
    let form = credentials("portal", &[("scope", "write")]);
    let asked = world.authority.authorize_device(request(&server_id("default"), &form)).await;
    let asked = serde_json::to_value(asked.unwrap()).unwrap();
    let user_code = UserCode::parse(asked["user_code"].as_str().unwrap()).unwrap();
    let activation =
        Activation { user_code: &user_code, session: &session, user: &user, address: None };
    let question = world.authority.device_question(&activation).await.unwrap();
    deny(&world, "write").await;
    let refused = world.authority.device_question(&activation).await.unwrap_err();
    assert_eq!(refused.to_string(), "the rule all/none denies it");
    let allow = DeviceAnswer::Allow(&question.scopes);
    assert!(world.authority.answer_device(&activation, allow).await.is_err());
    assert_eq!(rules(&world, DecisionKind::DeviceApproval).await, ["all/none"; 2]);
}
