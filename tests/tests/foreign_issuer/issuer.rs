//! The issuer: keys of every algorithm, discovery, and good and bad tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{Json, Router, routing::get};
use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header};
use scopegate::Algorithm;
use scopegate_jose::{JwkSet, SigningKey};
use serde_json::{Value, json};

/// An issuer on a loopback port.
pub(crate) struct ForeignIssuer {
    url: String,
    keys: Vec<SigningKey>,
    strangers: Vec<SigningKey>,
}

/// Ways to forge a token that the issuer did not sign.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Forgery {
    AlgorithmNone,
    AlgorithmNoneWithSignature,
    AnotherAlgorithmsName,
    AnotherKeysId,
    ClaimsOfAnother,
    Critical,
    EmptySignature,
    FourSegments,
    HmacWithPublicKey,
    KeyInHeader,
    KeyUrlInHeader,
    NoKeyId,
    Padded,
    StrangersKey,
    TwoSegments,
    UnknownKeyId,
}

impl Forgery {
    pub(crate) const ALL: [Self; 16] = [
        Self::AlgorithmNone,
        Self::AlgorithmNoneWithSignature,
        Self::AnotherAlgorithmsName,
        Self::AnotherKeysId,
        Self::ClaimsOfAnother,
        Self::Critical,
        Self::EmptySignature,
        Self::FourSegments,
        Self::HmacWithPublicKey,
        Self::KeyInHeader,
        Self::KeyUrlInHeader,
        Self::NoKeyId,
        Self::Padded,
        Self::StrangersKey,
        Self::TwoSegments,
        Self::UnknownKeyId,
    ];
}

impl ForeignIssuer {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/realms/orders", listener.local_addr().unwrap());
        let generate = |algorithm: &Algorithm| SigningKey::generate(*algorithm).unwrap();
        let make = || Algorithm::SIGNING.iter().map(generate).collect();
        let (keys, strangers): (Vec<SigningKey>, _) = (make(), make());

        let set: JwkSet = keys.iter().map(SigningKey::public_jwk).collect();
        let mut set = serde_json::to_value(&set).unwrap();
        // Issuers publish unusable keys too. They must not prevent the usable ones from being read.
        let odd = [
            json!({"kty": "AKP", "kid": "pq", "alg": "ML-DSA-65", "pub": "AAAA"}),
            json!({"kty": "oct", "kid": "mac", "alg": "HS256", "k": "c2VjcmV0"}),
            json!({"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"}),
            json!("not even an object"),
        ];
        set["keys"].as_array_mut().unwrap().extend(odd);

        let discovery = json!({"issuer": url, "jwks_uri": format!("{url}/certs")});
        let app = Router::new()
            .route(
                "/realms/orders/.well-known/openid-configuration",
                get(|| async { Json(discovery) }),
            )
            .route("/realms/orders/certs", get(|| async { Json(set) }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, keys, strangers }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token with good claims and some changes. `null` removes a claim.
    pub(crate) fn token(
        &self,
        algorithm: Algorithm,
        typ: Option<&str>,
        changes: &[(&str, Value)],
    ) -> String {
        let key = self.key(algorithm);
        let mut header = header(algorithm, Some(key.kid()));
        header.typ = typ.map(str::to_owned);
        let claims = self.claims(changes);
        jsonwebtoken::encode(&header, &claims, &encoding_key(key)).unwrap()
    }

    /// A forged token that the issuer did not sign.
    pub(crate) fn forge(&self, algorithm: Algorithm, forgery: Forgery) -> String {
        let good = self.token(algorithm, Some("JWT"), &[]);
        let [head, payload, signature] = segments(&good);
        let (key, stranger) = (self.key(algorithm), key_of(&self.strangers, algorithm));
        let rest = |header: &Value| format!("{}.{payload}.{signature}", encode(header));
        let by_stranger = |header: Header| {
            jsonwebtoken::encode(&header, &self.claims(&[]), &encoding_key(stranger)).unwrap()
        };
        match forgery {
            Forgery::AlgorithmNone => format!("{}.{payload}.", encode(&json!({"alg": "none"}))),
            Forgery::AlgorithmNoneWithSignature => rest(&json!({"alg": "none", "kid": key.kid()})),
            Forgery::AnotherAlgorithmsName => {
                let another = Algorithm::SIGNING.iter().find(|other| **other != algorithm).unwrap();
                rest(&json!({"alg": another.name(), "kid": key.kid()}))
            }
            Forgery::AnotherKeysId => {
                let another = self.keys.iter().find(|other| other.kid() != key.kid()).unwrap();
                rest(&json!({"alg": algorithm.name(), "kid": another.kid()}))
            }
            Forgery::ClaimsOfAnother => {
                let claims = encode(&self.claims(&[("sub", json!("root"))]));
                format!("{head}.{claims}.{signature}")
            }
            Forgery::Critical => {
                let header = json!({"alg": algorithm.name(), "kid": key.kid(), "crit": ["exp"]});
                rest(&header)
            }
            Forgery::EmptySignature => format!("{head}.{payload}."),
            Forgery::FourSegments => format!("{good}.{signature}"),
            Forgery::HmacWithPublicKey => {
                let public = serde_json::to_vec(&key.public_jwk()).unwrap();
                let header = Header {
                    kid: Some(key.kid().to_owned()),
                    ..Header::new(jsonwebtoken::Algorithm::HS256)
                };
                jsonwebtoken::encode(&header, &self.claims(&[]), &EncodingKey::from_secret(&public))
                    .unwrap()
            }
            Forgery::KeyInHeader => {
                let jwk =
                    serde_json::from_value(serde_json::to_value(stranger.public_jwk()).unwrap());
                by_stranger(Header {
                    jwk: Some(jwk.unwrap()),
                    ..header(algorithm, Some(key.kid()))
                })
            }
            Forgery::KeyUrlInHeader => by_stranger(Header {
                jku: Some("https://attacker.example/keys".to_owned()),
                x5u: Some("https://attacker.example/chain".to_owned()),
                ..header(algorithm, Some(key.kid()))
            }),
            Forgery::NoKeyId => by_stranger(header(algorithm, None)),
            Forgery::Padded => format!("{good}=="),
            Forgery::StrangersKey => by_stranger(header(algorithm, Some(key.kid()))),
            Forgery::TwoSegments => format!("{head}.{payload}"),
            Forgery::UnknownKeyId => by_stranger(header(algorithm, Some("unheard-of"))),
        }
    }

    fn key(&self, algorithm: Algorithm) -> &SigningKey {
        key_of(&self.keys, algorithm)
    }

    fn claims(&self, changes: &[(&str, Value)]) -> Value {
        let now = now();
        let mut claims = json!({
            "iss": self.url, "aud": "api://orders", "sub": "u1", "client_id": "reader", "jti": "t1",
            "iat": now, "exp": now + 600, "scope": "read:orders",
        });
        for (name, value) in changes {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
                value => claims[*name] = value.clone(),
            }
        }
        claims
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn key_of(keys: &[SigningKey], algorithm: Algorithm) -> &SigningKey {
    keys.iter().find(|key| key.algorithm() == algorithm).unwrap()
}

fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    Header { kid: kid.map(str::to_owned), ..Header::new(algorithm.name().parse().unwrap()) }
}

fn encoding_key(key: &SigningKey) -> EncodingKey {
    let der = STANDARD.encode_to_string(&*key.to_pkcs8().unwrap());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    match key.algorithm() {
        Algorithm::EdDsa => EncodingKey::from_ed_pem(pem.as_bytes()),
        Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_pem(pem.as_bytes()),
        _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
    }
    .unwrap()
}

fn segments(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode_to_string(json.to_string())
}
