//! Tokens that are verified without a request.

use super::*;
use crate::role;

#[tokio::test]
async fn verify_gives_the_token_or_the_refusal_of_a_request() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().realm("orders").build().unwrap();
    let token = issuer.token();
    let verified = layer.verify(&token).await.unwrap();
    assert_eq!(verified.claims().subject(), Some("u1"));
    let [large, longer] = [20_000, 200_000].map(|length| "A".repeat(length));
    let forged = format!("{token}x");
    for bad in ["junk", "", "a b", "Bearer abc", "é", "a\0b", &large, &longer, &forged] {
        let refusal = layer.verify(bad).await.unwrap_err();
        assert!(refusal.challenge().unwrap().to_string().starts_with("Bearer realm=\"orders\""));
        // A header cannot hold all of these texts.
        if let Ok(request) =
            Request::get("/").header(AUTHORIZATION, format!("Bearer {bad}")).body(())
            && !bad.is_empty()
        {
            let response = send(&layer, request).await;
            assert_eq!(refusal.status(), response.status());
            assert_eq!(refusal.challenge().unwrap().to_string(), challenge(&response));
        }
    }
    for malformed in ["", "a b", "Bearer abc", "é", "a\0b"] {
        assert_eq!(layer.verify(malformed).await.unwrap_err().status(), 400, "{malformed:?}");
    }
    assert_eq!(layer.verify(&large).await.unwrap_err().reason(), "too_large");
    assert_eq!(layer.verify(&large).await.unwrap_err().status(), 401);
}

#[tokio::test]
async fn verify_needs_a_token_even_if_the_layer_is_optional() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().build().unwrap().optional();
    assert!(layer.verify(&issuer.token()).await.is_ok());
    assert_eq!(layer.verify("").await.unwrap_err().status(), 400);
}

#[tokio::test]
async fn verify_uses_the_cache_of_the_layer() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().build().unwrap();
    let token = issuer.token();
    // A token enters the cache at its second use.
    layer.verify(&token).await.unwrap();
    let cached = layer.verify(&token).await.unwrap();
    assert!(Arc::ptr_eq(&cached, &layer.clone().verify(&token).await.unwrap()));
    assert_eq!(text(send(&layer, get(&token)).await).await, "u1");
    let layer = issuer.builder().without_cache().build().unwrap();
    layer.verify(&token).await.unwrap();
    let anew = layer.verify(&token).await.unwrap();
    assert!(!Arc::ptr_eq(&anew, &layer.verify(&token).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn verify_waits_for_keys_five_seconds_at_most() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Slow(Duration::from_secs(4)));
    let layer = issuer.builder().build().unwrap();
    let begin = tokio::time::Instant::now();
    assert!(layer.verify(&issuer.token()).await.is_ok());
    assert_eq!(begin.elapsed(), Duration::from_secs(4));

    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Hang);
    let layer = issuer.builder().build().unwrap();
    let begin = tokio::time::Instant::now();
    let refusal = layer.verify(&issuer.token()).await.unwrap_err();
    assert_eq!((refusal.status().as_u16(), refusal.reason()), (503, "keys_unavailable"));
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn verify_refreshes_keys_that_are_due() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    issuer.clock.advance(Duration::from_secs(1800));
    assert!(layer.verify(&issuer.token()).await.is_ok());
    tokio::task::yield_now().await;
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn authenticate_lets_guards_decide_at_the_time_of_the_clock() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().realm("orders").build().unwrap();
    let token = issuer.sign(&json!({ "roles": ["dispatcher"] }));
    let authenticated = layer.authenticate(&token).await.unwrap();
    assert_eq!(authenticated.time(), UnixTime::from_seconds(NOW));
    assert!(authenticated.allow(role("dispatcher")).is_ok());
    let refusal = authenticated.allow(role("admin")).unwrap_err();
    assert_eq!(refusal.status(), 403);
    assert!(refusal.challenge().unwrap().to_string().contains("realm=\"orders\""));
    assert_eq!(layer.authenticate("junk").await.unwrap_err().status(), 401);
}

#[tokio::test]
async fn verify_reads_extra_claims_as_the_layer_does() {
    #[derive(serde::Deserialize)]
    struct Tenant {
        tenant: u32,
    }

    let issuer = TestIssuer::new();
    let layer = issuer.builder().extra_claims::<Tenant>().build().unwrap();
    let token = layer.verify(&issuer.sign(&json!({ "tenant": 7 }))).await.unwrap();
    assert_eq!(token.extra().unwrap().downcast_ref::<Tenant>().unwrap().tenant, 7);
    assert_eq!(layer.verify(&issuer.token()).await.unwrap_err().reason(), "extra_claims");
}
