//! A handler that does only the necessary work: the same hashes, signatures, verification and
//! durable rows, with the same libraries.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use scopegate_claims::{Audience, Clock, Issuer, ScopeSet, SystemClock, UnixTime};
use scopegate_core::audit::{
    AuditEvent, Basis, ClientDecision, DecisionId, DecisionKind, Outcome, What,
};
use scopegate_core::catalog::UserId;
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::directory::Authentication;
use scopegate_core::people::session::{PASSWORD_ACR, PASSWORD_AMR};
use scopegate_core::recording::AuditQueue;
use scopegate_core::store::{
    Artifact, ArtifactKind, Change, Family, FamilyBody, FamilyId, Ledger, SessionId,
};
use scopegate_jose::{
    Algorithm, AudienceRule, KeySet, Rules, SigningKey, TokenType, constant_time_eq, half_hash,
    random_token, sha256, verify_access_token,
};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
use serde::Serialize;
use serde_json::{Value, json};

use crate::child::announce;
use crate::ours::SECRET;

const ISSUER: &str = "http://127.0.0.1:9000/oauth2/default";
const DAY: Duration = Duration::from_secs(86_400);
const LIFETIME: Duration = Duration::from_secs(600);

type Fields = HashMap<String, String>;

struct App {
    store: SqlStore,
    audit: AuditQueue,
    key: SigningKey,
    keys: KeySet,
    rules: Rules,
    secret: [u8; 32],
    user: UserId,
    session: SessionId,
    /// The body of a code before and after its use, with the same lengths as in our server.
    code_body: String,
    used_body: String,
}

/// Serves until the process is killed.
#[tokio::main]
pub(crate) async fn serve(algorithm: &str) {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("s.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    let key = SigningKey::generate(Algorithm::from_name(algorithm).unwrap()).unwrap();
    let audience = Audience::parse("api://orders").unwrap();
    let app = App {
        audit: AuditQueue::start(Arc::new(store.clone())),
        store,
        keys: KeySet::from_keys([key.verifying_key().unwrap()]),
        key,
        rules: Rules::new(Issuer::parse(ISSUER).unwrap(), AudienceRule::any_of([audience])),
        secret: sha256(SECRET.as_bytes()),
        user: UserId::generate(),
        session: SessionId::generate(),
        code_body: json!({ "of": "x".repeat(572) }).to_string(),
        used_body: json!({ "of": "x".repeat(262) }).to_string(),
    };
    let router = Router::new()
        .route("/keys", get(|| async { "" }))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/introspect", post(introspect))
        .route("/userinfo", get(userinfo))
        .with_state(Arc::new(app));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    announce(listener.local_addr().unwrap().port(), "none");
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |tcp| tcp.set_nodelay(true).unwrap()),
        router,
    )
    .await
    .unwrap();
}

/// Stores a code. This is not measured.
async fn authorize(State(app): State<Arc<App>>, Query(asked): Query<Fields>) -> Redirect {
    let code = random_token(32);
    let artifact = Artifact {
        kind: ArtifactKind::Code,
        id: sha256(code.as_bytes()),
        alias: None,
        user: Some(app.user.clone()),
        version: 0,
        expires_at: SystemClock.now().plus(LIFETIME),
        body: app.code_body.clone(),
    };
    app.store.commit(&[Change::PutArtifact(artifact)]).await.unwrap();
    Redirect::to(&format!("{}?code={code}", asked["redirect_uri"]))
}

async fn token(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    let Some(client) = app.client(&headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match form["grant_type"].as_str() {
        "authorization_code" => app.redeem(&client, &form).await,
        "refresh_token" => app.refresh(&client, &form).await,
        _ => app.issue(&client),
    }
}

async fn introspect(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    let Some(client) = app.client(&headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match verify_access_token(&form["token"], &app.keys, &app.rules, SystemClock.now()) {
        Ok(token) => {
            let claims = token.claims();
            let told = json!({
                "active": true, "token_type": "Bearer", "scope": claims.scopes().as_str(),
                "client_id": client, "username": "alice", "exp": claims.expires_at(),
                "iat": claims.issued_at(), "sub": claims.subject(), "aud": claims.audiences(),
                "iss": claims.issuer(), "jti": claims.token_id(), "uid": claims.user_id(),
                "acr": claims.acr(), "auth_time": claims.auth_time(),
            });
            Json(told).into_response()
        }
        Err(_) => Json(json!({ "active": false })).into_response(),
    }
}

async fn userinfo(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let bearer = headers[header::AUTHORIZATION].to_str().unwrap();
    let token = bearer.strip_prefix("Bearer ").unwrap();
    match verify_access_token(token, &app.keys, &app.rules, SystemClock.now()) {
        Ok(token) => {
            Json(json!({ "sub": token.claims().subject(), "name": "Alice" })).into_response()
        }
        Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    ver: u8,
    jti: &'a str,
    iss: &'a str,
    aud: &'a str,
    iat: UnixTime,
    exp: UnixTime,
    sub: &'a str,
    uid: Option<&'a str>,
    client_id: &'a str,
    cid: &'a str,
    scope: &'a str,
    scp: [&'a str; 4],
    auth_time: UnixTime,
    acr: &'a str,
    amr: [&'a str; 1],
}

#[derive(Serialize)]
struct IdClaims<'a> {
    ver: u8,
    jti: &'a str,
    iss: &'a str,
    aud: &'a str,
    iat: UnixTime,
    exp: UnixTime,
    sub: &'a str,
    auth_time: UnixTime,
    acr: &'a str,
    amr: [&'a str; 1],
    sid: &'a str,
    nonce: &'a str,
    at_hash: String,
}

impl App {
    /// Authenticates the client by the hash of its secret.
    fn client(&self, headers: &HeaderMap) -> Option<String> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
        let pair = base64_simd::STANDARD.decode_to_vec(value).ok()?;
        let pair = String::from_utf8(pair).ok()?;
        let (id, secret) = pair.split_once(':')?;
        let secret = url::form_urlencoded::parse(secret.as_bytes()).next()?.0;
        constant_time_eq(&sha256(secret.as_bytes()), &self.secret).then(|| id.to_owned())
    }

    async fn redeem(&self, client: &str, form: &Fields) -> Response {
        let (now, id) = (SystemClock.now(), FamilyId::generate());
        let challenge = sha256(form["code_verifier"].as_bytes());
        let mut answer = self.tokens(client, &id, now);
        answer["refresh_token"] = format!("{id}.0").into();
        let family = Family {
            id,
            server: ServerId::default_server(),
            client: ClientId::parse(client).unwrap(),
            user: self.user.clone(),
            session: Some(self.session.clone()),
            generation: 0,
            rotated_at: now,
            idle_ends_at: now.plus(DAY),
            ends_at: now.plus(DAY),
            revoked: false,
            forget_at: now.plus(DAY),
            body: FamilyBody {
                grant_type: "authorization_code".to_owned(),
                scopes: ScopeSet::parse("openid profile offline_access read:orders").unwrap(),
                audience: Audience::parse("api://orders").unwrap(),
                resources: Vec::new(),
                auth: Some(Authentication {
                    at: now,
                    acr: PASSWORD_ACR.to_owned(),
                    amr: vec![PASSWORD_AMR.to_owned()],
                    session: Some(self.session.clone()),
                }),
                userinfo_claims: Vec::new(),
                id_token_claims: Vec::new(),
                began_at: now,
            },
        };
        let consume = Change::MoveArtifact {
            kind: ArtifactKind::Code,
            id: sha256(form["code"].as_bytes()),
            from: 0,
            body: format!("{}{}", self.used_body, challenge[0]),
            expires_at: now.plus(DAY),
        };
        let event = Change::Audit(event(client, now));
        self.store.commit(&[consume, Change::OpenFamily(Box::new(family)), event]).await.unwrap();
        Json(answer).into_response()
    }

    async fn refresh(&self, client: &str, form: &Fields) -> Response {
        let now = SystemClock.now();
        let (id, generation) = form["refresh_token"].split_once('.').unwrap();
        let (id, from) = (FamilyId::parse(id).unwrap(), generation.parse::<u32>().unwrap());
        let mut answer = self.tokens(client, &id, now);
        // Stands for the keyed hashes that our server computes to check and to make a refresh
        // token.
        answer["refresh_token"] = format!("{id}.{}", from + 1).into();
        let hashes = [sha256(id.as_str().as_bytes()), sha256(generation.as_bytes())];
        assert_ne!(hashes[0], hashes[1]);
        let ends_at = now.plus(DAY);
        let rotate = Change::MoveFamily {
            id,
            from,
            to: from + 1,
            rotated_at: now,
            idle_ends_at: ends_at,
            forget_at: ends_at,
        };
        self.store.commit(&[rotate, Change::Audit(event(client, now))]).await.unwrap();
        Json(answer).into_response()
    }

    fn issue(&self, client: &str) -> Response {
        let now = SystemClock.now();
        let Ok(place) = self.audit.reserve() else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let jti = format!("AT.{}", random_token(32));
        let token = self.access_token(client, &jti, None, now);
        place.take(event(client, now));
        let answer = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": 600,
            "scope": "read:orders",
        });
        Json(answer).into_response()
    }

    /// An access token and an ID token.
    fn tokens(&self, client: &str, family: &FamilyId, now: UnixTime) -> Value {
        let jti = format!("AT.{}.{family}", random_token(32));
        let access_token = self.access_token(client, &jti, Some(self.user.as_str()), now);
        let claims = IdClaims {
            ver: 1,
            jti: &format!("ID.{}", random_token(32)),
            iss: ISSUER,
            aud: client,
            iat: now,
            exp: now.plus(LIFETIME),
            sub: self.user.as_str(),
            auth_time: now,
            acr: PASSWORD_ACR,
            amr: [PASSWORD_AMR],
            sid: "ses12345678901234567890",
            nonce: "a nonce",
            at_hash: half_hash(self.key.algorithm(), &access_token),
        };
        let id_token = self.key.sign(TokenType::Jwt, &claims).unwrap();
        json!({
            "access_token": access_token, "token_type": "Bearer", "expires_in": 600,
            "scope": "openid profile offline_access read:orders", "id_token": id_token,
        })
    }

    fn access_token(&self, client: &str, jti: &str, user: Option<&str>, now: UnixTime) -> String {
        let claims = Claims {
            ver: 1,
            jti,
            iss: ISSUER,
            aud: "api://orders",
            iat: now,
            exp: now.plus(LIFETIME),
            sub: user.unwrap_or(client),
            uid: user,
            client_id: client,
            cid: client,
            scope: "openid profile offline_access read:orders",
            scp: ["openid", "profile", "offline_access", "read:orders"],
            auth_time: now,
            acr: PASSWORD_ACR,
            amr: [PASSWORD_AMR],
        };
        self.key.sign(TokenType::AccessToken, &claims).unwrap()
    }
}

fn event(client: &str, now: UnixTime) -> AuditEvent {
    let decision = ClientDecision {
        kind: DecisionKind::TokenGrant,
        server: "default".into(),
        client: client.into(),
        grant_type: Some("authorization_code".into()),
        outcome: Outcome::Allow,
        reason: None,
        scope: "openid profile offline_access read:orders".into(),
        rule: Some("all/all".into()),
        token_id: Some("AT.1234567890123456789012345678901234567890123".into()),
        user: Some("00u1a2b3c4d5e6f7g8h9".into()),
        family: None,
        basis: Basis::default(),
    };
    AuditEvent {
        id: DecisionId::at(now),
        at: now,
        address: Some("127.0.0.1".into()),
        what: What::Decision(Box::new(decision)),
    }
}
