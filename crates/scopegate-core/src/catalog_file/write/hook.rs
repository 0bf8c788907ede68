//! `[[hook]]`.

use serde_json::{Value, json};

use super::field::{Fields, Use, name_of};
use crate::catalog::{
    HookAuth, HookCache, HookCredential, HookOauth, HookSecret, HookSpec, HookTarget, HttpHook,
    OnFailure, SettableClaim, SqlHook, Status, TokenKind,
};
use crate::catalog_file::claim::TOKENS;
use crate::expression::Expression;
use crate::spelling::{show_duration, show_short_duration};

pub(super) fn hook(spec: &HookSpec) -> Fields {
    let HookSpec { target, deadline, failure, cache, may_set, independent, status } = spec;
    let claims: Vec<&str> = may_set.iter().copied().map(SettableClaim::as_str).collect();
    target_fields(target)
        .if_some("deadline", deadline.map(show_short_duration))
        .unless(&OnFailure::Closed.as_str(), "failure", &failure.as_str())
        .if_some("cache", cache.as_ref().map(cache_table))
        .unless_empty("may_set", claims)
        .unless(&false, "independent", independent)
        .unless(&Status::default(), "status", status)
}

fn target_fields(target: &HookTarget) -> Fields {
    let fields = Fields::default();
    match target {
        HookTarget::Http(http) => {
            let HttpHook { url, auth, headers } = &**http;
            let auth = auth.as_ref().map(auth_table);
            let usage = if auth.is_some() { Use::Secret } else { Use::Default };
            fields
                .with("type", "http")
                .with("url", url)
                .add("auth", auth.unwrap_or_default(), usage)
                .unless_empty("headers", headers)
        }
        HookTarget::Program => fields.with("type", "program"),
        HookTarget::Sql(sql) => {
            let SqlHook { connection, query, parameters, claims, tokens } = &**sql;
            let parameters: Vec<&str> = parameters.iter().map(Expression::text).collect();
            let named = |tokens: &[TokenKind]| -> Vec<&'static str> {
                tokens.iter().map(|token| name_of(&TOKENS, token)).collect()
            };
            fields
                .with("type", "sql")
                .with("connection", connection)
                .with("query", query)
                .unless_empty("parameters", parameters)
                .with("claims", claims)
                .unless(&named(&[TokenKind::Access]), "tokens", &named(tokens))
        }
    }
}

fn auth_table(auth: &HookAuth) -> Value {
    match auth {
        HookAuth::Header { name, value } => json!({ "header": name, "value": kept(value) }),
        HookAuth::Oauth(HookOauth { token_url, client_id, credential, scope }) => {
            let (key, secret) = match credential {
                HookCredential::Key(key) => ("key", key),
                HookCredential::Secret(secret) => ("secret", secret),
            };
            let mut oauth = json!({ "token_url": token_url, "client_id": client_id });
            oauth[key] = kept(secret);
            if let Some(scope) = scope {
                oauth["scope"] = Value::from(scope.as_str());
            }
            json!({ "oauth": oauth })
        }
        HookAuth::Signature(key) => json!({ "signature": kept(key) }),
    }
}

/// A reference to a stored secret, which only the same store understands.
fn kept(secret: &HookSecret) -> Value {
    json!({ "kept": secret.kept_id() })
}

fn cache_table(HookCache { key, ttl, stale }: &HookCache) -> Value {
    let mut cache = json!({ "key": key.text(), "ttl": show_duration(*ttl) });
    if let Some(stale) = stale {
        cache["stale"] = Value::from(show_duration(*stale));
    }
    cache
}
