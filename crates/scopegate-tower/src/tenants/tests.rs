use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{Request, Response};
use http_body_util::Full;
use scopegate_bearer::Refusal;
use scopegate_claims::Clock;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::test_issuer::{AUDIENCE, Behaviour, NOW, TestIssuer};
use crate::{BearerBuilder, BearerLayer, ResponseBody};

/// A directory of tenants that counts lookups and can be told to fail.
#[derive(Clone, Default)]
struct Directory(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    known: BTreeMap<String, TrustedIssuer>,
    asked: usize,
    at_once: usize,
    most_at_once: usize,
    fails: bool,
    takes: Duration,
}

/// Ends a lookup in the count, also when it is cancelled.
struct Leaving(Directory);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.lock().at_once -= 1;
    }
}

impl Directory {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap()
    }

    fn know(&self, issuer: &TestIssuer, name: &str) {
        self.lock().known.insert(name.to_owned(), trusted(issuer, name));
    }

    fn resolver(&self) -> impl ResolveIssuer + use<> {
        let directory = self.clone();
        move |issuer: Issuer| {
            let directory = directory.clone();
            async move {
                let takes = {
                    let mut entries = directory.lock();
                    entries.asked += 1;
                    entries.at_once += 1;
                    entries.most_at_once = entries.most_at_once.max(entries.at_once);
                    entries.takes
                };
                let _leaving = Leaving(directory.clone());
                if !takes.is_zero() {
                    tokio::time::sleep(takes).await;
                }
                let entries = directory.lock();
                match entries.fails {
                    true => Err("the database is down"),
                    false => Ok(entries.known.get(issuer.as_str()).cloned()),
                }
            }
        }
    }
}

fn trusted(issuer: &TestIssuer, name: &str) -> TrustedIssuer {
    TrustedIssuer::new(name).jwks_url(format!("{name}/keys")).fetch(issuer.clone())
}

struct Given {
    issuer: TestIssuer,
    directory: Directory,
    layer: BearerLayer,
}

fn given() -> Given {
    given_with(|builder| builder)
}

fn given_with(set: impl Fn(BearerBuilder) -> BearerBuilder) -> Given {
    let (issuer, directory) = (TestIssuer::new(), Directory::default());
    let builder = BearerLayer::issuers([trusted(&issuer, "https://fixed.example")])
        .audience(AUDIENCE)
        .clock(Arc::new(issuer.clock.clone()))
        .or_resolve(directory.resolver());
    let layer = set(builder).build().unwrap();
    Given { issuer, directory, layer }
}

impl Given {
    fn token(&self, name: &str) -> String {
        self.token_for(name, "u1")
    }

    fn token_for(&self, name: &str, subject: &str) -> String {
        let now = self.issuer.clock.now().as_seconds();
        let claims = json!({ "iss": name, "aud": AUDIENCE, "exp": now + 60, "sub": subject });
        self.issuer.key().sign(scopegate_jose::TokenType::Jwt, &claims).unwrap()
    }

    async fn send(&self, token: &str) -> Response<ResponseBody<Full<Bytes>>> {
        let hello = |_: Request<()>| std::future::ready(Ok::<_, Infallible>(Response::default()));
        let inner = service_fn(hello);
        let request = Request::get("/").header(AUTHORIZATION, format!("Bearer {token}"));
        self.layer.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap()
    }

    async fn status(&self, name: &str) -> u16 {
        self.send(&self.token(name)).await.status().as_u16()
    }

    fn asked(&self) -> usize {
        self.directory.lock().asked
    }

    fn advance(&self, seconds: u64) {
        self.issuer.clock.advance(Duration::from_secs(seconds));
    }
}

const TENANT: &str = "https://tenant.example";

#[tokio::test]
async fn a_tenant_is_looked_up_once_and_its_keys_are_read() {
    let given = given();
    given.directory.know(&given.issuer, TENANT);
    assert_eq!(given.status("https://fixed.example").await, 200);
    assert_eq!(given.asked(), 0, "named issuers are not looked up");
    for _ in 0..3 {
        assert_eq!(given.status(TENANT).await, 200);
    }
    assert_eq!((given.asked(), given.issuer.fetches()), (1, 2));
    let readiness = given.layer.readiness();
    assert_eq!(readiness.tenants()[0].issuer(), TENANT);
    assert_eq!(readiness.issuers().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_share_one_lookup() {
    let given = Arc::new(given());
    given.directory.know(&given.issuer, TENANT);
    given.directory.lock().takes = Duration::from_secs(1);
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let given = Arc::clone(&given);
            tokio::spawn(async move { given.status(TENANT).await })
        })
        .collect();
    tokio::task::yield_now().await;
    requests[0].abort();
    for request in requests.into_iter().skip(1) {
        assert_eq!(request.await.unwrap(), 200, "the lookup outlives the request that started it");
    }
    assert_eq!(given.asked(), 1);
}

#[tokio::test]
async fn an_unknown_issuer_is_refused_and_remembered() {
    let given = given();
    let response = given.send(&given.token("https://nobody.example")).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "wrong_issuer");
    for _ in 0..10 {
        assert_eq!(given.status("https://nobody.example").await, 401);
    }
    assert_eq!(given.asked(), 1);
    given.directory.know(&given.issuer, "https://nobody.example");
    given.advance(60);
    assert_eq!(given.status("https://nobody.example").await, 200, "it is a tenant now");
}

#[tokio::test]
async fn the_resolver_is_not_asked_about_malformed_issuers() {
    let given = given();
    let long = format!("https://a.example/{}", "a".repeat(2048));
    for name in ["", "nobody", "http://tenant.example", "https://a.example?x", "file:///etc", &long]
    {
        assert_eq!(given.status(name).await, 401, "{name}");
    }
    for claims in [json!({ "aud": AUDIENCE }), json!({ "iss": 7 }), json!({ "iss": [TENANT] })] {
        let token = given.issuer.key().sign(scopegate_jose::TokenType::Jwt, &claims).unwrap();
        assert_eq!(given.send(&token).await.status(), 401);
    }
    assert_eq!(given.asked(), 0);
}

#[tokio::test]
async fn a_failed_lookup_is_503() {
    let given = given();
    given.directory.know(&given.issuer, TENANT);
    given.directory.lock().fails = true;
    let response = given.send(&given.token(TENANT)).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[RETRY_AFTER], "5");
    assert_eq!(given.status(TENANT).await, 503);
    assert_eq!(given.asked(), 1, "after a failure the resolver is not asked for a while");
    given.directory.lock().fails = false;
    given.advance(5);
    assert_eq!(given.status(TENANT).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_five_seconds_at_most_for_lookup_and_keys() {
    let given = given();
    given.directory.know(&given.issuer, TENANT);
    given.directory.lock().takes = Duration::from_secs(3);
    given.issuer.behave(Behaviour::Slow(Duration::from_secs(4)));
    let begin = tokio::time::Instant::now();
    assert_eq!(given.status(TENANT).await, 503);
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(given.status(TENANT).await, 200, "the lookup and the refresh went on");

    given.directory.lock().takes = Duration::from_secs(3600);
    let begin = tokio::time::Instant::now();
    assert_eq!(given.status("https://slow.example").await, 503);
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_issuers_is_bounded() {
    let given = Arc::new(given());
    given.directory.know(&given.issuer, TENANT);
    assert_eq!(given.status(TENANT).await, 200);
    given.directory.lock().takes = Duration::from_secs(1);
    let flood: Vec<_> = (0..3_000)
        .map(|number| {
            let given = Arc::clone(&given);
            let name = format!("https://random-{number}.example");
            tokio::spawn(async move { given.status(&name).await })
        })
        .collect();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(given.status(TENANT).await, 200, "known tenants are not affected");
    for answer in flood {
        assert!(matches!(answer.await.unwrap(), 401 | 503));
    }
    assert!(given.directory.lock().most_at_once <= MAX_RUNNING);
    assert!(given.asked() <= 1 + MAX_LOOKUPS, "{}", given.asked());
}

#[tokio::test]
async fn a_tenant_in_use_is_looked_up_again_before_its_time_ends() {
    let given = given();
    given.directory.know(&given.issuer, TENANT);
    assert_eq!(given.status(TENANT).await, 200);
    given.advance(450);
    for _ in 0..10 {
        assert_eq!(given.status(TENANT).await, 200);
        tokio::task::yield_now().await;
    }
    assert_eq!(given.asked(), 2);
    given.advance(300);
    assert_eq!(given.status(TENANT).await, 200, "renewed past its first time");
    // The directory fails: the tenant is trusted until its time is over.
    given.directory.lock().fails = true;
    given.advance(299);
    assert_eq!(given.status(TENANT).await, 200);
    given.advance(1);
    assert_eq!(given.status(TENANT).await, 503);
}

#[tokio::test]
async fn a_withdrawn_tenant_is_refused_even_for_cached_tokens() {
    let given = given();
    given.directory.know(&given.issuer, TENANT);
    let token = given.token_for(TENANT, "u2");
    let long = json!({ "iss": TENANT, "aud": AUDIENCE, "exp": NOW + 9000, "sub": "u1" });
    let long = given.issuer.key().sign(scopegate_jose::TokenType::Jwt, &long).unwrap();
    for token in [&token, &long, &long, &long] {
        assert_eq!(given.send(token).await.status(), 200);
    }
    given.directory.lock().known.clear();
    given.advance(600);
    assert_eq!(given.send(&long).await.status(), 401);
    assert_eq!(given.asked(), 2);
}

#[tokio::test]
async fn changed_rules_invalidate_cached_tokens() {
    let given = given();
    given.directory.know(&given.issuer, TENANT);
    let long = json!({ "iss": TENANT, "aud": AUDIENCE, "exp": NOW + 9000, "sub": "u1" });
    let long = given.issuer.key().sign(scopegate_jose::TokenType::Jwt, &long).unwrap();
    for _ in 0..3 {
        assert_eq!(given.send(&long).await.status(), 200);
    }
    let narrowed = trusted(&given.issuer, TENANT).audience("api://other");
    given.directory.lock().known.insert(TENANT.to_owned(), narrowed);
    given.advance(600);
    assert_eq!(given.send(&long).await.status(), 401, "also for a token that was admitted before");
}

#[tokio::test]
async fn a_resolver_that_returns_another_issuer_counts_as_failed() {
    let given = given();
    let other = trusted(&given.issuer, "https://other.example");
    given.directory.lock().known.insert(TENANT.to_owned(), other);
    assert_eq!(given.status(TENANT).await, 503);
    let wrong = TrustedIssuer::new(TENANT).jwks_url("http://10.0.0.1/keys");
    given.directory.lock().known.insert(TENANT.to_owned(), wrong);
    given.advance(5);
    assert_eq!(given.status(TENANT).await, 503, "invalid settings count as no answer");
}

#[tokio::test]
async fn the_least_recently_used_tenant_is_evicted() {
    let given = given_with(|builder| builder.tenant_limits(TenantLimits::new().at_most(3)));
    let names =
        ["https://a.example", "https://b.example", "https://c.example", "https://d.example"];
    for name in names {
        given.directory.know(&given.issuer, name);
    }
    for name in ["https://a.example", "https://b.example", "https://c.example", "https://a.example"]
    {
        assert_eq!(given.status(name).await, 200);
        given.advance(1);
    }
    assert_eq!(given.status("https://d.example").await, 200);
    let readiness = given.layer.readiness();
    let held: Vec<_> = readiness.tenants().iter().map(IssuerReadiness::issuer).collect();
    assert_eq!(held, ["https://a.example", "https://c.example", "https://d.example"]);
    assert_eq!(given.status("https://b.example").await, 200, "it is looked up again");
    assert_eq!(given.asked(), 5);
}

#[tokio::test]
async fn tokens_are_not_verified_with_keys_of_other_issuers() {
    let given = given();
    let attacker = TestIssuer::new();
    given.directory.know(&given.issuer, TENANT);
    given.directory.know(&attacker, "https://evil.example");
    let claims = |name: &str| json!({ "iss": name, "aud": AUDIENCE, "exp": NOW + 60 });
    let sign =
        |name: &str| attacker.key().sign(scopegate_jose::TokenType::Jwt, &claims(name)).unwrap();
    assert_eq!(given.send(&sign("https://evil.example")).await.status(), 200, "a tenant as well");
    for name in [TENANT, "https://fixed.example"] {
        let response = given.send(&sign(name)).await;
        assert_eq!(response.status(), 401, "{name}");
        assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "bad_signature");
    }
}

#[tokio::test]
async fn a_panicking_resolver_affects_only_its_own_requests() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);

    let issuer = TestIssuer::new();
    let layer = BearerLayer::issuers([])
        .audience(AUDIENCE)
        .clock(Arc::new(issuer.clock.clone()))
        .or_resolve(async |_: Issuer| {
            ASKED.fetch_add(1, Relaxed);
            if ASKED.load(Relaxed) < 100 {
                panic!("a bug")
            };
            Ok::<_, Infallible>(None)
        })
        .build()
        .unwrap();
    let given = Given { issuer, directory: Directory::default(), layer };
    assert_eq!(given.status(TENANT).await, 503);
    assert_eq!(given.status(TENANT).await, 503);
    assert_eq!(ASKED.load(Relaxed), 2);
}
