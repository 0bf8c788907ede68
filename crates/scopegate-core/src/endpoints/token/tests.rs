mod claims;
mod denied;

use std::time::Duration;

use scopegate_claims::ScopeSet;

use super::*;
use crate::audit::{Basis, DecisionKind, RefusedFacts, TriedRule, WantedKind};
use crate::catalog::{ClientId, Edit, Entity, EntityKey, Owner, Scopes, Spec, Status};
use crate::form::Form;
use crate::store::Ledger;
use crate::testing::{NOW, World, claims_of, refusal, request, server_id};

const ALONE: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn all_resources_of_a_request_select_one_audience() {
    let world = World::new().await;
    let (orders, orders2) =
        (("resource", "https://orders.example"), ("resource", "https://orders2.example"));
    let stock = ("resource", "https://stock.example");
    for (resources, audience) in [
        (vec![], Some("api://orders")),
        (vec![orders], Some("api://orders")),
        (vec![stock], Some("api://stock")),
        (vec![orders, orders2], Some("api://orders")),
        (vec![("resource", "api://stock")], Some("api://stock")),
        (vec![orders, stock], None),
        (vec![stock, orders], None),
        (vec![orders, ("resource", "https://x.example")], None),
        (vec![("resource", "https://x.example")], None),
    ] {
        let answer = world.token("service", &[&[ALONE][..], &resources].concat()).await;
        match audience {
            Some(audience) => {
                assert_eq!(claims_of(answer.unwrap().access_token())["aud"], audience);
            }
            None => assert!(matches!(refusal(answer), CallError::InvalidTarget), "{resources:?}"),
        }
    }
}

#[tokio::test]
async fn an_audience_that_was_chosen_before_must_still_exist_and_match_the_resources() {
    let world = World::new().await;
    let catalog = world.authority.catalog();
    let server = catalog.server(&server_id("default")).unwrap().unwrap();
    let select = |chosen: &str, resources: &[&str]| {
        let form = Form::collect(resources.iter().map(|resource| ("resource", *resource))).unwrap();
        let chosen = Audience::parse(chosen).unwrap();
        selected(server, &form, Some(&chosen)).map(Audience::to_string)
    };
    assert_eq!(select("api://stock", &[]).unwrap(), "api://stock");
    assert_eq!(select("api://stock", &["https://stock.example"]).unwrap(), "api://stock");
    for (chosen, resources) in [
        ("api://gone", &[][..]),
        ("api://gone", &["https://stock.example"]),
        ("api://stock", &["https://orders.example"]),
        ("api://stock", &["https://stock.example", "https://orders.example"]),
    ] {
        assert!(matches!(select(chosen, resources), Err(CallError::InvalidTarget)), "{chosen}");
    }
}

#[tokio::test]
async fn a_grant_that_stores_nothing_does_not_wait_for_the_storage_and_uses_the_audit_queue() {
    let world = World::new().await;
    world.store.hold_commits();
    let answer = world.token("service", &[ALONE, ("scope", "write")]).await.unwrap();
    world.store.repair();
    let [event] = &world.decisions(DecisionKind::TokenGrant).await[..] else {
        panic!("one event is expected")
    };
    let jti = claims_of(answer.access_token())["jti"].as_str().unwrap().to_owned();
    assert_eq!((event.outcome.as_str(), event.token_id.as_deref()), ("ALLOW", Some(&*jti)));
    assert_eq!((event.scope.as_str(), event.rule.as_deref()), ("write", Some("all/all")));
    assert_eq!(event.grant_type.as_deref(), Some("client_credentials"));
    assert_eq!((&event.user, &event.family, &event.reason), (&None, &None, &None));

    let refused = world.token("service", &[ALONE]).await;
    assert!(matches!(refusal(refused), CallError::AuditQueueFull), "the queue is closed");
}

#[tokio::test]
async fn a_grant_and_its_audit_event_are_committed_together_or_no_token_is_issued() {
    let world = World::new().await;
    let code = world.code("read offline_access").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", "https://portal.example/cb"),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ];
    world.store.lose_races(3);
    let refused = world.token("portal", &form).await;
    assert!(matches!(refusal(refused), CallError::Storage(_)));
    assert_eq!(world.store.sizes().families, 0);
    world.store.lose_races(2);
    let answer = world.token("portal", &form).await.unwrap();
    let [event] = &world.decisions(DecisionKind::TokenGrant).await[..] else {
        panic!("one event is expected")
    };
    let jti = claims_of(answer.access_token())["jti"].as_str().unwrap().to_owned();
    assert_eq!(event.family, token::TokenId::family_of(&jti).map(String::from));
    assert!(event.family.is_some() && event.user.is_some());
}

#[tokio::test]
async fn a_clients_assertion_is_used_up_when_a_token_is_issued() {
    let world = World::new().await;
    let assertion = world.assertion(&serde_json::json!({ "iss": "signer", "sub": "signer" }));
    let form = Form::collect([
        ALONE,
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ]);
    let (form, server) = (form.unwrap(), server_id("default"));
    assert!(world.authority.token(request(&server, &form)).await.is_ok());
    let refused = refusal(world.authority.token(request(&server, &form)).await);
    assert!(matches!(refused, CallError::InvalidClient("the assertion was used before")));
    let forgotten = NOW.plus(Duration::from_secs(60 + 60 + 600));
    world.store.forget_expired(forgotten.minus(Duration::from_secs(1))).await.unwrap();
    assert_eq!(world.store.sizes().assertions, 1);
    let [granted, refused] = &world.decisions(DecisionKind::TokenGrant).await[..] else {
        panic!("two events are expected")
    };
    assert_eq!((granted.outcome.as_str(), refused.outcome.as_str()), ("ALLOW", "invalid_client"));
}

async fn vouched(
    world: &World,
    server: &str,
    client: &str,
    form: &[(&str, &str)],
    lifetime: u64,
) -> Result<TokenResponse, Refused> {
    let form = Form::collect(form.iter().copied()).unwrap();
    let request = VouchedRequest {
        server: &server_id(server),
        client: &ClientId::parse(client).unwrap(),
        form: &form,
        lifetime: Duration::from_secs(lifetime),
    };
    world.authority.token_as_administrator(request).await
}

#[tokio::test]
async fn an_administrator_gets_only_client_credentials_tokens_that_live_no_longer_than_the_rule() {
    let world = World::new().await;
    for (lifetime, expected) in [(60, 60), (600, 600), (6000, 600)] {
        let answer = vouched(&world, "default", "service", &[ALONE], lifetime).await.unwrap();
        let claims = claims_of(answer.access_token());
        assert_eq!(claims["exp"], NOW.as_seconds() + expected);
        assert_eq!(claims["cid"], "service");
    }
    let code = vouched(&world, "default", "portal", &[("grant_type", "authorization_code")], 60);
    assert!(matches!(refusal(code.await), CallError::UnsupportedGrantType));
    let unknown = vouched(&world, "default", "nobody", &[ALONE], 60).await;
    assert!(matches!(refusal(unknown), CallError::InvalidClient(_)));
    let nowhere = vouched(&world, "nowhere", "service", &[ALONE], 60).await;
    assert!(matches!(refusal(nowhere), CallError::UnknownServer));
    let scope = vouched(&world, "default", "service", &[ALONE, ("scope", "x")], 60).await;
    assert!(scope.unwrap_err().decision.is_some(), "the refusal is recorded");
    world.change_client("service", |spec| spec.status = Status::Inactive).await;
    let inactive = vouched(&world, "default", "service", &[ALONE], 60).await;
    assert!(matches!(refusal(inactive), CallError::InvalidClient(_)));
    let events = world.decisions(DecisionKind::TokenGrant).await;
    assert_eq!(events.len(), 4);
    let allowed = events.iter().filter(|event| event.outcome == crate::audit::Outcome::Allow);
    let vouched = Some("An administrator vouched for the client.");
    assert!(
        allowed.clone().count() == 3
            && allowed.clone().all(|event| event.reason.as_deref() == vouched)
    );
}

#[tokio::test]
async fn debug_of_a_token_response_hides_the_token_and_json_has_its_type_and_lifetime() {
    let world = World::new().await;
    let answer = world.token("service", &[ALONE]).await.unwrap();
    assert!(!format!("{answer:?}").contains(answer.access_token()));
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"Bearer".into(), &600.into()));
}

/// The basis of the only decision of this world.
async fn basis(world: &World) -> Basis {
    let mut decisions = world.decisions(DecisionKind::TokenGrant).await;
    assert_eq!(decisions.len(), 1);
    decisions.remove(0).basis
}

#[tokio::test]
async fn a_grant_records_the_catalog_version_and_the_lifetime_and_no_facts() {
    let world = World::new().await;
    world.token("service", &[ALONE]).await.unwrap();
    let catalog = Some(world.authority.catalog().version());
    let lifetime = Some(Duration::from_secs(600));
    assert_eq!(basis(&world).await, Basis { catalog, lifetime, ..Basis::default() });
}

#[tokio::test]
async fn a_refusal_by_policies_records_the_rules_that_were_tried_and_the_facts() {
    let world = World::new().await;
    let form = [ALONE, ("scope", "secret read"), ("resource", "https://stock.example")];
    world.token_at("default", "service", &form).await.unwrap_err();
    let basis = basis(&world).await;
    assert_eq!(basis.catalog, Some(world.authority.catalog().version()));
    let facts = RefusedFacts {
        grant_type: "client_credentials".to_owned(),
        wanted: WantedKind::Named,
        scopes: "secret read".to_owned(),
        resources: vec!["https://stock.example".to_owned()],
        client_auth: "client_secret_post".to_owned(),
        ..RefusedFacts::default()
    };
    assert_eq!(basis.facts, Some(Box::new(facts)));

    let world = World::new().await;
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("scope", "write")];
    let assertion = world.assertion(&serde_json::json!({}));
    let rule = EntityKey::rule(&server_id("default"), "all", "all");
    world.edit(Edit::Delete(rule)).await;
    world.token("service", &[&form[..], &[("assertion", &assertion)]].concat()).await.unwrap_err();
    let decisions = world.decisions(DecisionKind::TokenGrant).await;
    assert_eq!(decisions[0].user.as_deref(), Some(crate::testing::ALICE));
    let facts = decisions[0].basis.facts.as_ref().unwrap();
    assert_eq!(facts.groups, ["staff".to_owned()].into());
    assert_eq!(facts.tried, []);
}

#[tokio::test]
async fn a_refusal_counts_scopes_and_resources_that_the_server_lacks_and_does_not_record_them() {
    let world = World::new().await;
    let form = [ALONE, ("scope", "read s3cret"), ("resource", "https://user:s3cret@x.example")];
    world.token("service", &form).await.unwrap_err();
    let facts = basis(&world).await.facts.unwrap();
    assert_eq!((facts.unknown_scopes, facts.unknown_resources), (1, 1));
    let json = serde_json::to_string(&*facts).unwrap();
    assert!(json.contains("read") && !json.contains("s3cret"), "{json}");
}

#[tokio::test]
async fn a_refusal_before_the_policies_records_the_request_and_no_rules() {
    let world = World::new().await;
    let form = [("grant_type", "authorization_code"), ("scope", "read")];
    world.token("service", &form).await.unwrap_err();
    let facts = basis(&world).await.facts.unwrap();
    assert_eq!((facts.grant_type.as_str(), facts.scopes.as_str()), ("authorization_code", "read"));
    assert_eq!(facts.tried, []);
}

#[tokio::test]
async fn the_trace_of_a_refusal_names_the_rules_and_the_conditions_that_failed() {
    let world = World::new().await;
    let key = EntityKey::rule(&server_id("default"), "all", "all");
    let catalog = world.authority.catalog();
    let Some(Entity { spec: Spec::Rule(mut spec), .. }) = catalog.entity(&key) else {
        unreachable!("the rule exists")
    };
    spec.scopes = Scopes::Named(ScopeSet::parse("read").unwrap());
    let entity = Entity { key, owner: Owner::File, spec: Spec::Rule(spec) };
    world.edit(Edit::Put(entity)).await;
    world.token("service", &[ALONE, ("scope", "write")]).await.unwrap_err();
    let tried = TriedRule("all".to_owned(), "all".to_owned(), Some("scopes".to_owned()));
    assert_eq!(basis(&world).await.facts.unwrap().tried, [tried]);
}
