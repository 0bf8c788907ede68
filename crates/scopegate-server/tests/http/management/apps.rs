//! `/api/v1/apps`.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::caller::{Answer, shown};
use crate::fixture::{ASKS, FORM, Fixture, TOKEN};

const MANAGE: &str = "okta.apps.manage okta.groups.manage";

fn service(label: &str, id: Option<&str>) -> Value {
    json!({
        "name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": {
            "client_id": id, "token_endpoint_auth_method": "client_secret_post",
            "autoKeyRotation": true,
        } },
        "settings": { "oauthClient": {
            "application_type": "service", "grant_types": ["client_credentials"],
            "response_types": ["token"],
        } },
        "profile": { "tenant": "acme" },
    })
}

/// Asks for a token with a secret.
async fn token(at: &Fixture, id: &str, secret: &str) -> u16 {
    let form = format!("{ASKS}&client_id={id}&client_secret={secret}");
    let request = Request::post(TOKEN).header("content-type", FORM);
    at.send(request.body(Body::from(form)).unwrap()).await.status().as_u16()
}

#[tokio::test]
async fn a_client_is_created_with_a_secret_that_is_shown_once() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let created = caller.post("apps", &service("Batch", Some("batch"))).await;
    insta::assert_snapshot!(shown(&created));
    let secret = created.body["credentials"]["oauthClient"]["client_secret"].as_str().unwrap();
    assert_eq!(token(&at, "batch", secret).await, 200);

    let read = caller.get("apps/batch").await;
    assert!(!read.body.to_string().contains("client_secret\":"), "{read:?}");
    for body in [read.body.clone(), {
        let mut without = read.body.clone();
        without.as_object_mut().unwrap().remove("_scopegate");
        without
    }] {
        let put = caller.put_if("apps/batch", &read.tag(), &body).await;
        assert_eq!((put.status, put.tag(), &put.body), (200, read.tag(), &read.body));
    }
    assert_eq!(token(&at, "batch", secret).await, 200);

    let generated = caller.post("apps", &service("Other", None)).await;
    assert!(generated.id().starts_with("0oa"), "{generated:?}");
    let listed = caller.get("apps?q=other").await;
    assert_eq!(listed.body.as_array().unwrap().len(), 1);
    let active = caller.get("apps?filter=status%20eq%20%22INACTIVE%22").await;
    assert_eq!(active.body[0]["id"], "disabled");
    assert_eq!(caller.get("apps?filter=x").await.refusal().0, 400);
}

#[tokio::test]
async fn a_client_is_deactivated_before_it_is_deleted() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let created = caller.post("apps", &service("Batch", Some("batch"))).await;
    let secret = created.body["credentials"]["oauthClient"]["client_secret"].as_str().unwrap();
    assert!(caller.delete("apps/batch").await.refusal().2.contains("deactivate"));
    assert_eq!(caller.order("apps/batch/lifecycle/deactivate").await.status, 204);
    assert_eq!(token(&at, "batch", secret).await, 401);
    assert_eq!(caller.order("apps/batch/lifecycle/activate").await.status, 204);
    assert_eq!(token(&at, "batch", secret).await, 200);
    caller.order("apps/batch/lifecycle/deactivate").await;
    assert_eq!(caller.delete("apps/batch").await.status, 204);
    assert_eq!(caller.get("apps/batch").await.status, 404);
}

#[tokio::test]
async fn secrets_are_added_ended_and_deleted() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let created = caller.post("apps", &service("Batch", Some("batch"))).await;
    let first = created.body["credentials"]["oauthClient"]["client_secret"].as_str().unwrap();
    let all = "apps/batch/credentials/secrets";
    let old = caller.get(all).await.body[0]["id"].as_str().unwrap().to_owned();
    let made = caller.order(all).await;
    let second = made.body["client_secret"].as_str().unwrap().to_owned();
    assert_eq!((made.status, second.len()), (201, 43));
    assert_eq!((token(&at, "batch", first).await, token(&at, "batch", &second).await), (200, 200));
    assert!(caller.order(all).await.refusal().2.contains("at most two"));
    assert!(caller.get(&format!("{all}/{}", made.id())).await.body["client_secret"].is_null());

    let one = format!("{all}/{old}");
    assert!(caller.delete(&one).await.refusal().2.contains("deactivate"));
    let ended = caller.order(&format!("{one}/lifecycle/deactivate")).await;
    assert_eq!((ended.status, &ended.body["status"]), (200, &json!("INACTIVE")));
    assert_eq!(token(&at, "batch", first).await, 401);
    let again = caller.order(&format!("{one}/lifecycle/activate")).await;
    assert_eq!(again.body["status"], "ACTIVE");
    assert_eq!(token(&at, "batch", first).await, 200);
    caller.order(&format!("{one}/lifecycle/deactivate")).await;
    assert_eq!(caller.delete(&one).await.status, 204);
    assert_eq!(caller.get(all).await.body.as_array().unwrap().len(), 1);

    let short = caller.post(all, &json!({ "client_secret": "short" })).await;
    assert!(short.status == 400 && !short.body.to_string().contains("short\""), "{short:?}");
    let chosen = "a-secret-that-somebody-chose-0123456789";
    assert_eq!(caller.post(all, &json!({ "client_secret": chosen })).await.status, 201);
    assert_eq!(token(&at, "batch", chosen).await, 200);
}

#[tokio::test]
async fn no_request_makes_changes_or_deletes_an_admin_client() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let root = caller.get("apps/root").await;
    assert_eq!((root.status, &root.body["_scopegate"]["admin"]), (200, &json!(true)));
    let mut other = service("Evil", Some("evil"));
    other["_scopegate"] = json!({ "admin": true });
    let answers: [Answer; 7] = [
        caller.post("apps", &other).await,
        caller.put("apps/root", &root.body).await,
        caller.delete("apps/root").await,
        caller.order("apps/root/lifecycle/deactivate").await,
        caller.order("apps/root/lifecycle/activate").await,
        caller.order("apps/root/credentials/secrets").await,
        caller.put("apps/root", &service("Root", Some("root"))).await,
    ];
    for answer in answers {
        let (status, code, cause) = answer.refusal();
        assert!(
            status == 403 && code == "E0000006" && cause.contains("admin client"),
            "{answer:?}"
        );
    }
    assert_eq!(caller.get("apps/root").await.tag(), root.tag());
}

#[tokio::test]
async fn a_wrong_client_is_refused_and_its_member_is_named() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = service("Bad", None);
        change(&mut body);
        body
    };
    for (body, status, part) in [
        (with(&|body| body["signOnMode"] = "SAML_2_0".into()), 400, "signOnMode"),
        (
            with(&|body| body["settings"]["oauthClient"]["grant_types"] = json!(["implicit"])),
            400,
            "implicit",
        ),
        (
            with(&|body| body["settings"]["oauthClient"]["response_types"] = json!(["id_token"])),
            400,
            "response_types",
        ),
        (
            with(&|body| body["settings"]["oauthClient"]["redirect_uris"] = json!(["x"])),
            400,
            "redirect_uris",
        ),
        (
            with(&|body| body["credentials"]["oauthClient"]["client_id"] = "reader".into()),
            400,
            "client_id",
        ),
        (
            with(&|body| body["credentials"]["oauthClient"]["client_id"] = "00u1".into()),
            400,
            "client_id",
        ),
        (with(&|body| body["settings"]["app"] = json!({})), 400, "app"),
        (with(&|body| body["label"] = json!(1)), 400, "label"),
    ] {
        let refused = caller.post("apps", &body).await;
        let (is, _, cause) = refused.refusal();
        assert!(is == status && cause.contains(part), "{body}: {refused:?}");
    }
    let refused = caller.put("apps/reader", &service("Reader", None)).await;
    assert!(refused.refusal().2.contains("a catalog file"), "{refused:?}");
}

#[tokio::test]
async fn a_client_is_assigned_to_groups_by_their_ids() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let group = caller.post("groups", &json!({ "profile": { "name": "staff" } })).await;
    let mut body = service("Portal", Some("staff-portal"));
    body["settings"]["oauthClient"] = json!({
        "application_type": "web", "grant_types": ["authorization_code"],
        "redirect_uris": ["https://portal.example/cb"],
    });
    body["_scopegate"] = json!({ "groups": [group.id()], "requirePar": true });
    let created = caller.post("apps", &body).await;
    assert_eq!(created.status, 200, "{created:?}");
    assert_eq!(created.body["_scopegate"]["groups"], json!([group.id()]));
    let spec =
        at.server.authority().catalog().client("staff-portal").unwrap().unwrap().spec.clone();
    assert!(spec.groups.contains("staff") && spec.require_par);
}
