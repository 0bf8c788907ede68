//! Each control, as a layer sees it: in process, and over a socket.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use axum::{Router, body::Body, http::Request, routing::get};
use scopegate_testkit::{Broken, TestIssuer};
use tower::ServiceExt;

const AUDIENCE: &str = "api://orders";
const COOL_DOWN: Duration = Duration::from_secs(15);

struct Service {
    issuer: TestIssuer,
    app: Router,
}

impl Service {
    /// The same service with an in-process issuer and with one on loopback.
    async fn both() -> [Self; 2] {
        let of = |issuer: TestIssuer| {
            let app = Router::new().route("/", get(|| async {})).layer(issuer.layer());
            Self { issuer, app }
        };
        [of(TestIssuer::start(AUDIENCE).await), of(TestIssuer::listen(AUDIENCE).await)]
    }

    async fn ask(&self, token: &str) -> u16 {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        let request = request.body(Body::empty()).unwrap();
        self.app.clone().oneshot(request).await.unwrap().status().as_u16()
    }

    fn token(&self) -> String {
        self.issuer.token().sign()
    }
}

#[tokio::test]
async fn a_layer_follows_rotation_and_withdrawal() {
    for service in Service::both().await {
        let issuer = &service.issuer;
        let (first, old) = (issuer.kid(), service.token());
        assert_eq!(service.ask(&old).await, 200);
        let second = issuer.rotate();
        assert_ne!(first, second);
        assert_eq!(issuer.kid(), second);
        assert_eq!(service.ask(&service.token()).await, 401, "within the cool-down");
        issuer.clock().advance(COOL_DOWN);
        assert_eq!(service.ask(&service.token()).await, 200);
        assert_eq!(service.ask(&old).await, 200, "both are published");
        issuer.withdraw(&first);
        issuer.clock().advance(COOL_DOWN);
        issuer.rotate();
        assert_eq!(service.ask(&service.token()).await, 200);
        assert_eq!(service.ask(&old).await, 401);
    }
}

#[tokio::test]
async fn an_issuer_can_go_down_and_come_back() {
    for service in Service::both().await {
        service.issuer.go_down();
        assert_eq!(service.ask(&service.token()).await, 503);
        assert_eq!(service.issuer.fetches().keys, 0);
        service.issuer.come_back();
        service.issuer.clock().advance(COOL_DOWN);
        assert_eq!(service.ask(&service.token()).await, 200);
        assert_eq!(service.issuer.fetches().keys, 1);
        assert!(service.issuer.fetches().discovery >= 2);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_wait_five_seconds_for_a_slow_issuer() {
    for (wait, status) in [(1, 200), (6, 503)] {
        let [service, _] = Service::both().await;
        service.issuer.answer_after(Duration::from_secs(wait));
        assert_eq!(service.ask(&service.token()).await, status, "{wait} s");
    }
}

#[tokio::test]
async fn delay_and_freshness_work_over_http() {
    let issuer = TestIssuer::listen(AUDIENCE).await;
    issuer.answer_after(Duration::from_millis(20));
    issuer.say_fresh_for(Duration::from_secs(77));
    let url = format!("{}/v1/keys", issuer.url());
    let before = std::time::Instant::now();
    let response = reqwest::get(&url).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(20));
    assert_eq!(response.headers()["cache-control"], "max-age=77");
    assert!(response.text().await.unwrap().contains(&issuer.kid()));
    let response = reqwest::get(format!("{}/elsewhere", issuer.url())).await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(issuer.fetches().keys, 1, "requests for unknown documents are not counted");
}

#[tokio::test]
async fn every_broken_token_is_refused_and_the_valid_one_admitted() {
    for service in Service::both().await {
        assert_eq!(service.ask(&service.token()).await, 200);
        for broken in Broken::ALL {
            let token = service.issuer.token().scope("read:orders").broken(broken);
            assert_eq!(service.ask(&token).await, 401, "{broken}");
        }
        // The first token caused a key request, and so did the first wrong signature, in the
        // background.
        assert!((1..=2).contains(&service.issuer.fetches().keys));
    }
}
