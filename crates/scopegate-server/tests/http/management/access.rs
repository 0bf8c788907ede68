//! Who may call the management API.

use axum::body::Body;
use http::{Method, Request};
use scopegate_core::store::{AuditFilter, Review};
use serde_json::json;

use super::caller::{Answer, shown};
use crate::fixture::{BASE, Fixture, TOKEN, secret_of};

const READ: &str = "okta.authorizationServers.read";
const MANAGE: &str = "okta.authorizationServers.manage";

#[tokio::test]
async fn a_request_without_a_token_is_refused_in_oktas_form() {
    let at = Fixture::start().await;
    let request = Request::get("/api/v1/authorizationServers").body(Body::empty()).unwrap();
    let answer = Answer::of(at.send_to_admin(request).await).await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    insta::assert_snapshot!(shown(&answer));
}

#[tokio::test]
async fn a_token_needs_the_scope_of_the_operation() {
    let at = Fixture::start().await;
    let reader = at.admin(READ).await;
    assert_eq!(reader.get("authorizationServers").await.status, 200);
    let body = json!({ "name": "A", "audiences": ["api://a"] });
    let refused = reader.post("authorizationServers", &body).await;
    insta::assert_snapshot!(shown(&refused));
    assert!(refused.header("www-authenticate").contains(MANAGE));

    // Who may change may also read.
    let manager = at.admin(MANAGE).await;
    assert_eq!(manager.get("authorizationServers").await.status, 200);
    assert_eq!(manager.post("authorizationServers", &body).await.status, 201);
}

#[tokio::test]
async fn an_assertion_may_name_the_listener_of_the_administrator_once_it_is_known() {
    let at = Fixture::start().await;
    let url = "http://127.0.0.1:9001";
    assert_eq!(at.admin_token(READ, url).await.status, 401);
    at.server.authority().set_admin_urls([url.to_owned()]);
    for aud in [url.to_owned(), format!("{url}/oauth2/v1/token"), BASE.to_owned()] {
        assert_eq!(at.admin_token(READ, &aud).await.status, 200, "{aud}");
    }
    assert_eq!(at.admin_token(READ, "http://127.0.0.1:9002").await.status, 401);
    // A custom server does not accept it.
    let assertion = at.assertion("1", &json!({ "aud": format!("{url}/oauth2/v1/token") }));
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 401);
}

#[tokio::test]
async fn a_token_of_another_server_or_of_another_kind_is_refused() {
    let at = Fixture::start().await;
    let custom = crate::rendered::json(at.ask(crate::fixture::ASKS).await).await;
    let custom = custom["access_token"].as_str().unwrap().to_owned();
    for token in [custom.as_str(), "a.b.c", "a b"] {
        let request = Request::get("/api/v1/authorizationServers");
        let request = request.header("authorization", format!("Bearer {token}"));
        let answer = at.send_to_admin(request.body(Body::empty()).unwrap()).await;
        assert!([400, 401].contains(&answer.status().as_u16()), "{token}");
    }
    // Only the org server's own clients get such scopes: another client does not.
    let form = format!(
        "grant_type=client_credentials&scope={READ}&client_id=poster&client_secret={}",
        secret_of("poster")
    );
    let request = Request::post(TOKEN.replace("/default", ""));
    let request = request.header("content-type", crate::fixture::FORM);
    let refused = Answer::of(at.send_to_admin(request.body(Body::from(form)).unwrap()).await).await;
    assert_eq!((refused.status, &refused.body["error"]), (400, &json!("invalid_scope")));
}

#[tokio::test]
async fn a_token_ends_with_its_client_and_when_it_is_revoked() {
    use scopegate_core::store::{Change, Ledger};

    let at = Fixture::start().await;
    let caller = at.admin(READ).await;
    assert_eq!(caller.get("authorizationServers").await.status, 200);
    let payload = caller.token.split('.').nth(1).unwrap();
    let claims = scopegate_jose::base64url::decode(payload).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let jti = claims["jti"].as_str().unwrap().to_owned();
    let expires_at = scopegate_claims::UnixTime::from_seconds(claims["exp"].as_u64().unwrap());
    at.store.commit(&[Change::RevokeToken { jti, expires_at }]).await.unwrap();
    assert_eq!(caller.get("authorizationServers").await.refusal().1, "E0000011");

    let caller = at.admin(READ).await;
    let actor = scopegate_core::audit::Actor::cli("clients disable");
    let base = scopegate_claims::Issuer::parse(BASE).unwrap();
    let door = scopegate_core::administration::edit_catalog::CatalogDoor {
        store: &at.store,
        base: &base,
        actor: &actor,
        now: scopegate_claims::Clock::now(&at.clock),
    };
    let disabled = door.edit(scopegate_core::catalog::Owner::File, |catalog| {
        let id = "root";
        let mut spec = catalog.client(id).unwrap().unwrap().spec.clone();
        spec.status = scopegate_core::catalog::Status::Inactive;
        let key = scopegate_core::catalog::EntityKey::client(
            &scopegate_core::catalog::ClientId::parse(id).unwrap(),
        );
        let (owner, spec) = (scopegate_core::catalog::Owner::File, spec.into());
        let entity = scopegate_core::catalog::Entity { key, owner, spec };
        Ok::<_, scopegate_core::administration::edit_catalog::EditError>(vec![
            scopegate_core::catalog::Edit::Put(entity),
        ])
    });
    disabled.await.unwrap();
    at.server.authority().reload().await.unwrap();
    assert_eq!(caller.get("authorizationServers").await.refusal().1, "E0000011");
}

#[tokio::test]
async fn a_change_is_audited_with_the_client_that_made_it() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let body = json!({ "name": "A", "audiences": ["api://a"], "_scopegate": { "id": "a" } });
    assert_eq!(caller.post("authorizationServers", &body).await.status, 201);
    let filter = AuditFilter { server: Some("a".into()), ..AuditFilter::default() };
    let events = at.store.audit_events(&filter, 10).await.unwrap();
    let event: serde_json::Value = serde_json::from_str(&events[0].json).unwrap();
    assert_eq!(event["actor"], json!({ "type": "api", "id": "root" }));
    assert_eq!(event["after"]["owner"], "api");
    assert!(event["before"].is_null());
}

#[tokio::test]
async fn a_client_that_sends_too_many_requests_waits() {
    let at = Fixture::start().await;
    let caller = at.admin(READ).await;
    let router = at.server.admin_router();
    let ask = async || {
        let request = caller.request(Method::GET, "authorizationServers?limit=1");
        let request = request.body(Body::empty()).unwrap();
        tower::ServiceExt::oneshot(router.clone(), request).await.unwrap()
    };
    for _ in 0..6_000 {
        assert_eq!(ask().await.status(), 200);
    }
    let refused = Answer::of(ask().await).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    assert_eq!(refused.body["errorCode"], "E0000047");
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_refused_in_oktas_form() {
    let at = Fixture::start().await;
    let caller = at.admin(READ).await;
    assert_eq!(caller.get("nothing").await.refusal().1, "E0000008");
    assert_eq!(caller.delete("authorizationServers").await.refusal(), (405, "E0000022", ""));
}
