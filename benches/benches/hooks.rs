//! What token hooks cost, and that a dead hook slows nobody else.
//!
//! ```text
//! cargo bench -p scopegate-benches --bench hooks
//! ```
//!
//! 1. A web service that answers after 5 ms: what it adds to a token request at the median.
//! 2. A cached answer: what it adds.
//! 3. 1,000 requests that wait for a service that never answers: the 99th percentile of requests without hooks,
//!    compared with a server that has nothing else to do.
//!
//! Requests go to the server's router, without a socket: they measure the server, not the network.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it measures and shows")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::post;
use scopegate_claims::{Clock, Issuer, SystemClock};
use scopegate_core::administration::apply::{Mode, apply};
use scopegate_core::administration::edit_catalog::CatalogDoor;
use scopegate_core::audit::Actor;
use scopegate_core::catalog::UserId;
use scopegate_core::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use scopegate_core::client_auth::secret_mac;
use scopegate_jose::MasterKey;
use scopegate_server::{Server, ServerSettings};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
use tower_service::Service;

const SECRET: &str = "a secret of 43 characters is a good secret.";

/// How long the web service takes.
const ANSWERS_AFTER: Duration = Duration::from_millis(5);

/// How many requests wait for each of the hooks that never answer. More than 256 would not wait.
const WAITING: usize = 250;

const ROUNDS: usize = 400;

const SERVER: &str = r#"
[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders" }]
algorithms = ["ES256"]
scope = [{ name = "read:orders" }]
"#;

/// A client for each of these hooks, and one without.
const HOOKS: [(&str, &str); 6] = [
    ("slow", ""),
    ("cached", "cache = { key = \"client.id\", ttl = \"24h\" }"),
    ("dead-1", "failure = \"open\""),
    ("dead-2", "failure = \"open\""),
    ("dead-3", "failure = \"open\""),
    ("dead-4", "failure = \"open\""),
];

fn catalog(service: &str) -> String {
    let mut text = "version = 1\n".to_owned();
    for (name, keys) in HOOKS {
        let url = format!("{service}/{name}");
        text += &format!("[[hook]]\nname = \"{name}\"\ntype = \"http\"\nurl = \"{url}\"\n{keys}\n");
    }
    let clients = HOOKS.iter().map(|(name, _)| *name).chain(["none"]);
    for client in clients.clone() {
        text += &format!(
            "[[client]]\nid = \"{client}\"\nname = \"C\"\nauth = \"client_secret_post\"\nsecrets = [{{ env = \"S\" }}]\n"
        );
    }
    text += SERVER;
    for client in clients {
        let hooks = if client == "none" { String::new() } else { format!("\"{client}\"") };
        text += &format!(
            "[[server.policy]]\nname = \"{client}\"\nclients = [\"{client}\"]\n[[server.policy.rule]]\nname = \"r\"\n\
             grant_types = [\"client_credentials\"]\nscopes = [\"*\"]\nhooks = [{hooks}]\n"
        );
    }
    text
}

/// The web service of the hooks, on loopback.
async fn service() -> String {
    let answer = r#"{"commands":[{"type":"com.okta.access.patch","value":[{"op":"add","path":"/claims/plan","value":"gold"}]}]}"#;
    // The timer of tokio has steps of 1 ms, so that a thread waits.
    let slow = async move || {
        tokio::task::spawn_blocking(|| std::thread::sleep(ANSWERS_AFTER)).await.unwrap();
        answer
    };
    let site = Router::new()
        .route("/slow", post(slow))
        .route("/cached", post(async move || answer))
        .fallback(post(std::future::pending::<&'static str>));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, site).await });
    url
}

struct Context<'a>(&'a MasterKey, &'a Issuer);

impl CatalogContext for Context<'_> {
    fn variable(&self, _: &str) -> Option<String> {
        Some(SECRET.to_owned())
    }
    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        secret_mac(self.0, sha256)
    }
    fn seal_password(&self, _: &UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }
    fn issuer_base(&self) -> Option<&Issuer> {
        Some(self.1)
    }
}

async fn server(folder: &std::path::Path) -> Server {
    let base = Issuer::parse("http://127.0.0.1:9000").unwrap();
    let url = StoreUrl::sqlite(folder.join("s.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    let master_key = Arc::new(MasterKey::generate());
    let catalog = catalog(&service().await);
    let source = CatalogSource { name: "catalog.toml", content: catalog.as_bytes() };
    let file = CatalogFile::parse(&source, &Context(&master_key, &base)).unwrap();
    let (actor, now) = (Actor::file("catalog.toml"), SystemClock.now());
    let door = CatalogDoor { store: &store, base: &base, actor: &actor, now };
    apply(&door, &file, Mode::Write).await.unwrap();
    Server::open(ServerSettings::new(base, store, master_key)).await.unwrap()
}

/// Requests a token, and returns how long it took. If the disk is too slow for the audit log, the answer is 503, and
/// the request is sent again.
async fn token(mut router: Router, client: &str) -> Duration {
    let secret = SECRET.replace(' ', "+");
    let form = format!(
        "grant_type=client_credentials&client_id={client}&client_secret={secret}&scope=read:orders"
    );
    loop {
        let request = Request::post("/oauth2/default/v1/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.clone()))
            .unwrap();
        let begun = Instant::now();
        let answer = router.call(request).await.unwrap();
        match answer.status().as_u16() {
            200 => return begun.elapsed(),
            503 => tokio::time::sleep(Duration::from_millis(100)).await,
            other => unreachable!("{client}: {other}"),
        }
    }
}

async fn sorted(router: &Router, client: &str) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        times.push(token(router.clone(), client).await);
    }
    times.sort_unstable();
    times
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let router = server.router();
    for client in ["none", "slow", "cached"] {
        token(router.clone(), client).await;
    }
    let p50 = |times: &[Duration]| micros(times[times.len() / 2]);
    let p99 = |times: &[Duration]| micros(times[times.len() * 99 / 100]);
    let idle = sorted(&router, "none").await;
    let slow = sorted(&router, "slow").await;
    // Both alternate, because the difference is small.
    let (mut cached, mut none) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        cached.push(p50(&sorted(&router, "cached").await));
        none.push(p50(&sorted(&router, "none").await));
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let dead = || HOOKS.iter().map(|(name, _)| *name).filter(|name| name.starts_with("dead"));
    let waiting: Vec<_> = dead()
        .flat_map(|name| std::iter::repeat_n(name, WAITING))
        .map(|name| tokio::spawn(token(router.clone(), name)))
        .collect();
    // Nearly all of them wait before they give up after 3 s.
    let running = || {
        let authority = server.authority();
        let status = authority.hooks().status(&authority.catalog());
        status.iter().map(|hook| hook.running).sum::<usize>()
    };
    let begun = Instant::now();
    while running() < waiting.len() && begun.elapsed() < Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let beside = sorted(&router, "none").await;
    let waited = running();
    waiting.iter().for_each(tokio::task::JoinHandle::abort);

    println!("| | µs |\n| --- | --- |");
    println!("| no hook, p50 | {:.0} |", p50(&idle));
    println!("| a hook that answers after 5 ms adds at p50 | {:.0} |", p50(&slow) - p50(&idle));
    println!("| a cached hook adds at p50 | {:.1} |", median(&mut cached) - median(&mut none));
    println!("| no hook, p99, idle | {:.0} |", p99(&idle));
    println!(
        "| no hook, p99, beside {waited} requests that wait for dead hooks | {:.0} |",
        p99(&beside)
    );
    server.close().await;
}
