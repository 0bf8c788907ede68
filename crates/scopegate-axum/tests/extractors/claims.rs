//! Guards that check other claims than the scopes.

use axum::Router;
use axum::routing::get;
use scopegate_axum::{
    AuthRejection, ClaimRule, ClientId, Public, RequireClaim, RequireGroup, RequireRole, Subject,
    Token, scoped, value, values,
};
use scopegate_bearer::RefusalCause;
use serde::Deserialize;
use serde_json::json;

use crate::issuer::{Answer, anonymous, ask, with_extra, with_members};
use crate::log::logged;

values! {
    Manager = "store manager";
}

#[derive(Deserialize)]
struct Plan {
    plan: String,
}

struct Premium;

impl ClaimRule for Premium {
    const NAME: &'static str = "the premium plan";
    type Extra = Plan;

    fn allows(token: &Token<Plan>) -> bool {
        token.extra().plan == "premium"
    }
}

struct Staff;

impl ClaimRule for Staff {
    const NAME: &'static str = "staff";
    type Extra = ();

    fn allows(token: &Token) -> bool {
        token.roles().contains("support") || token.groups().contains("/staff")
    }
}

fn app() -> Router {
    #[scoped]
    async fn role(_: RequireRole<"admin">) {}

    async fn role_in_place(_: RequireRole<value!("admin")>) {}

    async fn manager(_: RequireRole<Manager>) {}

    #[scoped]
    async fn group(auth: RequireGroup<"/staff/Köln">) -> String {
        auth.claims().subject().unwrap_or_default().to_owned()
    }

    async fn premium(auth: RequireClaim<Premium>) -> String {
        auth.clone().extra().plan.clone()
    }

    async fn staff(_: RequireClaim<Staff>) {}

    async fn subject(subject: Subject) -> String {
        format!("{subject} {subject:?} {}", subject.len())
    }

    async fn client(client: ClientId) -> String {
        client.to_string()
    }

    async fn anybody(subject: Option<Subject>, client: Option<ClientId>) -> String {
        format!("{:?} {:?}", subject.as_deref(), client.as_deref())
    }

    async fn public(_: Public) {}

    async fn taken(subject: Result<Subject, AuthRejection>) -> String {
        subject.err().map(|rejection| rejection.to_string()).unwrap_or_default()
    }

    Router::new()
        .route("/role", get(role))
        .route("/role_in_place", get(role_in_place))
        .route("/manager", get(manager))
        .route("/group", get(group))
        .route("/premium", get(premium))
        .route("/staff", get(staff))
        .route("/subject", get(subject))
        .route("/client", get(client))
        .route("/anybody", get(anybody))
        .route("/public", get(public))
        .route("/taken", get(taken))
}

fn assert_rule_not_met(answer: &Answer, rule: &str) {
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.challenge(),
        Some(
            "Bearer realm=\"orders\", error=\"insufficient_scope\", \
             error_description=\"The access token does not allow this request\""
        )
    );
    assert!(!answer.body.contains(rule), "{}", answer.body);
    let refusal = answer.refusal.as_ref().unwrap();
    assert_eq!(refusal.reason(), "rule_not_met");
    assert!(matches!(refusal.cause(), RefusalCause::RuleNotMet { rule: name } if name == rule));
}

#[tokio::test]
async fn a_role_is_admitted_and_a_scope_of_the_same_name_is_not() {
    for path in ["/role", "/role_in_place"] {
        let left = with_members(&json!({ "roles": ["user", "admin"] }));
        assert_eq!(ask(&app(), path, left).await.status, 200);
        for members in [
            json!({ "scope": "admin", "groups": ["admin"], "client_id": "admin" }),
            json!({ "roles": ["Admin", "admin "] }),
            json!({ "roles": [] }),
            json!({}),
        ] {
            let answer = ask(&app(), path, with_members(&members)).await;
            assert_rule_not_met(&answer, "role admin");
        }
    }
    let left = with_members(&json!({ "roles": ["store manager"] }));
    assert_eq!(ask(&app(), "/manager", left).await.status, 200);
}

#[tokio::test]
async fn a_group_is_admitted_and_its_parent_is_not() {
    let left = with_members(&json!({ "groups": ["/staff/Köln"], "sub": "u1" }));
    assert_eq!(ask(&app(), "/group", left).await.body, "u1");
    for members in [json!({ "groups": ["/staff"] }), json!({ "roles": ["/staff/Köln"] })] {
        let answer = ask(&app(), "/group", with_members(&members)).await;
        assert_rule_not_met(&answer, "group /staff/Köln");
    }
}

#[tokio::test]
async fn a_rule_gets_the_extra_claims_whether_or_not_the_layer_read_them() {
    let left = with_members(&json!({ "plan": "premium" }));
    assert_eq!(ask(&app(), "/premium", left).await.body, "premium");
    let left = with_extra::<Plan>(&json!({ "plan": "premium" }));
    assert_eq!(ask(&app(), "/premium", left).await.body, "premium");
    let left = with_extra::<Plan>(&json!({ "plan": "free" }));
    assert_rule_not_met(&ask(&app(), "/premium", left).await, "the premium plan");

    let answer = ask(&app(), "/premium", with_members(&json!({}))).await;
    assert_eq!((answer.status.as_u16(), answer.refusal.unwrap().reason()), (401, "extra_claims"));
}

#[tokio::test]
async fn a_rule_may_use_only_the_common_claims() {
    for members in [json!({ "roles": ["support"] }), json!({ "groups": ["/staff"] })] {
        assert_eq!(ask(&app(), "/staff", with_members(&members)).await.status, 200);
    }
    assert_rule_not_met(&ask(&app(), "/staff", with_members(&json!({}))).await, "staff");
}

#[tokio::test]
async fn subject_and_client_are_strings_that_debug_does_not_show() {
    let left = with_members(&json!({ "sub": "u1", "cid": "shop" }));
    assert_eq!(ask(&app(), "/subject", left.clone()).await.body, "u1 Subject { .. } 2");
    assert_eq!(ask(&app(), "/client", left.clone()).await.body, "shop");
    assert_eq!(ask(&app(), "/anybody", left).await.body, r#"Some("u1") Some("shop")"#);
}

#[tokio::test]
async fn a_token_without_the_required_subject_or_client_is_invalid() {
    for (path, claim) in [("/subject", "sub"), ("/client", "client_id")] {
        let answer = ask(&app(), path, with_members(&json!({}))).await;
        assert_eq!(answer.status, 401);
        assert!(answer.challenge().unwrap().contains("error=\"invalid_token\""));
        let refusal = answer.refusal.unwrap();
        assert_eq!(refusal.reason(), "missing_claim");
        assert!(
            matches!(refusal.cause(), RefusalCause::MissingClaim { claim: name } if *name == claim)
        );
    }
    assert_eq!(ask(&app(), "/anybody", with_members(&json!({}))).await.body, "None None");
    let answer = ask(&app(), "/taken", with_members(&json!({}))).await;
    assert!(answer.body.starts_with("401 missing_claim: "), "{}", answer.body);
}

const GUARDED: [&str; 7] =
    ["/role", "/manager", "/group", "/premium", "/staff", "/subject", "/client"];

#[tokio::test]
async fn without_a_token_each_guard_answers_401_and_without_the_layer_500() {
    for path in GUARDED {
        let answer = ask(&app(), path, anonymous()).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.challenge(), Some("Bearer realm=\"orders\""), "{path}");

        let (answer, log) = logged(ask(&app(), path, None)).await;
        assert_eq!((answer.status.as_u16(), answer.challenge()), (500, None), "{path}");
        assert!(log.contains("layer is missing"), "{log}");
    }
    let (_, log) = logged(ask(&app(), "/role", None)).await;
    assert!(log.contains("extractor=RequireRole(role admin)"), "{log}");
}

#[tokio::test]
async fn public_admits_with_and_without_a_layer() {
    for left in [None, Some(anonymous()), Some(with_members(&json!({})))] {
        assert_eq!(ask(&app(), "/public", left).await.status, 200);
    }
}
