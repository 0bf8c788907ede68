//! What belongs to an authorization server: scopes, claims, policies, rules, keys.

use serde_json::{Value, json};

use super::caller::{Answer, Caller, shown};
use crate::fixture::Fixture;

const MANAGE: &str = "okta.authorizationServers.manage";

/// A server `a` that the API owns.
async fn with_server(at: &Fixture) -> Caller<'_, scopegate_store::SqlStore> {
    let caller = at.admin(MANAGE).await;
    let extras = json!({ "id": "a", "algorithms": ["ES256"] });
    let body = json!({ "name": "A", "audiences": ["api://a"], "_scopegate": extras });
    assert_eq!(caller.post("authorizationServers", &body).await.status, 201);
    caller
}

/// The body without what differs from run to run: ids and links.
fn without_ids(answer: &Answer) -> String {
    let text = shown(answer);
    let mut out = String::new();
    for line in text.lines() {
        let is_random = line.trim_start().starts_with("\"id\":") || line.contains("\"href\":");
        out.push_str(if is_random { "…" } else { line });
        out.push('\n');
    }
    out
}

/// A GET followed by a PUT of the same, with and without the members of ours, changes nothing.
async fn stays<S>(caller: &Caller<'_, S>, path: &str)
where
    S: scopegate_core::store::CatalogStore + scopegate_core::store::KeyStore,
{
    let before = caller.get(path).await;
    let mut body = before.body.clone();
    for _ in 0..2 {
        let put = caller.put_if(path, &before.tag(), &body).await;
        assert_eq!((put.status, &put.body, put.tag()), (200, &before.body, before.tag()), "{path}");
        body.as_object_mut().unwrap().remove("_scopegate");
    }
}

#[tokio::test]
async fn a_scope_is_created_read_renamed_and_deleted() {
    let at = Fixture::start().await;
    let caller = with_server(&at).await;
    let all = "authorizationServers/a/scopes";
    let body = json!({
        "name": "car:drive", "displayName": "Drive", "description": "Drive a car",
        "consent": "REQUIRED", "metadataPublish": "ALL_CLIENTS", "optional": true,
    });
    let created = caller.post(all, &body).await;
    insta::assert_snapshot!(without_ids(&created));
    let one = format!("{all}/{}", created.id());
    stays(&caller, &one).await;

    // Another name, the same id.
    let renamed = caller.put(&one, &json!({ "name": "car:park" })).await;
    assert_eq!((renamed.status, renamed.id()), (200, created.id()));
    assert_eq!(caller.get(&one).await.body["name"], "car:park");
    assert_eq!(caller.get(all).await.body.as_array().unwrap().len(), 1);

    for (body, part) in [
        (json!({ "name": "openid" }), "reserved"),
        (json!({ "name": "okta.x" }), "reserved"),
        (json!({ "name": "a b" }), "form"),
        (json!({ "name": "car:park" }), "already"),
    ] {
        let refused = caller.post(all, &body).await;
        assert!(refused.status == 400 && refused.refusal().2.contains(part), "{refused:?}");
    }
    assert_eq!(caller.delete(&one).await.status, 204);
    assert_eq!(caller.get(&one).await.refusal().1, "E0000007");
    // A scope of a file keeps its owner.
    let of_file = caller.get("authorizationServers/default/scopes?q=read").await;
    let path =
        format!("authorizationServers/default/scopes/{}", of_file.body[0]["id"].as_str().unwrap());
    let refused = caller.put(&path, &json!({ "name": "read:orders" })).await;
    assert!(refused.refusal().0 == 403 && refused.refusal().2.contains("a catalog file"));
}

#[tokio::test]
async fn a_claim_has_an_expression_groups_or_a_value_of_ours() {
    let at = Fixture::start().await;
    let caller = with_server(&at).await;
    let all = "authorizationServers/a/claims";
    caller.post("authorizationServers/a/scopes", &json!({ "name": "car:drive" })).await;
    let created = caller
        .post(
            all,
            &json!({
                "name": "Support", "status": "INACTIVE", "claimType": "RESOURCE",
                "valueType": "EXPRESSION", "value": "\"driving!\"",
                "alwaysIncludeInToken": true, "conditions": { "scopes": ["car:drive"] },
            }),
        )
        .await;
    insta::assert_snapshot!(without_ids(&created));
    let one = format!("{all}/{}", created.id());
    stays(&caller, &one).await;

    let constant = json!({
        "name": "tier", "claimType": "RESOURCE", "valueType": "EXPRESSION",
        "_scopegate": { "constant": { "a": [1] } },
    });
    let constant = caller.post(all, &constant).await;
    assert_eq!(constant.body["value"], r#"{"a":[1]}"#);
    let constant = format!("{all}/{}", constant.id());
    stays(&caller, &constant).await;
    // A changed text is an expression.
    let mut other = caller.get(&constant).await.body;
    other["value"] = "1 + 1".into();
    let other = caller.put(&constant, &other).await;
    assert_eq!(other.body["_scopegate"], json!({ "owner": "api", "onError": "omit" }));

    let groups = json!({
        "name": "teams", "claimType": "IDENTITY", "valueType": "GROUPS",
        "group_filter_type": "STARTS_WITH", "value": "team-",
    });
    let groups = caller.post(all, &groups).await;
    stays(&caller, &format!("{all}/{}", groups.id())).await;

    // The same name in the other token: the ID token's claim gives way, and keeps its id.
    let in_access = json!({
        "name": "teams", "claimType": "RESOURCE", "valueType": "GROUPS",
        "group_filter_type": "REGEX", "value": "^team-",
    });
    let in_access = caller.post(all, &in_access).await;
    assert_eq!(in_access.status, 201, "{in_access:?}");
    stays(&caller, &format!("{all}/{}", groups.id())).await;
    stays(&caller, &format!("{all}/{}", in_access.id())).await;

    for (body, status, part) in [
        (
            json!({ "name": "a", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "1 +" }),
            400,
            "value",
        ),
        (json!({ "name": "a", "claimType": "RESOURCE", "valueType": "EXPRESSION" }), 400, "value"),
        (
            json!({ "name": "a", "claimType": "RESOURCE", "valueType": "GROUPS", "value": "x" }),
            400,
            "group_filter_type",
        ),
        (json!({ "name": "a", "claimType": "RESOURCE", "valueType": "SYSTEM" }), 400, "valueType"),
        (
            json!({ "name": "sub", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "1" }),
            400,
            "sub",
        ),
        (
            json!({ "name": "Support", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "1" }),
            400,
            "name",
        ),
        (
            json!({ "name": "a", "claimType": "IDENTITY", "valueType": "EXPRESSION", "value": "1", "alwaysIncludeInToken": false }),
            400,
            "alwaysIncludeInToken",
        ),
    ] {
        let refused = caller.post(all, &body).await;
        let (is, _, cause) = refused.refusal();
        assert!(is == status && cause.contains(part), "{body}: {refused:?}");
    }
    assert_eq!(caller.delete(&one).await.status, 204);
}

fn policy(name: &str, priority: Option<u32>) -> Value {
    json!({
        "type": "OAUTH_AUTHORIZATION_POLICY", "name": name, "description": name,
        "priority": priority, "conditions": { "clients": { "include": ["ALL_CLIENTS"] } },
    })
}

#[tokio::test]
async fn policies_are_put_in_an_order() {
    let at = Fixture::start().await;
    let caller = with_server(&at).await;
    let all = "authorizationServers/a/policies";
    let created = caller.post(all, &policy("first", None)).await;
    insta::assert_snapshot!(without_ids(&created));
    let second = caller.post(all, &policy("second", Some(2))).await;
    let third = caller.post(all, &policy("third", Some(1))).await;
    assert_eq!(third.body["priority"], 1);
    let order = async || {
        let listed = caller.get(all).await;
        let names = listed.body.as_array().unwrap().iter();
        names.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(order().await, "third first second");
    let one = format!("{all}/{}", second.id());
    stays(&caller, &one).await;
    let moved = caller.put(&one, &policy("second", Some(2))).await;
    assert_eq!((moved.status, &moved.body["priority"]), (200, &json!(2)));
    assert_eq!(order().await, "third second first");

    // Another name: the policy and its rules keep their ids.
    let rules = format!("{one}/rules");
    let rule = caller.post(&rules, &rule("machines")).await;
    let renamed = caller.put(&one, &policy("other", None)).await;
    assert_eq!((renamed.status, renamed.id()), (200, second.id()));
    assert_eq!(caller.get(&format!("{rules}/{}", rule.id())).await.body["name"], "machines");

    assert_eq!(caller.order(&format!("{one}/lifecycle/deactivate")).await.status, 204);
    assert_eq!(caller.get(&one).await.body["status"], "INACTIVE");
    for (body, part) in [
        (json!({ "name": "x", "conditions": { "clients": { "include": [] } } }), "ALL_CLIENTS"),
        (json!({ "name": "x", "conditions": { "clients": { "include": ["nobody"] } } }), "nobody"),
        (policy("x", Some(0)), "priority"),
        (policy("first", None), "already"),
    ] {
        let refused = caller.post(all, &body).await;
        assert!(refused.status == 400 && refused.refusal().2.contains(part), "{refused:?}");
    }
    assert_eq!(caller.delete(&one).await.status, 204);
    assert_eq!(order().await, "third first");
}

fn rule(name: &str) -> Value {
    json!({
        "type": "RESOURCE_ACCESS", "name": name,
        "conditions": {
            "people": { "groups": { "include": ["EVERYONE"] } },
            "grantTypes": { "include": ["client_credentials"] },
            "scopes": { "include": ["*"] },
        },
        "actions": { "token": {
            "accessTokenLifetimeMinutes": 10, "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 10080,
        } },
    })
}

#[tokio::test]
async fn a_rule_keeps_what_only_we_have() {
    let at = Fixture::start().await.with_users().await;
    let caller = with_server(&at).await;
    let policies = "authorizationServers/a/policies";
    let policy = caller.post(policies, &policy("all", None)).await;
    let all = format!("{policies}/{}/rules", policy.id());
    let created = caller.post(&all, &rule("machines")).await;
    insta::assert_snapshot!(without_ids(&created));

    let mut body = rule("people");
    body["conditions"]["grantTypes"]["include"] = json!(["authorization_code", "refresh_token"]);
    body["conditions"]["people"] = json!({
        "users": { "include": ["Alice"] }, "groups": { "include": ["staff"] },
    });
    body["conditions"]["grantTypes"]["include"] = json!(["authorization_code"]);
    body["_scopegate"] = json!({
        "effect": "deny", "clientAuth": ["private_key_jwt"], "acrValues": ["phr"],
        "maxAge": "15m", "when": "client.id == 'portal'", "accessTokenLifetime": "590s",
        "hours": { "days": ["mon"], "from": "08:00", "to": "18:00", "time_zone": "Europe/Berlin" },
    });
    let created = caller.post(&all, &body).await;
    assert_eq!(created.status, 201, "{created:?}");
    let users = &created.body["conditions"]["people"]["users"]["include"][0];
    assert!(users.as_str().unwrap().starts_with("00u"), "{created:?}");
    let one = format!("{all}/{}", created.id());
    stays(&caller, &one).await;
    let extras = &caller.get(&one).await.body["_scopegate"];
    assert_eq!((&extras["effect"], &extras["maxAge"]), (&json!("deny"), &json!("15m")));
    assert_eq!(extras["accessTokenLifetime"], "590s");
    // Conditions of ours are removed by an empty value.
    let mut freed = caller.get(&one).await.body;
    freed["_scopegate"] = json!({ "when": "", "hours": {}, "maxAge": "0s", "acrValues": [] });
    let freed = caller.put(&one, &freed).await;
    assert_eq!(freed.body["_scopegate"]["effect"], "deny");
    for name in ["when", "hours", "maxAge", "acrValues"] {
        assert!(freed.body["_scopegate"][name].is_null(), "{name}");
    }
}

#[tokio::test]
async fn a_rule_for_users_says_for_whom_it_is() {
    let at = Fixture::start().await;
    let caller = with_server(&at).await;
    let policies = "authorizationServers/a/policies";
    let policy = caller.post(policies, &policy("all", None)).await;
    let all = format!("{policies}/{}/rules", policy.id());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = rule("r");
        body["conditions"]["grantTypes"]["include"] = json!(["authorization_code"]);
        change(&mut body);
        body
    };
    let people = |people: Value| with(&|body| body["conditions"]["people"] = people.clone());
    for (body, status, part) in [
        (people(json!({})), 400, "EVERYONE"),
        (people(json!({ "users": { "exclude": ["00u1"] } })), 400, "exclude"),
        (people(json!({ "groups": { "include": ["00gaaaaaaaaaaaaaaaaa"] } })), 400, "groups"),
        (people(json!({ "users": { "include": ["00u00000000000000000"] } })), 400, "users"),
        (with(&|body| body["conditions"]["scopes"]["include"] = json!(["*", "a"])), 400, "scopes"),
        (with(&|body| body["conditions"]["grantTypes"]["include"] = json!(["x"])), 400, "grant"),
        (
            with(&|body| body["actions"]["token"]["accessTokenLifetimeMinutes"] = 4.into()),
            400,
            "access_token_lifetime",
        ),
        (
            with(&|body| body["actions"]["token"]["inlineHook"] = json!({ "id": "cal1" })),
            400,
            "inlineHook",
        ),
        (with(&|body| body["_scopegate"] = json!({ "when": "1 +" })), 400, "when"),
        (with(&|body| body["_scopegate"] = json!({ "zones": ["nowhere"] })), 400, "nowhere"),
        (with(&|body| body["conditions"]["network"] = json!({})), 400, "network"),
    ] {
        let refused = caller.post(&all, &body).await;
        let (is, _, cause) = refused.refusal();
        assert!(is == status && cause.contains(part), "{body}: {refused:?}");
    }
    // A rule for machines needs nobody.
    let mut machines = rule("machines");
    machines["conditions"].as_object_mut().unwrap().remove("people");
    assert_eq!(caller.post(&all, &machines).await.status, 201);
}

#[tokio::test]
async fn a_rotation_announces_the_next_key() {
    let at = Fixture::start().await;
    let caller = with_server(&at).await;
    let keys = "authorizationServers/default/credentials/keys";
    let before = caller.get(keys).await;
    let active = before.body.as_array().unwrap().iter().find(|key| key["status"] == "ACTIVE");
    let active = active.unwrap().clone();
    assert_eq!((&active["use"], active["kty"].is_string()), (&json!("sig"), true));
    let rotate = "authorizationServers/default/credentials/lifecycle/keyRotate";
    let rotated = caller.post(rotate, &json!({ "use": "sig" })).await;
    let next = rotated.body.as_array().unwrap().iter().find(|key| key["status"] == "NEXT").unwrap();
    let one = caller.get(&format!("{keys}/{}", next["kid"].as_str().unwrap())).await;
    assert_eq!(&one.body, next);
    assert_eq!(caller.post(rotate, &json!({ "use": "enc" })).await.refusal().0, 400);
    assert_eq!(caller.post(rotate, &json!({})).await.refusal().0, 400);
    assert_eq!(caller.get(&format!("{keys}/none")).await.status, 404);
    let encryption = "authorizationServers/default/resourceservercredentials/keys";
    assert_eq!(caller.get(encryption).await.refusal().1, "E0000008");
}

#[tokio::test]
async fn a_server_trusts_another_one_until_it_is_removed() {
    let at = Fixture::start().await;
    let caller = with_server(&at).await;
    let all = "authorizationServers/a/associatedServers";
    let added = caller.post(all, &json!({ "trusted": ["okta"] })).await;
    assert_eq!((added.status, &added.body[0]["id"]), (200, &json!("okta")));
    assert_eq!(caller.get(&format!("{all}?trusted=true")).await.body[0]["id"], "okta");
    let other = caller.get("authorizationServers/okta/associatedServers?trusted=false").await;
    assert_eq!(other.body[0]["id"], "a");
    // A PUT of the server keeps what it trusts.
    let server = caller.get("authorizationServers/a").await.body;
    caller.put("authorizationServers/a", &server).await;
    assert_eq!(caller.get(all).await.body[0]["id"], "okta");
    assert_eq!(caller.post(all, &json!({ "trusted": ["none"] })).await.status, 404);
    assert_eq!(caller.delete(&format!("{all}/okta")).await.status, 204);
    assert_eq!(caller.delete(&format!("{all}/okta")).await.status, 404);
    assert_eq!(caller.get(all).await.body, json!([]));
}
