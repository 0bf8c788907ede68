//! Claims by expression, and by groups that a regular expression matches.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::catalog::{
    ClaimExpression, ClaimSource, ClaimSpec, Edit, Entity, EntityKey, EntityKind, OnError, Owner,
    Spec, TokenKind,
};
use crate::directory::Profile;
use crate::error::OAuthError;
use crate::expression::{self, Expression, Pattern, Work};

async fn claim(world: &World, server: &str, name: &str, spec: ClaimSpec) {
    let key = EntityKey::of_server(EntityKind::Claim, &server_id(server), name);
    let entity = Entity { key, owner: Owner::File, spec: Spec::Claim(spec) };
    world.edit(Edit::Put(entity)).await;
}

fn computed(text: &str, on_error: OnError) -> ClaimSpec {
    let text = Expression::parse(text, expression::Wanted::Value).unwrap();
    let value = ClaimSource::Expression(ClaimExpression { text, on_error });
    ClaimSpec { token: TokenKind::Access, value, scopes: Vec::new(), status: Status::Active }
}

async fn expression(world: &World, name: &str, text: &str) {
    claim(world, "default", name, computed(text, OnError::Omit)).await;
}

async fn alone(world: &World, more: &[(&str, &str)]) -> Value {
    let answer = world.token("service", &[&[ALONE][..], more].concat()).await.unwrap();
    claims_of(answer.access_token())
}

#[tokio::test]
async fn an_expression_reads_the_client_the_server_and_the_request() {
    let world = World::new().await;
    let tenant = |spec: &mut crate::catalog::ClientSpec| {
        spec.attributes = [("tenant".to_owned(), json!("acme"))].into();
    };
    world.change_client("service", tenant).await;
    for (name, text) in [
        ("tenant", "client.attributes.tenant + \"/\" + client.id"),
        ("kind", "client.type"),
        ("server", "server.id"),
        ("audience", "server.audience"),
        ("asked", "scopes"),
        ("grant", "request.grant_type"),
        ("resource", "has(request.resource) ? request.resource : \"none\""),
        ("when", "request.time"),
        ("has_user", "has(user.login) || has(session.acr)"),
    ] {
        expression(&world, name, text).await;
    }
    let claims = alone(&world, &[]).await;
    for (name, value) in [
        ("tenant", json!("acme/service")),
        ("kind", json!("service")),
        ("server", json!("default")),
        ("audience", json!("api://orders")),
        ("asked", json!(["read"])),
        ("grant", json!("client_credentials")),
        ("resource", json!("none")),
        ("when", json!(NOW)),
        ("has_user", json!(false)),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    let asks = [("scope", "read write"), ("resource", "https://stock.example")];
    let claims = alone(&world, &asks).await;
    assert_eq!(claims["asked"], json!(["read", "write"]));
    assert_eq!(claims["audience"], json!("api://stock"));
    assert_eq!(claims["resource"], json!("https://stock.example"));
}

#[tokio::test]
async fn an_expression_reads_the_user_and_the_sign_in_also_after_a_refresh() {
    let world = World::new().await;
    let profile = Profile::collect([("department".to_owned(), json!("sales"))]).unwrap();
    world.change_alice(|alice| alice.profile = profile).await;
    expression(&world, "department", "user.profile.department.upperAscii()").await;
    expression(&world, "who", "[user.login, user.id, session.acr] + user.groups + session.amr")
        .await;
    expression(&world, "grant", "request.grant_type").await;
    expression(&world, "asked", "scopes").await;
    let (access, refresh) = world.tokens("openid read offline_access").await;
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    let answer = world.token("portal", &refreshing).await.unwrap();
    for claims in [claims_of(&access), claims_of(answer.access_token())] {
        assert_eq!(claims["department"], "SALES");
        let who =
            ["alice", claims["uid"].as_str().unwrap(), "urn:okta:loa:1fa:pwd", "staff", "pwd"];
        assert_eq!(claims["who"], json!(who));
        assert_eq!(claims["grant"], "authorization_code");
        assert_eq!(claims["asked"], json!(["openid", "read", "offline_access"]));
    }
}

#[tokio::test]
async fn the_resource_of_a_code_is_the_one_that_was_requested_with_it() {
    let world = World::new().await;
    expression(&world, "resource", "request.resource").await;
    let requested = |code: &mut grants::code::Issued| {
        code.resources = vec!["https://orders.example".to_owned()];
    };
    let code = world.code_with("read", requested).await;
    let claims = claims_of(world.redeem(&code, &[]).await.unwrap().access_token());
    assert_eq!(claims["resource"], "https://orders.example");
    let code = world.code_with("read", requested).await;
    let again = [("resource", "https://orders2.example")];
    let claims = claims_of(world.redeem(&code, &again).await.unwrap().access_token());
    assert_eq!(claims["resource"], "https://orders2.example");
}

#[tokio::test]
async fn a_claim_that_is_null_or_fails_is_left_out() {
    let world = World::new().await;
    expression(&world, "nothing", "null").await;
    expression(&world, "failing", "user.login").await;
    expression(&world, "false", "false").await;
    let claims = alone(&world, &[]).await;
    assert!(claims.get("nothing").is_none() && claims.get("failing").is_none(), "{claims}");
    assert_eq!(claims["false"], false);
    // Null is a value, not a failure.
    claim(&world, "default", "nothing", computed("null", OnError::Refuse)).await;
    assert!(alone(&world, &[]).await.get("nothing").is_none());
}

#[tokio::test]
async fn a_required_claim_that_fails_refuses_the_token_and_is_explained_without_values() {
    let world = World::new().await;
    let tenant = |spec: &mut crate::catalog::ClientSpec| {
        spec.attributes = [("tenant".to_owned(), json!("acme"))].into();
    };
    world.change_client("service", tenant).await;
    let failing = computed("client.attributes.tenant + client.attributes.region", OnError::Refuse);
    claim(&world, "default", "region", failing).await;
    let refused = world.token("service", &[ALONE]).await.unwrap_err();
    assert!(refused.decision.is_some());
    let shown = refused.error.to_string();
    assert_eq!(
        shown,
        "the claim \"region\" cannot be computed: character 46 of the expression, at \"region\": there is no such member"
    );
    let answer = OAuthError::from(&refused.error);
    assert_eq!((answer.status, answer.error.as_str()), (400, "server_error"));
    assert_eq!(answer.description, "A claim of the token cannot be computed.");
    let decisions = world.decisions(DecisionKind::TokenGrant).await;
    assert_eq!(
        decisions[0].reason.as_deref().unwrap(),
        "A claim of the token cannot be computed. \"region\": character 46 of the expression, at \"region\": there is no such member"
    );
}

#[tokio::test]
async fn a_claim_is_only_for_its_server_its_kind_of_token_and_its_scopes() {
    let world = World::new().await;
    expression(&world, "here", "server.id").await;
    let only_write = vec![scopegate_claims::Scope::parse("write").unwrap()];
    let with_write = ClaimSpec { scopes: only_write, ..computed("1 + 1", OnError::Omit) };
    claim(&world, "default", "with_write", with_write).await;
    let of_id_token = ClaimSpec { token: TokenKind::Id, ..computed("user.login", OnError::Omit) };
    claim(&world, "default", "login", of_id_token).await;

    assert_eq!(alone(&world, &[]).await["here"], "default");
    let near = world.token_at("near", "service", &[ALONE]).await.unwrap();
    assert!(claims_of(near.access_token()).get("here").is_none());
    assert!(alone(&world, &[("scope", "read")]).await.get("with_write").is_none());
    assert_eq!(alone(&world, &[("scope", "read write")]).await["with_write"], 2);
    let code = world.code("openid read").await;
    let answer = world.redeem(&code, &[]).await.unwrap();
    assert_eq!(claims_of(answer.id_token().unwrap())["login"], "alice");
    let access = claims_of(answer.access_token());
    assert!(access.get("login").is_none() && access["here"] == "default", "{access}");
}

#[tokio::test]
async fn an_expression_never_sets_a_reserved_claim() {
    let world = World::new().await;
    expression(&world, "sub", "\"forged\"").await;
    expression(&world, "scp", "[\"forged\"]").await;
    assert!(!alone(&world, &[("scope", "read")]).await.to_string().contains("forged"));
}

#[tokio::test]
async fn groups_that_a_pattern_matches_are_at_most_100() {
    let world = World::new().await;
    let value = ClaimSource::MatchingGroups(Pattern::parse("^team-\\d+$").unwrap());
    let spec =
        ClaimSpec { token: TokenKind::Access, value, scopes: Vec::new(), status: Status::Active };
    claim(&world, "default", "teams", spec).await;
    let with_groups = async |count: usize| {
        let groups: BTreeSet<_> = (1..=count).map(|n| format!("team-{n}")).collect();
        let others = ["staff", "team-x", "a team-1"].map(String::from);
        world.change_alice(|alice| alice.groups = groups.into_iter().chain(others).collect()).await;
        let code = world.code("read").await;
        world.redeem(&code, &[]).await
    };
    let claims = claims_of(with_groups(2).await.unwrap().access_token());
    assert_eq!(claims["teams"], json!(["team-1", "team-2"]));
    let claims = claims_of(with_groups(100).await.unwrap().access_token());
    assert_eq!(claims["teams"].as_array().unwrap().len(), 100);
    assert!(matches!(refusal(with_groups(101).await), CallError::TooManyGroups));
    assert!(alone(&world, &[]).await.get("teams").is_none(), "no user takes part");
}

#[tokio::test]
async fn each_claim_is_explained_with_its_source() {
    let world = World::new().await;
    let source = |value| ClaimSpec {
        token: TokenKind::Access,
        value,
        scopes: Vec::new(),
        status: Status::Active,
    };
    let starts = crate::catalog::GroupFilter {
        kind: crate::catalog::GroupMatch::StartsWith,
        value: "st".to_owned(),
    };
    expression(&world, "a", "client.id").await;
    expression(&world, "b", "user.profile.region").await;
    claim(&world, "default", "c", computed("1 / 0", OnError::Refuse)).await;
    claim(&world, "default", "d", source(ClaimSource::Constant(json!([1])))).await;
    claim(&world, "default", "e", source(ClaimSource::Groups(starts))).await;
    let pattern = Pattern::parse("^s").unwrap();
    claim(&world, "default", "f", source(ClaimSource::MatchingGroups(pattern))).await;
    claim(&world, "default", "g", source(ClaimSource::UserAttribute("email".to_owned()))).await;
    claim(&world, "default", "h", source(ClaimSource::ClientAttribute("tenant".to_owned()))).await;
    let catalog = world.authority.catalog();
    let server = catalog.server(&server_id("default")).unwrap().unwrap();
    let (alice, resources) = (world.alice().await, []);
    let client = catalog.client("portal").unwrap().unwrap();
    let facts = Facts {
        server,
        client,
        client_auth: client.spec.auth,
        grant_type: "authorization_code",
        user: Some(&alice),
        authentication: None,
        resources: &resources,
        address: None,
        now: NOW,
        wanted: &Wanted::Default,
    };
    let scopes = facts.requested_scopes().unwrap();
    let shown = token::explain_claims(
        server,
        TokenKind::Access,
        &facts.inputs(&scopes),
        &scopes,
        &Work::new(),
    );
    let of = |place: usize| {
        let shown = &shown[place];
        (shown.name.as_str(), shown.value.clone(), shown.source.as_str(), shown.refuses)
    };
    assert_eq!(of(0), ("a", Some(json!("portal")), "expression: client.id", false));
    assert_eq!(of(1), ("b", None, "expression: user.profile.region", false));
    assert_eq!(of(2), ("c", None, "expression: 1 / 0", true));
    assert_eq!(of(3), ("d", Some(json!([1])), "constant", false));
    assert_eq!(of(4), ("e", Some(json!(["staff"])), "groups starting with \"st\"", false));
    assert_eq!(of(5), ("f", Some(json!(["staff"])), "groups matching \"^s\"", false));
    assert_eq!(of(6), ("g", None, "attribute: user.email", false));
    assert_eq!(of(7), ("h", None, "attribute: client.attributes.tenant", false));
    let failures: Vec<_> = shown.iter().map(|shown| shown.failure.as_deref()).collect();
    assert_eq!(
        failures[..4],
        [
            None,
            Some("character 14 of the expression, at \"region\": there is no such member"),
            Some("character 3 of the expression, at \"/\": a division by zero"),
            None,
        ]
    );
}
