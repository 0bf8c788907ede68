//! One of the two servers that are compared: its process, and the requests to it.

use std::collections::VecDeque;
use std::path::Path;

use tokio::task::JoinSet;

use crate::child::ServerProcess;
use crate::http::{Connection, Reply, encoded, get, post};
use crate::ours::SECRET;
use crate::work::Work;

const CONNECTIONS: usize = 32;
const REDIRECT_URI: &str = "http://127.0.0.1/cb";
const SCOPE: &str = "openid profile offline_access read:orders";
/// The example of RFC 7636, Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Side {
    server: ServerProcess,
    is_ours: bool,
}

/// The requests of one connection, in order.
enum Lane {
    Prepared(VecDeque<Vec<u8>>),
    /// Each response contains the refresh token for the next request.
    Refreshing {
        token: String,
        left: usize,
    },
}

impl Side {
    pub(crate) async fn ours(algorithm: &str) -> Self {
        Self { server: ServerProcess::start("ours", algorithm), is_ours: true }
    }

    /// Our server in another build of this benchmark, such as that of the previous commit.
    pub(crate) async fn ours_of(program: &Path, algorithm: &str) -> Self {
        Self { server: ServerProcess::start_of(program, "ours", algorithm), is_ours: true }
    }

    pub(crate) async fn bare(algorithm: &str) -> Self {
        Self { server: ServerProcess::start("bare", algorithm), is_ours: false }
    }

    /// The CPU time of a request, in microseconds.
    pub(crate) async fn spend(&mut self, work: Work, requests: usize) -> f64 {
        let each = requests / CONNECTIONS;
        let lanes = self.lanes(work, each).await;
        let mut running = Vec::new();
        for lane in lanes {
            let mut connection = Connection::open(self.server.port).await;
            connection.send(&self.warm_up()).await;
            running.push((connection, lane));
        }
        let before = self.server.worked();
        let mut all = JoinSet::new();
        for (connection, lane) in running {
            all.spawn(run(connection, lane, self.path("token")));
        }
        tokio::select! {
            _ = all.join_all() => {}
            () = stay_awake() => {}
        }
        let worked = self.server.worked() - before;
        worked.as_secs_f64() * 1e6 / (each * CONNECTIONS) as f64
    }

    async fn lanes(&self, work: Work, each: usize) -> Vec<Lane> {
        let repeated = |request: Vec<u8>| {
            let lane = || Lane::Prepared(std::iter::repeat_n(request.clone(), each).collect());
            (0..CONNECTIONS).map(|_| lane()).collect()
        };
        match work {
            Work::Code => {
                let mut codes = self.codes(each * CONNECTIONS).await.into_iter();
                let lane = |_| codes.by_ref().take(each).map(|code| self.exchange(&code)).collect();
                (0..CONNECTIONS).map(lane).map(Lane::Prepared).collect()
            }
            Work::Refresh => {
                let mut lanes = Vec::new();
                for reply in self.begun(CONNECTIONS).await {
                    let token = reply.member("refresh_token");
                    lanes.push(Lane::Refreshing { token, left: each });
                }
                lanes
            }
            Work::Introspection => {
                let token = self.begun(1).await[0].member("access_token");
                let portal = basic("portal");
                let lines = [("authorization", portal.as_str())];
                repeated(post(&self.path("introspect"), &lines, &[("token", &token)]))
            }
            Work::Userinfo => {
                let bearer = format!("Bearer {}", self.begun(1).await[0].member("access_token"));
                repeated(get(&self.path("userinfo"), &[("authorization", &bearer)]))
            }
            Work::ClientCredentials => repeated(self.client_credentials()),
        }
    }

    fn client_credentials(&self) -> Vec<u8> {
        client_credentials(&self.path("token"))
    }

    fn warm_up(&self) -> Vec<u8> {
        get(&self.path("keys"), &[])
    }

    /// The responses to this many code exchanges.
    async fn begun(&self, count: usize) -> Vec<Reply> {
        let mut connection = Connection::open(self.server.port).await;
        let mut replies = Vec::new();
        for code in self.codes(count).await {
            let reply = connection.send(&self.exchange(&code)).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
            replies.push(reply);
        }
        replies
    }

    fn exchange(&self, code: &str) -> Vec<u8> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        post(&self.path("token"), &[("authorization", &basic("portal"))], &form)
    }

    /// Codes issued without a sign-in, from the existing session.
    async fn codes(&self, count: usize) -> Vec<String> {
        let query = encoded(&[
            ("response_type", "code"),
            ("client_id", "portal"),
            ("redirect_uri", REDIRECT_URI),
            ("scope", SCOPE),
            ("state", "a state"),
            ("nonce", "a nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let path = format!("{}?{query}", self.path("authorize"));
        let request = get(&path, &[("cookie", &format!("scopegate={}", self.server.cookie))]);
        let mut all = JoinSet::new();
        for lane in 0..CONNECTIONS.min(count) {
            let mut connection = Connection::open(self.server.port).await;
            let (request, share) = (request.clone(), (count - lane).div_ceil(CONNECTIONS));
            all.spawn(async move {
                let mut codes = Vec::new();
                for _ in 0..share {
                    let reply = connection.send(&request).await;
                    let location = reply.values("location").next().unwrap();
                    let url = url::Url::parse(location).unwrap();
                    let code = url.query_pairs().find(|(name, _)| name == "code");
                    codes.push(code.unwrap().1.into_owned());
                }
                codes
            });
        }
        all.join_all().await.into_iter().flatten().collect()
    }

    fn path(&self, endpoint: &str) -> String {
        if self.is_ours { format!("/oauth2/default/v1/{endpoint}") } else { format!("/{endpoint}") }
    }
}

pub(crate) fn client_credentials(path: &str) -> Vec<u8> {
    let form = [("grant_type", "client_credentials"), ("scope", "read:orders")];
    post(path, &[("authorization", &basic("machine"))], &form)
}

fn basic(client: &str) -> String {
    let pair = encoded(&[("", SECRET)]);
    let secret = pair.trim_start_matches('=');
    format!("Basic {}", base64_simd::STANDARD.encode_to_string(format!("{client}:{secret}")))
}

/// Keeps the client's thread from sleeping: waking it would cost the server CPU time.
pub(crate) async fn stay_awake() {
    loop {
        tokio::task::yield_now().await;
    }
}

async fn run(mut connection: Connection, lane: Lane, token_path: String) {
    match lane {
        Lane::Prepared(requests) => {
            for request in requests {
                let reply = connection.send(&request).await;
                let is_inactive = reply.body.starts_with("{\"active\":false");
                assert!(reply.status == 200 && !is_inactive, "{} {}", reply.status, reply.body);
            }
        }
        Lane::Refreshing { mut token, left } => {
            for _ in 0..left {
                let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
                let request = post(&token_path, &[("authorization", &basic("portal"))], &form);
                let reply = connection.send(&request).await;
                assert_eq!(reply.status, 200, "{}", reply.body);
                token = reply.member("refresh_token");
            }
        }
    }
}
