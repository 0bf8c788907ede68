//! What authentication costs: raw signature verification, ours, a bare router, the router with us.
//!
//! All four run in one process on the same token, so that their ratios hold on whatever machine:
//!
//! ```text
//! cargo bench -p scopegate-benches
//! ```
//!
//! `over` = (router with the layer − bare router) / raw verification: 1.00 would mean that nothing is
//! done but the signature.

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use axum::{Router, extract::Request as AxumRequest};
use criterion::{Criterion, criterion_group, criterion_main};
use scopegate::{BearerLayer, RequireScope, scoped};
use scopegate_claims::{Audience, Clock, Issuer, SystemClock};
use scopegate_jose::{
    Algorithm, AudienceRule, KeySet, Rules, SigningKey, TokenType, base64url, verify_access_token,
};
use serde_json::json;
use tower_service::Service;

const ISSUER: &str = "https://id.example.com/oauth2/default";
const AUDIENCE: &str = "api://orders";

#[scoped]
async fn guarded(_: RequireScope<"read:orders">) -> &'static str {
    "orders"
}

async fn bare() -> &'static str {
    "orders"
}

struct Setting {
    token: String,
    key: SigningKey,
}

impl Setting {
    /// A token of the usual size: twelve claims, five scopes.
    fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm).expect("a key can be made");
        let now = SystemClock.now().as_seconds();
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "00u1a2b3c4d5e6f7g8h9", "exp": now + 36_000,
            "iat": now, "jti": "AT.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
            "client_id": "orders-reader", "cid": "orders-reader", "ver": 1,
            "scope": "openid profile read:orders write:orders admin:orders",
            "scp": ["openid", "profile", "read:orders", "write:orders", "admin:orders"],
            "tenant": "acme",
        });
        let token = key.sign(TokenType::AccessToken, &claims).expect("the key signs");
        Self { token, key }
    }

    fn keys(&self) -> KeySet {
        KeySet::from_keys([self.key.verifying_key().expect("the key verifies")])
    }

    /// The same key as the library itself parses it.
    fn raw_key(&self) -> ParsedPublicKey {
        let jwk = serde_json::to_value(self.key.public_jwk()).expect("a key is JSON");
        let number =
            |name: &str| base64url::decode(jwk[name].as_str().expect("a text")).expect("base64url");
        type Raw = &'static dyn signature::VerificationAlgorithm;
        let (algorithm, bytes): (Raw, _) = match self.key.algorithm() {
            Algorithm::Rs256 => (&RSA_PKCS1_2048_8192_SHA256, rsa_der(&number("n"), &number("e"))),
            Algorithm::Es256 => {
                (&ECDSA_P256_SHA256_FIXED, [&[4][..], &number("x"), &number("y")].concat())
            }
            _ => (&ED25519, number("x")),
        };
        ParsedPublicKey::new(algorithm, bytes).expect("the key is one")
    }

    fn request(&self) -> AxumRequest {
        Request::get("/orders")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Body::empty())
            .expect("a request")
    }
}

/// RSAPublicKey of RFC 8017 §A.1.1.
fn rsa_der(n: &[u8], e: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let zero: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
        tagged(2, &[zero, bytes].concat())
    };
    tagged(0x30, &[integer(n), integer(e)].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let length = match length {
        0..0x80 => vec![length as u8],
        0x80..0x100 => vec![0x81, length as u8],
        _ => vec![0x82, (length >> 8) as u8, length as u8],
    };
    [&[tag], &length[..], content].concat()
}

fn verification(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let setting = Setting::new(algorithm);
        let mut group = criterion.benchmark_group(algorithm.name());

        let raw = setting.raw_key();
        let (signed, encoded) = setting.token.rsplit_once('.').expect("three segments");
        let signature = base64url::decode(encoded).expect("base64url");
        group.bench_function("raw", |bencher| {
            bencher
                .iter(|| raw.verify_sig(black_box(signed.as_bytes()), &signature).expect("valid"));
        });

        let issuer = Issuer::parse(ISSUER).expect("an issuer");
        let audience = Audience::parse(AUDIENCE).expect("an audience");
        let rules = Rules::new(issuer, AudienceRule::any_of([audience]));
        let keys = setting.keys();
        group.bench_function("verify_access_token", |bencher| {
            let now = SystemClock.now();
            bencher.iter(|| {
                verify_access_token(black_box(&setting.token), &keys, &rules, now).expect("valid")
            });
        });

        let layer = BearerLayer::issuer(ISSUER).audience(AUDIENCE).keys(setting.keys());
        let layer = layer.build().expect("a layer");
        let routers = [
            ("axum", Router::new().route("/orders", get(bare))),
            (
                "axum with layer and scope",
                Router::new().route("/orders", get(guarded)).layer(layer),
            ),
        ];
        for (name, mut router) in routers {
            group.bench_function(name, |bencher| {
                bencher.iter_batched(
                    || setting.request(),
                    |request| {
                        let response =
                            runtime.block_on(Service::<AxumRequest>::call(&mut router, request));
                        let response = response.expect("infallible");
                        assert_eq!(response.status(), StatusCode::OK);
                        response
                    },
                    criterion::BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(4)).sample_size(60);
    targets = verification
}
criterion_main!(benches);
