//! What unauthenticated requests write to the storage, and how much.

use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::{Method, Request, StatusCode};
use scopegate_claims::Clock;
use scopegate_core::audit::{AuditEvent, What};
use scopegate_core::catalog::{
    ClientAuth, ClientId, ClientSpec, ClientType, Edit, Entity, EntityKey, Owner, RedirectUri, Spec,
};
use scopegate_core::store::{ArtifactKind, ArtifactName, Records};
use scopegate_testkit::{MemoryStore, UncheckedCatalog};
use serde_json::{Value, json};

use crate::fixture::{FORM, Fixture, TOKEN, basic, secret_of};
use crate::rendered::json as body_of;

const PAR: &str = "/oauth2/default/v1/par";
const DEVICE: &str = "/oauth2/default/v1/device/authorize";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The request that `app` pushes.
const PUSHED: &str = "client_id=app&response_type=code&scope=read:orders&code_challenge_method=S256&\
                      code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const MINUTE: Duration = Duration::from_secs(60);

/// A server whose client `app` is public.
async fn start() -> Fixture<MemoryStore> {
    let at = Fixture::start_in_memory().await;
    let spec = ClientSpec {
        name: "App".to_owned(),
        client_type: ClientType::Native,
        auth: ClientAuth::None,
        grant_types: ["authorization_code".to_owned(), DEVICE_CODE.to_owned()].into(),
        redirect_uris: vec![RedirectUri::parse("https://app.example/cb").unwrap()],
        ..ClientSpec::default()
    };
    let key = EntityKey::client(&ClientId::parse("app").unwrap());
    let edit = Edit::Put(Entity { key, owner: Owner::File, spec: Spec::Client(Box::new(spec)) });
    let version = at.server.authority().catalog().version();
    at.store.write_catalog(version, &[edit], None).await.unwrap();
    at.server.authority().reload().await.unwrap();
    at
}

/// The scopes of a recorded decision.
fn scope_of(event: &AuditEvent) -> &str {
    &event.decision().expect("it records a decision").scope
}

impl Fixture<MemoryStore> {
    /// Sends a form from an address in 192.0.2.0/24.
    async fn post_from(&self, last: u8, path: &str, form: &str) -> Response {
        self.send(from(last, path).body(Body::from(form.to_owned())).unwrap()).await
    }

    /// The same, by `portal` with its secret.
    async fn post_by_portal(&self, path: &str, form: &str) -> Response {
        let request = from(1, path).header("authorization", basic("portal", &secret_of("portal")));
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// The audit events, with the counts of refusals.
    fn audited(&self) -> Vec<AuditEvent> {
        self.store.events()
    }

    async fn record_counted(&self) -> Vec<AuditEvent> {
        let before = self.audited().len();
        self.server.close().await;
        self.audited().split_off(before)
    }
}

fn from(last: u8, path: &str) -> http::request::Builder {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", FORM)
        .extension(ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, last], 4000))))
}

/// The error of an answer, with its status.
async fn refusal(answer: Response) -> (StatusCode, Value) {
    let status = answer.status();
    (status, body_of(answer).await["error"].clone())
}

fn retry_after(answer: &Response) -> &str {
    answer.headers()["retry-after"].to_str().unwrap()
}

#[tokio::test]
async fn only_known_parameters_of_a_pushed_request_are_stored() {
    let at = start().await;
    let junk = "x".repeat(50_000);
    let form = format!("{}&anything={junk}&acr_values={}", PUSHED.replace("app", "portal"), "a");
    let answer = body_of(at.post_by_portal(PAR, &form).await).await;
    let uri = answer["request_uri"].as_str().unwrap();
    let secret = uri.strip_prefix("urn:ietf:params:oauth:request_uri:").unwrap();
    let name = ArtifactName::of_secret(secret);
    let row = at.store.artifact(ArtifactKind::PushedRequest, &name).await.unwrap().unwrap();
    assert!(row.body.len() < 700, "{}", row.body.len());
}

#[tokio::test]
async fn a_push_without_credentials_has_at_most_8_kib() {
    let at = start().await;
    let form = |length: usize| format!("{PUSHED}&x={}", "x".repeat(length - PUSHED.len() - 3));
    for (length, status) in [(8192, 201), (8193, 413), (60_000, 413)] {
        assert_eq!(at.post_from(1, PAR, &form(length)).await.status(), status, "{length}");
    }
    let long = at.post_from(1, PAR, &form(8193)).await;
    assert_eq!(refusal(long).await, (StatusCode::PAYLOAD_TOO_LARGE, json!("invalid_request")));
    assert_eq!((at.store.sizes().artifacts, at.audited().len()), (1, 1));
    // Wrong credentials do not raise the limit. They only cause another refusal.
    let wrong = format!("{}&client_secret=wrong", form(9000));
    assert_eq!(at.post_from(1, PAR, &wrong).await.status(), 401);
    let of_portal = form(60_000).replace("app", "portal");
    assert_eq!(at.post_by_portal(PAR, &of_portal).await.status(), 201);
}

#[tokio::test]
async fn pushed_requests_and_device_requests_have_a_rate_for_each_address() {
    for (path, form, created, error) in [
        (PAR, PUSHED, 201, "temporarily_unavailable"),
        (DEVICE, "client_id=app&scope=read:orders", 200, "slow_down"),
    ] {
        let at = start().await;
        for _ in 0..60 {
            assert_eq!(at.post_from(1, path, form).await.status(), created);
        }
        let (sizes, events) = (at.store.sizes(), at.audited().len());
        at.clock.advance(MINUTE / 6);
        let refused = at.post_from(1, path, form).await;
        assert_eq!(retry_after(&refused), "50");
        assert_eq!(refusal(refused).await, (StatusCode::TOO_MANY_REQUESTS, json!(error)));
        assert_eq!((at.store.sizes(), at.audited().len()), (sizes, events), "nothing is written");

        // Other addresses have their own rate.
        for _ in 0..60 {
            assert_eq!(at.post_from(2, path, form).await.status(), created);
        }
        at.clock.advance(MINUTE);
        assert_eq!(at.post_from(1, path, form).await.status(), created);
    }
}

#[tokio::test]
async fn an_authenticated_client_has_no_rate() {
    let at = start().await;
    let form = PUSHED.replace("app", "portal");
    for _ in 0..70 {
        assert_eq!(at.post_by_portal(PAR, &form).await.status(), 201);
    }
}

#[tokio::test]
async fn expired_rows_are_deleted_within_a_minute() {
    let at = start().await;
    at.post_from(1, PAR, PUSHED).await;
    at.post_from(1, DEVICE, "client_id=app&scope=read:orders").await;
    for (after, left) in [(89, 2), (1, 1), (539, 1), (1, 0)] {
        at.clock.advance(Duration::from_secs(after));
        at.server.authority().sweep().await.unwrap();
        assert_eq!(at.store.sizes().artifacts, left);
    }
}

#[tokio::test]
async fn a_waiting_device_writes_nothing() {
    let at = start().await;
    let asked = body_of(at.post_from(1, DEVICE, "client_id=app&scope=read:orders").await).await;
    let code = asked["device_code"].as_str().unwrap();
    let form = format!("client_id=app&grant_type={DEVICE_CODE}&device_code={code}");
    let name = ArtifactName::of_secret(code);
    let row = at.store.artifact(ArtifactKind::Device, &name).await.unwrap();
    let events = at.audited().len();
    for error in ["authorization_pending", "slow_down", "slow_down"] {
        let answer = body_of(at.post_from(1, TOKEN, &form).await).await;
        assert_eq!(answer["error"], error);
        assert!(answer["decision_id"].is_string());
    }
    for _ in 0..100 {
        at.clock.advance(Duration::from_secs(1));
        at.post_from(1, TOKEN, &form).await;
    }
    assert_eq!(at.store.artifact(ArtifactKind::Device, &name).await.unwrap(), row);
    assert_eq!(at.record_counted().await.len(), 0);
    assert_eq!(at.audited().len(), events);
}

#[tokio::test]
async fn refusals_of_a_public_client_are_recorded_sixty_times_a_minute_and_then_counted() {
    let at = start().await;
    let stranger = "fly:orders ".repeat(300);
    let form = format!("client_id=app&grant_type=password&scope=read:orders {stranger}");
    let mut decisions = Vec::new();
    for _ in 0..100 {
        let answer = body_of(at.post_from(1, TOKEN, &form).await).await;
        assert_eq!(answer["error"], "unsupported_grant_type");
        decisions.push(answer["decision_id"].as_str().unwrap().to_owned());
    }
    let events = at.audited();
    let recorded: Vec<_> = events.iter().map(|event| event.id.to_string()).collect();
    assert_eq!(recorded, decisions[..60]);
    assert!(events.iter().all(|event| scope_of(event) == "read:orders"));
    // This does not apply to another address, nor to an authenticated client.
    at.post_from(2, TOKEN, &form).await;
    let by_portal = "grant_type=password&scope=fly:orders";
    for _ in 0..100 {
        at.post_by_portal(TOKEN, by_portal).await;
    }
    assert_eq!(at.audited().len(), 60 + 1 + 100);
    assert!(at.audited()[61..].iter().all(|event| scope_of(event).is_empty()));

    let counted = at.record_counted().await;
    assert_eq!(counted.len(), 1);
    assert_eq!(counted[0].what, What::RefusalsCounted { client: "app".to_owned(), count: 40 });
    assert_eq!(counted[0].address.as_deref(), Some("192.0.2.1"));
    let id = counted[0].id.to_string();
    assert!(decisions[60..].iter().all(|decision| *decision == id), "each can be looked up");
}

#[tokio::test]
async fn refusals_of_unknown_clients_are_counted_under_one_name() {
    let at = start().await;
    for number in 0..100 {
        let form = format!("client_id=stranger{number}&grant_type={DEVICE_CODE}&device_code=x");
        let answer = at.post_from(number, TOKEN, &form).await;
        assert_eq!(answer.status(), 401);
        at.post_from(number, PAR, &form).await;
    }
    at.post_from(1, TOKEN, "grant_type=client_credentials&client_id=portal&client_secret=no").await;
    assert_eq!(at.audited().len(), 0);
    let counted = at.record_counted().await;
    assert_eq!(counted.len(), 1);
    assert_eq!(counted[0].what, What::ClientAuthenticationFailed { count: 201 });
    assert!(!counted[0].to_json().contains("stranger"));
}

#[tokio::test]
async fn a_replayed_assertion_is_recorded_like_a_failed_authentication() {
    let at = start().await;
    let assertion = at.assertion("once", &json!({}));
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200);
    for _ in 0..100 {
        assert_eq!(at.ask_with_assertion(&assertion).await.status(), 401);
    }
    let refused = at.audited().iter().filter(|event| event.kind_and_outcome().1 != "ALLOW").count();
    assert_eq!(refused, 60);
    assert_eq!(at.record_counted().await[0].count(), Some(40));
}

#[tokio::test(start_paused = true)]
async fn counts_are_written_once_a_minute() {
    let at = start().await;
    for _ in 0..3 {
        at.post_from(1, TOKEN, "client_id=nobody&grant_type=password").await;
    }
    tokio::time::sleep(MINUTE + MINUTE / 10).await;
    let events = at.audited();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].count(), Some(3));
    assert!(events[0].at <= at.clock.now());
    tokio::time::sleep(3 * MINUTE).await;
    assert_eq!(at.audited().len(), 1, "nothing is written where nothing was counted");
}
