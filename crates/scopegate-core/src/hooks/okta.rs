//! The body of a call in the format of Okta's token inline hook (`com.okta.oauth2.tokens.transform`).
//!
//! A service that was written for Okta works unchanged. What this server does not know is left out, such as when the
//! user changed their password.

use jiff::Timestamp;
use scopegate_claims::{Scope, UnixTime};
use scopegate_jose::{random_token, sha256};
use serde_json::{Map, Value, json};

use super::request::HookRequest;
use super::tokens::{HookTokens, TokenParts};
use crate::catalog::{EntityKey, EntityKind};
use crate::directory::Person;
use crate::store::SessionId;

/// The body of a call, with the id of its event.
#[derive(Debug)]
pub(super) struct OktaCall {
    pub(super) event_id: String,
    pub(super) body: Vec<u8>,
}

/// Writes the body of a call.
pub(super) fn call(request: &HookRequest<'_>, tokens: &HookTokens) -> OktaCall {
    let event_id = random_token(16);
    let body = json!({
        "eventId": event_id,
        "eventTime": time(request.now),
        "eventTypeVersion": "1.0",
        "cloudEventVersion": "0.1",
        "contentType": "application/json",
        "eventType": "com.okta.oauth2.tokens.transform",
        "source": source(request),
        "data": data(request, tokens),
    });
    OktaCall { event_id, body: body.to_string().into_bytes() }
}

/// A hash of what a call depends on. It is the same when the same request is decided again, although ids and times
/// differ.
pub(super) fn digest(request: &HookRequest<'_>, tokens: &HookTokens) -> [u8; 32] {
    let mut data = data(request, tokens);
    for (path, name) in [
        ("/context/request", "id"),
        ("/access/claims", "jti"),
        ("/refresh_token", "jti"),
        ("/context/protocol/OriginalGrant/refresh_token", "jti"),
    ] {
        if let Some(Value::Object(members)) = data.pointer_mut(path) {
            members.remove(name);
        }
    }
    sha256(data.to_string().as_bytes())
}

fn source(request: &HookRequest<'_>) -> String {
    format!("{}/v1/token", request.server.issuer.as_str())
}

fn data(request: &HookRequest<'_>, tokens: &HookTokens) -> Value {
    let mut data = json!({
        "context": context(request),
        "access": access(request, tokens),
    });
    if let Some(id) = &tokens.id {
        data["identity"] = identity(request, id);
    }
    if let Some(family) = request.family {
        data["refresh_token"] = json!({ "jti": family });
    }
    data
}

fn context(request: &HookRequest<'_>) -> Value {
    let mut context = json!({
        "request": {
            "id": request.decision,
            "method": "POST",
            "url": { "value": source(request) },
        },
        "protocol": protocol(request),
        "policy": policy(request),
    });
    if let Some(address) = request.inputs.request.address {
        context["request"]["ipAddress"] = Value::from(address.to_string());
    }
    if let Some(person) = request.person {
        context["user"] = user(request, person);
        if let Some(session) = session(person) {
            context["session"] = session;
        }
    }
    context
}

fn protocol(request: &HookRequest<'_>) -> Value {
    let client = request.client;
    let is_public = client.spec.auth.is_public();
    let mut parameters = json!({
        "scope": request.inputs.scopes.as_str(),
        "grant_type": request.grant_type,
        "client_id": client.id.as_str(),
    });
    if let Some(uri) = request.redirect_uri {
        parameters["redirect_uri"] = Value::from(uri);
    }
    let mut protocol = json!({
        "type": "OAUTH2.0",
        "request": parameters,
        "issuer": { "uri": request.server.issuer.as_str() },
        "client": {
            "id": client.id.as_str(),
            "name": client.spec.name,
            "type": if is_public { "PUBLIC" } else { "CONFIDENTIAL" },
        },
    });
    if let Some(family) = request.family.filter(|_| request.grant_type == "refresh_token") {
        // Okta writes this member with a capital letter.
        protocol["OriginalGrant"] = json!({
            "authorization": {
                "scope": request.inputs.scopes.as_str(),
                "client_id": client.id.as_str(),
                "grant_type": request.inputs.request.grant_type,
            },
            "refresh_token": { "jti": family },
        });
    }
    protocol
}

fn policy(request: &HookRequest<'_>) -> Value {
    let (server, catalog) = (request.server, request.catalog);
    let names = server.policies().iter().find_map(|policy| {
        let rule = request.rule.strip_prefix(policy.name.as_str())?.strip_prefix('/')?;
        let known = policy.rules().iter().any(|known| known.name == rule);
        known.then_some((policy.name.as_str(), rule))
    });
    let Some((policy, rule)) = names else {
        return json!({ "id": request.rule, "rule": { "id": request.rule } });
    };
    let id = |key: &EntityKey, name: &str| match catalog.record(key) {
        Some(record) => record.id.to_string(),
        None => name.to_owned(),
    };
    let policy_key = EntityKey::of_server(EntityKind::Policy, &server.id, policy);
    let rule_key = EntityKey::rule(&server.id, policy, rule);
    json!({ "id": id(&policy_key, policy), "rule": { "id": id(&rule_key, rule) } })
}

fn user(request: &HookRequest<'_>, Person { user, .. }: &Person) -> Value {
    // The names of Okta's profile, beside our own.
    const OKTAS: [(&str, &str); 4] = [
        ("given_name", "firstName"),
        ("family_name", "lastName"),
        ("zoneinfo", "timeZone"),
        ("phone_number", "mobilePhone"),
    ];
    let attributes = user.profile.attributes();
    let mut profile: Map<String, Value> =
        attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    for (own, oktas) in OKTAS {
        if let Some(value) = attributes.get(own).filter(|_| !attributes.contains_key(oktas)) {
            profile.insert(oktas.to_owned(), value.clone());
        }
    }
    profile.insert("login".to_owned(), Value::from(user.login.as_str()));
    let base = request.catalog.org().issuer.as_str();
    let link = |what: &str| json!({ "href": format!("{base}/api/v1/users/{}/{what}", user.id) });
    json!({
        "id": user.id.as_str(),
        "profile": profile,
        "_links": { "groups": link("groups"), "factors": link("factors") },
    })
}

/// The session of the sign-in. Okta has it only if a browser session exists.
fn session(Person { user, auth }: &Person) -> Option<Value> {
    let auth = auth.as_ref()?;
    // Okta's names of the methods of RFC 8176.
    let method = |name: &String| match name.as_str() {
        "pwd" => "PASSWORD".to_owned(),
        other => other.to_ascii_uppercase(),
    };
    let amr: Vec<String> = auth.amr.iter().map(method).collect();
    let has_several = auth.amr.len() > 1;
    Some(json!({
        "id": auth.session.as_ref().map(SessionId::as_str),
        "userId": user.id.as_str(),
        "login": user.login,
        "createdAt": time(auth.at),
        "lastPasswordVerification": time(auth.at),
        "status": "ACTIVE",
        "amr": amr,
        "idp": { "id": "default", "type": "OKTA" },
        "mfaActive": has_several,
    }))
}

fn access(request: &HookRequest<'_>, tokens: &HookTokens) -> Value {
    let HookTokens { access, scopes, subject, audience, .. } = tokens;
    let mut claims = access.claims.clone();
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    set("ver", Value::from(1));
    set("jti", Value::from(request.token_id));
    set("iss", Value::from(request.server.issuer.as_str()));
    set("aud", Value::from(audience.as_str()));
    set("cid", Value::from(request.client.id.as_str()));
    if let Some(person) = request.person {
        set("uid", Value::from(person.user.id.as_str()));
    }
    set("sub", Value::from(subject.as_str()));
    let granted: Map<String, Value> = scopes
        .iter()
        .map(|name| {
            let scope = Scope::parse(name).ok();
            let key = EntityKey::of_server(EntityKind::Scope, &request.server.id, name);
            let known = scope.filter(|scope| request.server.scopes.contains_key(scope));
            let record = known.and_then(|_| request.catalog.record(&key));
            let id = record.map_or_else(|| name.to_owned(), |record| record.id.to_string());
            (name.to_owned(), json!({ "id": id, "action": "GRANT" }))
        })
        .collect();
    json!({ "claims": claims, "token": lifetime(access), "scopes": granted })
}

fn identity(request: &HookRequest<'_>, id: &TokenParts) -> Value {
    let mut claims = id.claims.clone();
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    set("ver", Value::from(1));
    set("iss", Value::from(request.server.issuer.as_str()));
    set("aud", Value::from(request.client.id.as_str()));
    if let Some(Person { user, auth }) = request.person {
        set("sub", Value::from(user.id.as_str()));
        if let Some(auth) = auth {
            set("auth_time", json!(auth.at));
            set("amr", json!(auth.amr));
        }
    }
    if let Some(nonce) = request.nonce {
        set("nonce", Value::from(nonce));
    }
    json!({ "claims": claims, "token": lifetime(id) })
}

fn lifetime(token: &TokenParts) -> Value {
    json!({ "lifetime": { "expiration": token.lifetime.as_secs() } })
}

/// A time as Okta writes it, such as `2026-11-30T09:00:00.000Z`.
fn time(at: UnixTime) -> String {
    let seconds = i64::try_from(at.as_seconds()).unwrap_or(i64::MAX);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_okta_writes_it() {
        assert_eq!(time(UnixTime::from_seconds(1_547_594_447)), "2019-01-15T23:20:47.000Z");
        assert_eq!(time(UnixTime::from_seconds(u64::MAX)), "1970-01-01T00:00:00.000Z");
    }
}
