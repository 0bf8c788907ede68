//! The refresh tokens of clients.

use scopegate_claims::{Audience, Clock, ScopeSet};
use scopegate_core::catalog::{ClientId, ServerId, UserId};
use scopegate_core::store::{AuditFilter, Change, Family, FamilyBody, FamilyId, Ledger, Review};
use serde_json::json;

use crate::fixture::Fixture;

fn family(at: &Fixture, client: &str) -> Family {
    let now = at.clock.now();
    let later = now.plus(std::time::Duration::from_secs(3600));
    Family {
        id: FamilyId::generate(),
        server: ServerId::default_server(),
        client: ClientId::parse(client).unwrap(),
        user: UserId::generate(),
        session: None,
        generation: 0,
        rotated_at: now,
        idle_ends_at: later,
        ends_at: later,
        revoked: false,
        forget_at: later,
        body: FamilyBody {
            grant_type: "authorization_code".into(),
            scopes: ScopeSet::parse("read:orders").unwrap(),
            audience: Audience::parse("api://orders").unwrap(),
            resources: Vec::new(),
            auth: None,
            userinfo_claims: Vec::new(),
            id_token_claims: Vec::new(),
            began_at: now,
        },
    }
}

#[tokio::test]
async fn refresh_tokens_of_a_client_are_listed_and_revoked() {
    let at = Fixture::start().await;
    let families = [family(&at, "portal"), family(&at, "portal"), family(&at, "reader")];
    let open = families.iter().map(|family| Change::OpenFamily(Box::new(family.clone())));
    at.store.commit(&open.collect::<Vec<_>>()).await.unwrap();
    let caller = at.admin("okta.authorizationServers.manage").await;

    let clients = "authorizationServers/default/clients";
    let listed = caller.get(clients).await;
    let ids: Vec<_> = listed.body.as_array().unwrap().iter().map(|one| &one["client_id"]).collect();
    assert_eq!(ids, ["portal", "reader"]);
    assert_eq!(caller.get("authorizationServers/okta/clients").await.body, json!([]));
    let page = caller.get(&format!("{clients}?limit=1")).await;
    assert_eq!(page.headers.get_all("link").iter().count(), 2);

    let tokens = format!("{clients}/portal/tokens");
    let listed = caller.get(&tokens).await;
    assert_eq!(listed.body.as_array().unwrap().len(), 2);
    assert_eq!(listed.body[0]["scopes"], json!(["read:orders"]));
    let one = format!("{tokens}/{}", families[0].id);
    assert_eq!(caller.get(&one).await.body["userId"], families[0].user.as_str());
    // The token of another client or server is not found.
    let other = format!("{clients}/reader/tokens/{}", families[0].id);
    assert_eq!(caller.get(&other).await.status, 404);
    assert_eq!(caller.delete(&other).await.status, 404);

    assert_eq!(caller.delete(&one).await.status, 204);
    assert_eq!(caller.get(&one).await.status, 404);
    assert_eq!(caller.delete(&tokens).await.status, 204);
    assert_eq!(caller.get(&tokens).await.body, json!([]));
    assert_eq!(caller.get(clients).await.body.as_array().unwrap().len(), 1);

    let filter = AuditFilter { client: Some("portal".into()), ..AuditFilter::default() };
    let events = at.store.audit_events(&filter, 2).await.unwrap();
    for event in &events {
        let event: serde_json::Value = serde_json::from_str(&event.json).unwrap();
        assert_eq!(event["actor"], json!({ "type": "api", "id": "root" }));
        assert_eq!((&event["count"], &event["server"]), (&json!(1), &json!("default")));
    }
    assert_eq!(events.len(), 2);
}
