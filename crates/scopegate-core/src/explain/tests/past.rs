//! Decisions that happened.

use std::time::Duration;

use serde_json::json;

use super::super::*;
use super::CC;
use crate::audit::{
    AuditEvent, Basis, ClientDecision, DecisionKind, Outcome, RefusedFacts, TriedRule, WantedKind,
    What,
};
use crate::catalog::{Edit, EntityKey};
use crate::store::{Change, Ledger};
use crate::testing::{ALICE, NOW, World, server_id};

/// A refusal of alice by a rule for admins.
fn refused(basis: Basis) -> ClientDecision {
    ClientDecision {
        kind: DecisionKind::ScopeDenial,
        server: "default".to_owned(),
        client: "portal".to_owned(),
        grant_type: Some("authorization_code".to_owned()),
        outcome: Outcome::Refused("access_denied".into()),
        reason: Some("No access policy allows this client these scopes by this grant.".into()),
        scope: "read write".to_owned(),
        rule: None,
        token_id: None,
        user: Some(ALICE.to_owned()),
        family: None,
        basis,
    }
}

fn facts(world: &World) -> Basis {
    let facts = RefusedFacts {
        grant_type: "authorization_code".to_owned(),
        wanted: WantedKind::Named,
        scopes: "read write".to_owned(),
        groups: ["guests".to_owned()].into(),
        acr: Some("urn:okta:loa:1fa:pwd".to_owned()),
        auth_time: Some(NOW),
        tried: vec![TriedRule("all".to_owned(), "all".to_owned(), Some("groups".to_owned()))],
        ..RefusedFacts::default()
    };
    let catalog = Some(world.authority.catalog().version());
    Basis { catalog, lifetime: None, facts: Some(Box::new(facts)), hooks: Vec::new() }
}

async fn explained(world: &World, decision: ClientDecision) -> Explanation {
    let (id, what) = (DecisionId::at(NOW), What::Decision(Box::new(decision)));
    let event = AuditEvent { id, at: NOW, address: Some("192.0.2.7".to_owned()), what };
    world.store.commit(&[Change::Audit(event)]).await.unwrap();
    world.authority.explain_decision(id).await.unwrap()
}

/// Only admins may have the scopes.
async fn for_admins(world: &World) {
    let rule = EntityKey::rule(&server_id("default"), "all", "all");
    let mut entity = world.authority.catalog().entity(&rule).unwrap();
    let crate::catalog::Spec::Rule(mut spec) = entity.spec else { unreachable!("it is a rule") };
    spec.groups = ["admins".to_owned()].into();
    entity.spec = crate::catalog::Spec::Rule(spec);
    world.edit(Edit::Put(entity)).await;
}

#[tokio::test]
async fn a_refusal_is_explained_with_the_groups_of_its_time() {
    let world = World::new().await;
    for_admins(&world).await;
    // Alice is an admin today.
    world.change_alice(|user| user.groups = ["admins".to_owned()].into()).await;
    let told = explained(&world, refused(facts(&world))).await;
    assert_eq!((told.outcome, told.error.as_deref()), (Kind::NoMatch, Some("access_denied")));
    let failed = json!({ "condition": "groups", "wanted": "admins", "found": "guests" });
    assert_eq!(json!(told.rules[0].failed), failed);
    assert_eq!(told.suggestions, ["add alice to the group `admins`", "ask without `read`"][..1]);
}

#[tokio::test]
async fn if_the_rules_decide_otherwise_today_only_what_was_recorded_is_shown() {
    let world = World::new().await;
    let told = explained(&world, refused(facts(&world))).await;
    assert_eq!((told.outcome, told.error.as_deref()), (Kind::NoMatch, Some("access_denied")));
    assert_eq!(told.rules.len(), 1);
    let failed = json!({ "condition": "groups", "wanted": "", "found": "" });
    assert_eq!(json!(told.rules[0].failed), failed);
    assert!(told.suggestions.is_empty() && told.access_token.is_none());
    assert!(told.to_string().contains("all/all  groups: does not hold"), "{told}");
}

#[tokio::test]
async fn a_recorded_deny_rule_that_did_not_match_is_shown_as_a_deny_rule() {
    let world = World::new().await;
    let rule = EntityKey::rule(&server_id("default"), "all", "all");
    let mut entity = world.authority.catalog().entity(&rule).unwrap();
    let crate::catalog::Spec::Rule(mut spec) = entity.spec else { unreachable!("it is a rule") };
    spec.effect = crate::catalog::Effect::Deny;
    entity.spec = crate::catalog::Spec::Rule(spec);
    world.edit(Edit::Put(entity)).await;
    // The rules decide otherwise today, so that only what was recorded is shown.
    let told = explained(&world, refused(facts(&world))).await;
    assert_eq!(told.rules[0].effect, crate::catalog::Effect::Deny);
    assert!(told.to_string().contains("all/all (deny)  groups: does not hold"), "{told}");
}

#[tokio::test]
async fn a_recorded_refusal_has_the_methods_of_its_sign_in() {
    let world = World::new().await;
    let rule = EntityKey::rule(&server_id("default"), "all", "all");
    let mut entity = world.authority.catalog().entity(&rule).unwrap();
    let crate::catalog::Spec::Rule(mut spec) = entity.spec else { unreachable!("it is a rule") };
    let when = "!('otp' in session.amr)";
    let wanted = crate::expression::Wanted::Boolean;
    spec.when = Some(crate::expression::Expression::parse(when, wanted).unwrap());
    entity.spec = crate::catalog::Spec::Rule(spec);
    world.edit(Edit::Put(entity)).await;
    let mut basis = facts(&world);
    basis.facts.as_mut().unwrap().amr = vec!["otp".to_owned()];
    let told = explained(&world, refused(basis)).await;
    assert_eq!(told.rules[0].failed.as_ref().unwrap().condition, "when");
}

#[tokio::test]
async fn an_event_of_an_earlier_version_is_explained_by_the_present_catalog() {
    let world = World::new().await;
    for_admins(&world).await;
    let told = explained(&world, refused(Basis::default())).await;
    assert_eq!(told.outcome, Kind::NoMatch);
    assert_eq!(told.rules[0].failed.as_ref().unwrap().found, "staff");
    assert!(told.notes[1].contains("earlier version"), "{:?}", told.notes);
}

#[tokio::test]
async fn a_refusal_that_no_rule_made_keeps_its_reason() {
    let world = World::new().await;
    let reason = Some("The grant is not valid.".into());
    let outcome = Outcome::Refused("invalid_grant".into());
    let decision = ClientDecision { outcome, reason, ..refused(Basis::default()) };
    let told = explained(&world, decision).await;
    assert_eq!((told.outcome, told.error.as_deref()), (Kind::Deny, Some("invalid_grant")));
    assert_eq!(told.reason.as_deref(), Some("The grant is not valid."));
}

#[tokio::test]
async fn a_grant_is_explained_by_its_rule_scopes_and_lifetime() {
    let world = World::new().await;
    let basis = Basis {
        catalog: Some(world.authority.catalog().version()),
        lifetime: Some(Duration::from_secs(333)),
        facts: None,
        hooks: Vec::new(),
    };
    let granted = |rule: &str| ClientDecision {
        kind: DecisionKind::TokenGrant,
        client: "service".to_owned(),
        grant_type: Some(CC.to_owned()),
        outcome: Outcome::Allow,
        reason: None,
        scope: "read".to_owned(),
        rule: Some(rule.to_owned()),
        user: None,
        ..refused(basis.clone())
    };
    let told = explained(&world, granted("all/all")).await;
    assert_eq!(told.outcome, Kind::Allow);
    assert_eq!(told.granted.unwrap().access_token_lifetime, Some(333));
    assert!(!told.claims.is_empty());
    // Another rule decides today.
    let told = explained(&world, granted("gone/rule")).await;
    let shown = told.granted.unwrap();
    assert_eq!((shown.rule.as_str(), shown.scopes), ("gone/rule", vec!["read".to_owned()]));
    assert!(told.claims.is_empty() && told.rules.is_empty());
}

#[tokio::test]
async fn the_decision_of_a_user_who_was_deleted_is_told_as_recorded() {
    let world = World::new().await;
    for_admins(&world).await;
    let gone = Some("00u00000000000000099".to_owned());
    let told = explained(&world, ClientDecision { user: gone, ..refused(facts(&world)) }).await;
    assert_eq!(told.outcome, Kind::NoMatch);
    assert!(told.notes.iter().any(|note| note.contains("does not exist any more")));
}

#[tokio::test]
async fn of_a_decision_that_no_rule_makes_only_what_was_recorded_is_shown() {
    let world = World::new().await;
    let (kind, reason) = (DecisionKind::Introspection, None);
    let outcome = Outcome::Allow;
    let decision = ClientDecision { kind, outcome, reason, ..refused(Basis::default()) };
    let told = explained(&world, decision).await;
    assert_eq!((told.outcome, told.granted.is_none()), (Kind::Allow, true));
    assert!(told.claims.is_empty() && told.to_string().starts_with("ALLOWED\n"), "{told}");
}

#[tokio::test]
async fn events_that_are_no_decisions_are_not_explained() {
    let world = World::new().await;
    let unknown = world.authority.explain_decision(DecisionId::at(NOW)).await.unwrap_err();
    assert!(matches!(unknown, CannotTell::UnknownDecision(_)));
    let id = DecisionId::at(NOW);
    let what = What::SessionStarted { user: ALICE.to_owned() };
    let event = AuditEvent { id, at: NOW, address: None, what };
    world.store.commit(&[Change::Audit(event)]).await.unwrap();
    let other = world.authority.explain_decision(id).await.unwrap_err();
    assert!(matches!(other, CannotTell::NotADecision { .. }), "{other}");
}
