//! What the answers of hooks change, and what hooks are told.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_hook_changes_the_token() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Answers(adds("plan", "gold")));
    assert_eq!(claims(&world).await["plan"], "gold");
    services.set("a", Does::Answers(""));
    assert_eq!(claims(&world).await.get("plan"), None, "204 changes nothing");
    let of = |seconds: u64| {
        let path = "/token/lifetime/expiration";
        command("access", &json!([{ "op": "replace", "path": path, "value": seconds }]))
    };
    services.set("a", Does::Answers(of(86_400)));
    assert_eq!(lifetime(&token(&world).await.unwrap()), 86_400);
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_told_about_the_request_in_okta_s_format() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    token(&world).await.unwrap();
    let (_, body) = services.calls().remove(0);
    let text =
        |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(text("/eventType"), "com.okta.oauth2.tokens.transform");
    assert_eq!(text("/eventTypeVersion"), "1.0");
    assert_eq!(text("/cloudEventVersion"), "0.1");
    assert_eq!(text("/contentType"), "application/json");
    assert_eq!(text("/eventTime"), "2027-01-15T08:00:00.000Z");
    assert_eq!(text("/source"), "https://id.example/oauth2/default/v1/token");
    assert_eq!(text("/data/context/request/method"), "POST");
    assert_eq!(text("/data/context/request/url/value"), text("/source"));
    assert_eq!(text("/data/context/protocol/type"), "OAUTH2.0");
    assert_eq!(text("/data/context/protocol/request/grant_type"), "client_credentials");
    assert_eq!(text("/data/context/protocol/request/scope"), "read write");
    assert_eq!(text("/data/context/protocol/client/type"), "CONFIDENTIAL");
    assert_eq!(text("/data/context/protocol/issuer/uri"), "https://id.example/oauth2/default");
    assert_eq!(text("/data/access/claims/cid"), "service");
    assert_eq!(text("/data/access/claims/sub"), "service");
    assert_eq!(text("/data/access/claims/aud"), "api://orders");
    assert_eq!(body["data"]["access"]["token"]["lifetime"]["expiration"], 600);
    assert_eq!(body["data"]["access"]["scopes"]["read"]["action"], "GRANT");
    assert!(text("/data/context/policy/id").starts_with("00p"), "{body}");
    assert!(text("/data/context/policy/rule/id").starts_with("0pr"), "{body}");
    assert!(text("/data/access/scopes/read/id").starts_with("scp"), "{body}");
    for absent in ["user", "session"] {
        assert!(body["data"]["context"].get(absent).is_none(), "no user takes part");
    }
    assert!(body["data"].get("identity").is_none());
    let written = body.to_string();
    assert!(!written.contains(crate::testing::SECRET), "no secret of the client");
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_a_hook_takes_away_is_not_granted() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let drops = |names: &[&str]| -> &'static str {
        let operation = |name: &&str| json!({ "op": "remove", "path": format!("/scopes/{name}") });
        let operations: Vec<Value> = names.iter().map(operation).collect();
        let command = json!([{ "type": "com.scopegate.scopes.patch", "value": operations }]);
        json!({ "commands": command }).to_string().leak()
    };
    services.set("a", Does::Answers(drops(&["write"])));
    let response = token(&world).await.unwrap();
    assert_eq!(json!(response)["scope"], "read");
    assert_eq!(claims_of(response.access_token())["scope"], "read");
    services.set("a", Does::Answers(drops(&["read", "write"])));
    assert!(matches!(refusal(token(&world).await), CallError::HooksLeftNoScope));
    let decisions = world.decisions(DecisionKind::TokenGrant).await;
    let granted: Vec<_> = decisions.iter().filter(|it| it.outcome == Outcome::Allow).collect();
    assert_eq!((decisions.len(), granted.len(), granted[0].scope.as_str()), (2, 1, "read"));
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_of_a_scope_is_the_longest_that_a_hook_may_set() {
    let (world, services) = world().await;
    let key = EntityKey::rule(&server_id("default"), "all", "all");
    let Some(Spec::Rule(rule)) = world.authority.catalog().entity(&key).map(|it| it.spec) else {
        panic!("the world has the rule")
    };
    let scope_lifetimes = [("write".to_owned(), Duration::from_secs(400))].into();
    let spec = Spec::from(RuleSpec { scope_lifetimes, ..*rule });
    world.edit(Edit::Put(Entity { key, owner: Owner::File, spec })).await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let path = "/token/lifetime/expiration";
    let operation = json!([{ "op": "replace", "path": path, "value": 3600 }]);
    services.set("a", Does::Answers(command("access", &operation)));
    assert_eq!(lifetime(&token(&world).await.unwrap()), 400);
    let read = [("grant_type", "client_credentials"), ("scope", "read")];
    assert_eq!(lifetime(&world.token("service", &read).await.unwrap()), 3600);
}

#[tokio::test(start_paused = true)]
async fn a_row_becomes_claims_and_no_row_is_a_failure() {
    let (world, services) = world().await;
    world.add_hook("plan", sql()).await;
    *services.row.lock().unwrap() = Some(BTreeMap::from([("plan".to_owned(), json!("gold"))]));
    assert_eq!(claims(&world).await["plan"], "gold");
    *services.row.lock().unwrap() = Some(BTreeMap::from([("plan".to_owned(), Value::Null)]));
    assert_eq!(claims(&world).await.get("plan"), None);
    *services.row.lock().unwrap() = None;
    assert_eq!(failed_by(token(&world).await), "sql_no_row");
}

#[tokio::test(start_paused = true)]
async fn a_decision_records_which_hooks_ran_with_what_outcome_and_no_value() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Closed, "client.id")).await;
    world.add_hook("b", http(OnFailure::Open)).await;
    services.set("a", Does::Answers(adds("plan", "confidential")));
    services.set("b", Does::Fails(HookFailure::Status(503)));
    token(&world).await.unwrap();
    token(&world).await.unwrap();
    let decisions = world.decisions(DecisionKind::TokenGrant).await;
    let shown = |place: usize| -> Vec<(String, HookOutcome, Option<String>)> {
        let runs = decisions[place].basis.hooks.iter();
        runs.map(|run| (run.name.clone(), run.outcome, run.failure.clone())).collect()
    };
    let open = ("b".to_owned(), HookOutcome::Open, Some("status".to_owned()));
    assert_eq!(shown(0), [("a".to_owned(), HookOutcome::Answered, None), open.clone()]);
    assert_eq!(shown(1), [("a".to_owned(), HookOutcome::Cached, None), open]);
    for event in world.events() {
        assert!(!event.to_json().contains("confidential"));
    }
}

#[tokio::test(start_paused = true)]
async fn sub_and_aud_of_the_token_change_where_the_catalog_allows_it() {
    let (world, services) = world().await;
    let may_set: BTreeSet<_> = [SettableClaim::Sub, SettableClaim::Aud].into();
    world.add_hook("a", HookSpec { may_set, ..http(OnFailure::Closed) }).await;
    let operations = json!([
        { "op": "replace", "path": "/claims/sub", "value": "machine-7" },
        { "op": "replace", "path": "/claims/aud", "value": "api://stock" },
    ]);
    services.set("a", Does::Answers(command("access", &operations)));
    let claims = claims(&world).await;
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("machine-7"), &json!("api://stock")));
    assert_eq!(claims["client_id"], "service");
}
