//! §6, refreshing an access token: for which clients and users, and with which scopes.

use std::collections::BTreeSet;

use scopegate_core::catalog::{ClientSpec, EntityKey, RuleSpec, Scopes, ServerId, Spec, Status};
use scopegate_core::directory::User;
use scopegate_core::store::{Change, Ledger};
use scopegate_tests::{Answer, claims};

use crate::refresh_families::place::{Place, tokens};
use crate::refresh_families::world::{ALL, USUAL_RULE, catalog, clients};

/// Sends a refresh request with additional parameters.
async fn refresh_with(at: &Place, token: &str, others: &[(&str, &str)]) -> Answer {
    let own = [("grant_type", "refresh_token"), ("refresh_token", token)];
    at.portal().token(&[&own, others].concat()).await
}

/// The scopes in the answer to a refresh.
#[track_caller]
fn scope_of(answer: &Answer) -> BTreeSet<String> {
    let json = answer.clone().expect(200).json();
    json["scope"].as_str().unwrap().split(' ').map(str::to_owned).collect()
}

fn set(text: &str) -> BTreeSet<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[tokio::test]
async fn s6_a_refresh_gives_the_originally_granted_scopes() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let answer = refresh_with(&at, &token, &[("unknown", "x")]).await;
    assert_eq!(scope_of(&answer), set(ALL));
    assert_eq!(answer.header("cache-control"), "no-store");
    let json = answer.json();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"Bearer".into(), &600.into()));
    let claims = claims(json["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], "api://orders");
    assert_eq!(claims["uid"], at.alice.id.as_str());
    assert_eq!(claims["cid"], "portal");
    let family = at.row(&token).await;
    assert_eq!(claims["auth_time"], family.body.auth.unwrap().at.as_seconds());
    assert!(claims["jti"].as_str().unwrap().ends_with(family.id.as_str()));
}

#[tokio::test]
async fn s6_a_wider_scope_is_refused() {
    let at = Place::start().await;
    let token = at.begin_with("portal", "read:orders offline_access").await;
    for wider in ["write:orders", "read:orders write:orders", "openid", "read:orders fly"] {
        let refused = refresh_with(&at, &token, &[("scope", wider)]).await;
        refused.expect_error(400, "invalid_scope");
    }
    assert_eq!(at.row(&token).await.generation, 0, "a refusal must not rotate the token");
    let answer = refresh_with(&at, &token, &[]).await;
    assert_eq!(scope_of(&answer), set("read:orders offline_access"));
}

#[tokio::test]
async fn s6_a_narrower_scope_applies_to_one_access_token() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let narrow = refresh_with(&at, &token, &[("scope", "read:orders")]).await;
    assert_eq!(scope_of(&narrow), set("read:orders"));
    assert!(narrow.json()["id_token"].is_null());
    let (access, next) = tokens(narrow);
    assert_eq!(claims(&access)["scope"], "read:orders");
    assert_eq!(scope_of(&refresh_with(&at, &next, &[]).await), set(ALL));
}

#[tokio::test]
async fn s6_a_token_of_another_client_or_server_is_refused() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    at.as_client("other").refresh(&token).await.expect_error(400, "invalid_grant");
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    for server in ["/oauth2/second", "/oauth2"] {
        let refused = at.portal().post_to(&format!("{server}/v1/token"), &form).await;
        refused.expect_error(400, "invalid_grant");
    }
    let unproven = at.as_public_client("portal").refresh(&token).await;
    unproven.expect_error(401, "invalid_client");
    tokens(at.portal().refresh(&token).await);
}

#[tokio::test]
async fn s6_an_invalid_refresh_token_is_refused() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let (access, _) = tokens(at.as_client("still").refresh(&at.begin("still").await).await);
    let altered = format!("{}{}", if token.starts_with('A') { "B" } else { "A" }, &token[1..]);
    for bad in ["x", &"A".repeat(68), &access, &altered, &token[1..], &format!("{token} ")] {
        let refused = at.portal().refresh(bad).await;
        refused.expect_error(400, "invalid_grant");
        assert!(!refused.body.contains(&token[1..]), "{}", refused.body);
    }
    let missing = at.portal().token(&[("grant_type", "refresh_token")]).await;
    missing.expect_error(400, "invalid_request");
    let twice = refresh_with(&at, &token, &[("refresh_token", &token)]).await;
    twice.expect_error(400, "invalid_request");
    tokens(at.portal().refresh(&token).await);
}

#[tokio::test]
async fn s6_the_policy_may_narrow_or_refuse_but_never_widen() {
    let at = Place::start().await;
    let mut token = at.begin_with("portal", "openid read:orders offline_access").await;
    let mut ask = async |rule: &str| {
        at.apply(catalog().rule("orders", rule)).await;
        let answer = refresh_with(&at, &token, &[]).await;
        if answer.status == 200 {
            token = tokens(answer.clone()).1;
        }
        answer
    };
    let wide = ask("scopes = [\"*\"]").await;
    assert_eq!(scope_of(&wide), set("openid read:orders offline_access"));

    let narrow = ask("scopes = [\"write:orders\"]").await;
    assert_eq!(scope_of(&narrow), set("openid offline_access"));

    for refusing in [
        "groups = [\"elsewhere\"]",
        "users = [\"bob\"]",
        "grant_types = [\"client_credentials\"]",
        "status = \"INACTIVE\"",
    ] {
        ask(refusing).await.expect_error(400, "access_denied");
    }
    // The refusals did not rotate the token. Once the rule allows them again, all scopes are
    // granted again.
    let again = ask("").await;
    assert_eq!(scope_of(&again), set("openid read:orders offline_access"));
}

/// A refresh is decided by the rules for the original grant. A catalog file may not contain a rule
/// for the refresh grant.
#[tokio::test]
async fn s6_a_rule_for_the_refresh_grant_has_no_effect() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let key = EntityKey::rule(&ServerId::default_server(), "all", "orders");
    let grant_types = ["refresh_token".to_owned()].into();
    let rule = RuleSpec { grant_types, scopes: Scopes::Any, ..RuleSpec::default() };
    at.put(key, Spec::from(rule)).await;
    at.portal().refresh(&token).await.expect_error(400, "access_denied");
}

/// The first rule would give fewer scopes. It did not match the original request, and it must not
/// match now.
#[tokio::test]
async fn s6_no_scope_parameter_means_all_originally_granted_scopes() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let smaller = clients()
        .rule("a smaller one", USUAL_RULE)
        .rule("a smaller one", "scopes = [\"read:orders\"]")
        .rule("orders", USUAL_RULE);
    at.apply(smaller).await;
    assert_eq!(scope_of(&refresh_with(&at, &token, &[]).await), set(ALL));
}

#[tokio::test]
async fn a_refresh_is_for_the_original_audience() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let refused = refresh_with(&at, &token, &[("resource", "https://else.example")]).await;
    refused.expect_error(400, "invalid_target");
    assert_eq!(at.row(&token).await.generation, 0);
}

#[tokio::test]
async fn a_suspended_user_cannot_refresh() {
    let at = Place::start().await;
    let (first, second) = (at.begin("portal").await, at.begin("portal").await);
    let (access, first) = tokens(at.portal().refresh(&first).await);
    // Here the user is suspended without revoking their families, so the refusal comes from the
    // status alone.
    let suspended = User { status: Status::Inactive, ..at.alice.clone() };
    let change = Change::MoveUser { from: 0, user: Box::new(suspended) };
    at.store().commit(&[change]).await.unwrap();
    at.portal().refresh(&first).await.expect_error(400, "invalid_grant");
    assert!(!at.holds(&access).await);

    let authority = at.authority();
    authority.set_user_status("alice", Status::Active).await.unwrap();
    let (_, first) = tokens(at.portal().refresh(&first).await);
    authority.set_user_status("alice", Status::Inactive).await.unwrap();
    authority.set_user_status("alice", Status::Active).await.unwrap();
    for ended in [&first, &second] {
        at.portal().refresh(ended).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn an_unassigned_user_cannot_refresh() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let assigned = |users: &[&str], groups: &[&str]| {
        catalog().client("portal", &format!("users = {users:?}\ngroups = {groups:?}"))
    };
    at.apply(assigned(&["bob"], &["elsewhere"])).await;
    at.portal().refresh(&token).await.expect_error(400, "access_denied");
    at.apply(assigned(&["bob"], &["staff"])).await;
    let (_, token) = tokens(at.portal().refresh(&token).await);
    at.apply(assigned(&["alice"], &[])).await;
    tokens(at.portal().refresh(&token).await);
}

/// Okta answers 401 if no policy matches. The client is authenticated, so there is no challenge.
#[tokio::test]
async fn in_the_okta_dialect_only_a_policy_refusal_is_401() {
    let at = Place::start().await;
    let okta = catalog().server("default", "dialect = \"okta\"");
    at.apply(&okta).await;
    let token = at.begin("portal").await;
    at.apply(okta.clone().rule("orders", "status = \"INACTIVE\"")).await;
    let no_rule = refresh_with(&at, &token, &[("scope", "read:orders")]).await;
    no_rule.expect_error(401, "access_denied");
    assert_eq!(no_rule.header("www-authenticate"), "");

    at.apply(okta.client("portal", "users = [\"bob\"]")).await;
    at.portal().refresh(&token).await.expect_error(400, "access_denied");
    // A client that is not authenticated gets a challenge.
    let unknown = at.as_client("nobody").refresh(&token).await;
    unknown.expect_error(401, "invalid_client");
    assert!(unknown.header("www-authenticate").starts_with("Basic realm="));
}

#[tokio::test]
async fn a_client_that_lost_its_grants_cannot_refresh() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let before = at.authority().catalog().client("portal").unwrap().unwrap().spec.clone();
    for left in ["authorization_code", "refresh_token"] {
        let grant_types = [left.to_owned()].into();
        at.put_client("portal", ClientSpec { grant_types, ..before.clone() }).await;
        at.portal().refresh(&token).await.expect_error(400, "unauthorized_client");
    }
    at.put_client("portal", before).await;
    tokens(at.portal().refresh(&token).await);
}

#[tokio::test]
async fn deactivating_a_client_revokes_its_families() {
    let at = Place::start().await;
    let token = at.begin("portal").await;
    let (access, token) = tokens(at.portal().refresh(&token).await);
    at.apply(catalog().client("portal", "status = \"INACTIVE\"")).await;
    at.portal().refresh(&token).await.expect_error(401, "invalid_client");
    assert!(!at.holds(&access).await);
    at.apply(catalog()).await;
    at.portal().refresh(&token).await.expect_error(400, "invalid_grant");
}
