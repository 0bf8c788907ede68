//! `/api/v1/users` and `/api/v1/groups`.

use http::Method;
use serde_json::json;

use super::caller::{Answer, shown};
use crate::fixture::Fixture;

const MANAGE: &str = "okta.users.manage okta.groups.manage okta.sessions.manage";

/// The answer without the id of the user.
fn without_id(answer: &Answer) -> String {
    shown(answer).replace(&answer.id(), "USER")
}

#[tokio::test]
async fn a_user_is_created_changed_and_deleted_in_two_steps() {
    let at = Fixture::start().await;
    let caller = at.admin(MANAGE).await;
    let body = json!({
        "profile": {
            "login": "carol", "firstName": "Carol", "lastName": "Example",
            "email": "carol@example.com", "department": "Sales",
        },
        "credentials": { "password": { "value": "a-long-password" } },
    });
    let created = caller.post("users?activate=true", &body).await;
    insta::assert_snapshot!(without_id(&created));
    assert!(!created.body.to_string().contains("a-long-password"));
    let one = format!("users/{}", created.id());
    assert_eq!(caller.get("users/carol").await.body, created.body);
    let stored = at.server.authority().store();
    let user = stored.user(scopegate_core::store::UserKey::Login("carol")).await.unwrap().unwrap();
    assert_eq!(user.profile.attribute("given_name"), Some(&json!("Carol")));

    // A GET followed by a PUT of the same changes nothing.
    let put = caller.put_if(&one, &created.tag(), &created.body).await;
    assert_eq!((put.status, put.tag()), (200, created.tag()));
    let updated =
        caller.post(&one, &json!({ "profile": { "lastName": "E.", "department": null } })).await;
    assert_eq!(updated.body["profile"]["lastName"], "E.");
    assert!(updated.body["profile"]["department"].is_null());
    let replaced = caller.put(&one, &json!({ "profile": { "login": "carol2" } })).await;
    assert_eq!(replaced.body["profile"], json!({ "login": "carol2" }));
    assert_eq!(caller.put_if(&one, &created.tag(), &created.body).await.status, 412);
    let stale = caller.request(Method::DELETE, &one).header("if-match", created.tag());
    assert_eq!(caller.send(stale, None).await.status, 412);

    assert_eq!(caller.delete(&one).await.status, 204);
    assert_eq!(caller.get(&one).await.body["status"], "SUSPENDED");
    assert_eq!(caller.delete(&one).await.status, 204);
    assert_eq!(caller.get(&one).await.status, 404);
}

#[tokio::test]
async fn a_wrong_user_is_refused() {
    let at = Fixture::start().await.with_users().await;
    let caller = at.admin(MANAGE).await;
    for (body, status, part) in [
        (json!({ "profile": { "firstName": "A" } }), 400, "login"),
        (json!({ "profile": { "login": "Alice" } }), 400, "already"),
        (json!({ "profile": { "login": " a" } }), 400, "login"),
        (json!({ "profile": { "login": "d", "sub": "1" } }), 400, "sub"),
        (
            json!({ "profile": { "login": "d" }, "credentials": { "password": { "value": "short" } } }),
            400,
            "password",
        ),
        (json!({ "profile": { "login": "d" }, "realmId": "x" }), 400, "realmId"),
        (
            json!({ "profile": { "login": "d" }, "groupIds": ["00gaaaaaaaaaaaaaaaaa"] }),
            400,
            "groups",
        ),
    ] {
        let refused = caller.post("users", &body).await;
        let (is, _, cause) = refused.refusal();
        assert!(is == status && cause.contains(part), "{body}: {refused:?}");
    }
    let staged = caller.post("users?activate=false", &json!({ "profile": { "login": "d" } })).await;
    assert_eq!(staged.refusal().0, 400);
}

#[tokio::test]
async fn users_are_listed_by_name_status_and_page() {
    let at = Fixture::start().await.with_users().await;
    let caller = at.admin(MANAGE).await;
    let logins = |answer: &Answer| {
        let users = answer.body.as_array().unwrap().iter();
        users.map(|user| user["profile"]["login"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(logins(&caller.get("users").await), ["alice", "bob"]);
    let page = caller.get("users?limit=1").await;
    assert_eq!(logins(&page), ["alice"]);
    assert_eq!(page.headers.get_all("link").iter().count(), 2);
    assert_eq!(logins(&caller.get("users?limit=1&after=alice").await), ["bob"]);
    assert_eq!(logins(&caller.get("users?q=BO").await), ["bob"]);
    let by_login = "users?filter=profile.login%20eq%20%22bob%22";
    assert_eq!(logins(&caller.get(by_login).await), ["bob"]);
    assert_eq!(caller.order("users/bob/lifecycle/suspend").await.status, 200);
    assert_eq!(logins(&caller.get("users?search=status%20eq%20%22ACTIVE%22").await), ["alice"]);
    assert_eq!(caller.order("users/bob/lifecycle/unsuspend").await.status, 200);
    assert_eq!(caller.get("users/bob").await.body["status"], "ACTIVE");
    assert_eq!(caller.get("users?after=zz").await.body, json!([]));
}

#[tokio::test]
async fn a_group_has_members_until_it_is_deleted() {
    let at = Fixture::start().await.with_users().await;
    let caller = at.admin(MANAGE).await;
    let body = json!({ "profile": { "name": "staff", "description": "Who works here" } });
    let created = caller.post("groups", &body).await;
    insta::assert_snapshot!(shown(&created));
    let one = format!("groups/{}", created.id());
    assert_eq!(caller.post("groups", &body).await.refusal().0, 400);
    let put = caller.put_if(&one, &created.tag(), &created.body).await;
    assert_eq!((put.status, put.tag()), (200, created.tag()));
    let renamed = json!({ "profile": { "name": "people" } });
    assert_eq!(caller.put(&one, &renamed).await.refusal().0, 400);

    let alice = caller.get("users/alice").await.id();
    let member = caller.request(Method::PUT, &format!("{one}/users/{alice}"));
    assert_eq!(caller.send(member, None).await.status, 204);
    let members = caller.get(&format!("{one}/users")).await;
    assert_eq!(
        (members.body.as_array().unwrap().len(), &members.body[0]["id"]),
        (1, &json!(alice))
    );
    assert_eq!(caller.get("users/alice/groups").await.body[0]["id"], created.id());
    let none = caller.request(Method::PUT, &format!("groups/00gaaaaaaaaaaaaaaaaa/users/{alice}"));
    assert_eq!(caller.send(none, None).await.status, 404);

    // A group that only users have has an id, too.
    let newcomer = json!({ "profile": { "login": "dora" }, "groupIds": ["crew"] });
    assert_eq!(caller.post("users", &newcomer).await.status, 200);
    let found = caller.get("groups?search=profile.name%20eq%20%22crew%22").await;
    let crew = found.body[0]["id"].as_str().unwrap();
    assert_eq!(caller.get(&format!("groups/{crew}")).await.body["profile"]["name"], "crew");

    assert_eq!(caller.delete(&format!("{one}/users/{alice}")).await.status, 204);
    assert_eq!(caller.get(&format!("{one}/users")).await.body, json!([]));
    let member = caller.request(Method::PUT, &format!("{one}/users/{alice}"));
    caller.send(member, None).await;
    assert_eq!(caller.delete(&one).await.status, 204);
    assert_eq!(caller.get("users/alice/groups").await.body, json!([]));
    assert_eq!(caller.get(&one).await.status, 404);
}

#[tokio::test]
async fn sessions_of_a_user_are_listed_and_ended() {
    let at = Fixture::start().await.with_users().await;
    let caller = at.admin(MANAGE).await;
    let store = at.server.authority().store();
    let user = store.user(scopegate_core::store::UserKey::Login("alice")).await.unwrap().unwrap();
    let now = scopegate_claims::Clock::now(&at.clock);
    let later = now.plus(std::time::Duration::from_secs(600));
    let session = |secret| scopegate_core::store::Session {
        id: scopegate_core::store::SessionId::generate(),
        secret_sha256: [secret; 32],
        user: user.id.clone(),
        auth: scopegate_core::directory::Authentication {
            at: now,
            acr: "urn:okta:loa:1fa:pwd".into(),
            amr: vec!["pwd".into()],
            session: None,
        },
        created_at: now,
        seen_at: now,
        idle_ends_at: later,
        ends_at: later,
        version: 0,
    };
    let open = [session(1), session(2)]
        .map(|session| scopegate_core::store::Change::OpenSession(Box::new(session)));
    store.commit(&open).await.unwrap();
    let listed = caller.get("users/alice/sessions").await;
    assert_eq!(listed.body.as_array().unwrap().len(), 2);
    let one = format!("users/alice/sessions/{}", listed.body[0]["id"].as_str().unwrap());
    assert_eq!(caller.delete(&one).await.status, 204);
    assert_eq!(caller.delete(&one).await.status, 404);
    assert_eq!(caller.get("users/alice/sessions").await.body.as_array().unwrap().len(), 1);
    assert_eq!(caller.delete("users/alice/sessions").await.status, 204);
    assert_eq!(caller.get("users/alice/sessions").await.body, json!([]));
}
