//! The life of keys, as requests see it: rotation, removal, outages, slow answers, floods, an
//! offline start.

use super::*;
use crate::{KeyState, TrustedIssuer};

/// Lets all tasks run that are ready.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A token that is valid at the time of the test's clock.
fn token_of_now(issuer: &TestIssuer) -> String {
    let now = issuer.clock.now().as_seconds();
    let payload = json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": now + 60, "sub": "u1" });
    issuer.key().sign(TokenType::AccessToken, &payload).unwrap()
}

fn reason(response: &Response<ResponseBody<Body>>) -> &'static str {
    response.extensions().get::<Refusal>().unwrap().reason()
}

#[tokio::test]
async fn key_rotation_under_load_refuses_no_valid_token() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    for round in 0..20 {
        let held = token_of_now(&issuer);
        // The key is published first; tokens are signed with it only when it can have been read.
        issuer.add_key(&format!("round-{round}"));
        let new = token_of_now(&issuer);
        issuer.clock.advance(seconds(15));
        let load: Vec<_> = (0..50)
            .map(|number| {
                let token = if number % 2 == 0 { held.clone() } else { new.clone() };
                let layer = layer.clone();
                tokio::spawn(async move { status(&layer, &token).await })
            })
            .collect();
        for answer in load {
            assert_eq!(answer.await.unwrap(), 200, "round {round}");
        }
    }
    assert_eq!(issuer.fetches(), 21, "one for each rotation");
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_is_refused_after_the_next_refresh() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let old = issuer.token();
    assert_eq!(status(&layer, &old).await, 200);
    issuer.replace_key("k2");
    assert_eq!(status(&layer, &old).await, 200, "the layer does not know yet");
    tokio::time::sleep(seconds(601)).await;
    let response = send(&layer, get(&old)).await;
    assert_eq!((response.status().as_u16(), reason(&response)), (401, "unknown_key"));
    assert_eq!(issuer.fetches(), 2, "refreshed in the background");
    assert_eq!(status(&layer, &issuer.token()).await, 200);
}

#[tokio::test]
async fn an_issuer_outage_of_an_hour_does_not_affect_requests() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    issuer.behave(Behaviour::Down);
    for _minute in 0..60 {
        issuer.clock.advance(seconds(60));
        assert_eq!(status(&layer, &token_of_now(&issuer)).await, 200);
        settle().await;
    }
    assert!(
        (40..=61).contains(&issuer.fetches()),
        "about one refresh per minute: {}",
        issuer.fetches()
    );
    let readiness = layer.readiness();
    assert!(readiness.is_ready());
    assert_eq!(readiness.issuers()[0].state(), KeyState::Stale);
    assert_eq!(readiness.issuers()[0].age(), Some(seconds(3600)));

    issuer.behave(Behaviour::Keys);
    issuer.add_key("after");
    issuer.clock.advance(seconds(60));
    assert_eq!(status(&layer, &token_of_now(&issuer)).await, 200);
    assert_eq!(layer.readiness().issuers()[0].state(), KeyState::Fresh);
}

#[tokio::test(start_paused = true)]
async fn a_slow_key_set_does_not_delay_tokens_whose_key_is_held() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let held = issuer.token();
    issuer.behave(Behaviour::Slow(seconds(4)));
    issuer.clock.advance(seconds(1800));
    let begin = tokio::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(status(&layer, &held).await, 200, "during the refresh");
        settle().await;
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    issuer.add_key("k2");
    issuer.clock.advance(seconds(15));
    assert_eq!(status(&layer, &issuer.token()).await, 200);
    assert!(begin.elapsed() <= seconds(5), "an unknown key waits: {:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_random_keys_delays_a_new_key_by_one_cool_down_at_most() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let attacker = TestIssuer::new();
    let mut fetches = issuer.fetches();
    for second in 0_u64..300 {
        issuer.clock.advance(seconds(1));
        for number in 0..5 {
            attacker.replace_key(&format!("random-{second}-{number}"));
            assert_eq!(status(&layer, &attacker.token()).await, 401);
        }
        if second % 15 == 14 {
            let now = issuer.fetches();
            assert!(now - fetches <= 1, "second {second}: {} in a cool-down", now - fetches);
            fetches = now;
        }
        if second == 100 {
            issuer.add_key("legitimate");
        }
        if second == 115 {
            assert_eq!(status(&layer, &issuer.token()).await, 200, "one cool-down later");
        }
    }
    assert!(issuer.fetches() <= 21, "{}", issuer.fetches());
}

#[tokio::test]
async fn a_key_known_to_be_absent_causes_one_refresh_per_cool_down() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let attacker = TestIssuer::new();
    attacker.replace_key("nowhere");
    issuer.clock.advance(seconds(15));
    for second in 0..60 {
        let response = send(&layer, get(&attacker.token())).await;
        assert_eq!((response.status().as_u16(), reason(&response)), (401, "unknown_key"));
        assert_eq!(issuer.fetches(), 2 + second / 15, "second {second}");
        issuer.clock.advance(seconds(1));
    }
}

#[tokio::test]
async fn a_key_requested_before_it_was_published_is_found_within_one_cool_down() {
    for published_after in [0, 3, 14, 40] {
        let issuer = TestIssuer::new();
        let layer = issuer.builder().start().await.unwrap();
        let hasty = TestIssuer::new();
        hasty.replace_key("hasty");
        issuer.clock.advance(seconds(15));
        for _ in 0..=published_after {
            assert_eq!(status(&layer, &hasty.token()).await, 401);
            issuer.clock.advance(seconds(1));
        }
        issuer.publish_key_of(&hasty);
        let mut waited = 1;
        while status(&layer, &hasty.token()).await == 401 {
            issuer.clock.advance(seconds(1));
            waited += 1;
        }
        assert!(waited <= 15, "published after {published_after} s, good {waited} s later");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_from_a_background_refresh_is_used_at_once() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().start().await.unwrap();
    let hasty = TestIssuer::new();
    hasty.replace_key("hasty");
    issuer.clock.advance(seconds(15));
    assert_eq!(status(&layer, &hasty.token()).await, 401);
    issuer.publish_key_of(&hasty);
    // Timers advance here, but the clock that the cool-down uses does not.
    tokio::time::sleep(seconds(601)).await;
    assert_eq!(issuer.fetches(), 3);
    assert_eq!(status(&layer, &hasty.token()).await, 200);
}

#[tokio::test]
async fn seed_keys_let_a_service_start_without_its_issuer() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Down);
    let layer = issuer.builder().seed_keys(issuer.key_set()).start().await.unwrap();
    assert_eq!(status(&layer, &issuer.token()).await, 200);
    assert_eq!(layer.readiness().issuers()[0].state(), KeyState::Seeds);
    let old = issuer.token();
    issuer.replace_key("k2");
    assert_eq!(status(&layer, &issuer.token()).await, 401, "within the cool-down");
    issuer.behave(Behaviour::Keys);
    issuer.clock.advance(seconds(60));
    assert_eq!(status(&layer, &issuer.token()).await, 200);
    assert_eq!(status(&layer, &old).await, 401, "the issuer has answered");
}

#[tokio::test]
async fn readiness_makes_an_unused_layer_read_its_keys() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().build().unwrap();
    assert!(!layer.readiness().is_ready());
    settle().await;
    let readiness = layer.readiness();
    assert!(readiness.is_ready());
    assert!(
        readiness
            .to_string()
            .starts_with("https://id.example.com: fresh, 1 keys, confirmed 0 s ago")
    );
    let json = serde_json::to_value(&readiness).unwrap();
    assert_eq!((&json["ready"], &json["issuers"][0]["state"]), (&json!(true), &json!("fresh")));
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn a_failing_issuer_does_not_affect_others() {
    let (up, down) = (TestIssuer::new(), TestIssuer::new());
    down.behave(Behaviour::Down);
    let trusted = |issuer: &TestIssuer, name: &str| {
        TrustedIssuer::new(name).jwks_url(format!("{name}/keys")).fetch(issuer.clone())
    };
    let layer = BearerLayer::issuers([
        trusted(&up, "https://up.example"),
        trusted(&down, "https://down.example"),
    ])
    .audience(AUDIENCE)
    .resource("https://api.example.com")
    .clock(Arc::new(up.clock.clone()))
    .build()
    .unwrap();
    let sign = |issuer: &TestIssuer, name: &str| {
        let payload = json!({ "iss": name, "aud": AUDIENCE, "exp": NOW + 60, "sub": "u1" });
        issuer.key().sign(TokenType::Jwt, &payload).unwrap()
    };
    assert_eq!(status(&layer, &sign(&up, "https://up.example")).await, 200);
    assert_eq!(status(&layer, &sign(&down, "https://down.example")).await, 503);
    let response = send(&layer, get(&sign(&up, "https://other.example"))).await;
    assert_eq!((response.status().as_u16(), reason(&response)), (401, "wrong_issuer"));
    // Signed by one issuer, with the name of the other.
    let forged = send(&layer, get(&sign(&down, "https://up.example"))).await;
    assert_eq!((forged.status().as_u16(), reason(&forged)), (401, "bad_signature"));
    let readiness = layer.readiness();
    assert!(!readiness.is_ready(), "one issuer has no keys");
    assert!(readiness.issuers().iter().any(crate::IssuerReadiness::is_ready));
    let document = String::from_utf8(layer.protected_resource().unwrap().json().to_vec()).unwrap();
    assert!(document.contains(r#"["https://down.example","https://up.example"]"#), "{document}");
}
