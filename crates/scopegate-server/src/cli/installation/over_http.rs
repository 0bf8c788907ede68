//! Commands on the management API.
//!
//! A token is asked for with an assertion that the key of the admin client signs. The key never leaves this
//! process. No redirect is followed, an answer has at most 16 MiB, and a request takes at most 30 seconds.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{RequestBuilder, StatusCode};
use scopegate_claims::{Clock, SystemClock, UnixTime};
use scopegate_core::administration::reach::{Reached, Row};
use scopegate_core::audit::DecisionId;
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::explain::{DescribedRequest, parse_time, show_time};
use scopegate_core::store::{OutcomeFilter, StoredEvent};
use scopegate_jose::{SigningKey, TokenType, random_token};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{AskedEvents, Installation, Told};
use crate::cli::failure::CliError;

/// The whole time of a request.
const MAX_TIME: Duration = Duration::from_secs(30);

/// The longest answer, in bytes.
const MAX_LENGTH: usize = 16 * 1024 * 1024;

/// The scopes of what is asked.
const READ: &str = "okta.authorizationServers.read okta.users.read";
const LOGS: &str = "okta.logs.read";

/// The management API of an installation.
pub(super) struct OverHttp {
    base: String,
    client: String,
    key: SigningKey,
    http: reqwest::Client,
}

impl OverHttp {
    pub(super) fn new(url: &Url, client: &str, key: &Path) -> Result<Self, CliError> {
        let is_local = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
            return Err(CliError::usage("--url is an https URL, or an http URL of this machine"));
        }
        let shown = key.display();
        let text = std::fs::read_to_string(key).map(Zeroizing::new);
        let text = text.map_err(|error| CliError::BadInput(format!("{shown}: {error}")))?;
        let key = SigningKey::from_jwk_json(&text)
            .map_err(|_| CliError::BadInput(format!("{shown}: it is no private JWK")))?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(MAX_TIME)
            .build()
            .map_err(|error| CliError::failed(&error))?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, client: client.to_owned(), key, http })
    }

    /// A new access token with these scopes.
    async fn token(&self, scopes: &str) -> Result<Zeroizing<String>, CliError> {
        let url = format!("{}/oauth2/v1/token", self.base);
        let now = SystemClock.now().as_seconds();
        let claims = json!({
            "iss": self.client, "sub": self.client, "aud": url, "iat": now, "exp": now + 60,
            "jti": random_token(16),
        });
        let assertion = self.key.sign(TokenType::Jwt, &claims);
        let assertion = assertion.map_err(|error| CliError::failed(&error))?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", scopes)
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &assertion)
            .finish();
        let request = self.http.post(&url).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let (status, answer) = answer(request).await?;
        let token = answer["access_token"].as_str().filter(|_| status == StatusCode::OK);
        token.map(|token| Zeroizing::new(token.to_owned())).ok_or_else(|| {
            let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            CliError::Failed(format!(
                "{url} gave no token: {status} {} {}",
                text("error"),
                text("error_description")
            ))
        })
    }

    /// Calls the API with a token that has these scopes.
    async fn call<T: DeserializeOwned>(
        &self,
        scopes: &str,
        request: RequestBuilder,
    ) -> Result<T, CliError> {
        let token = self.token(scopes).await?;
        let (status, answer) = answer(request.bearer_auth(token.as_str())).await?;
        if !status.is_success() {
            return Err(CliError::Failed(refusal(status, &answer)));
        }
        serde_json::from_value(answer).map_err(|error| {
            CliError::Failed(format!("the answer of {} is not understood: {error}", self.base))
        })
    }

    fn url(&self, path: &str, query: &[(&str, Option<String>)]) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for (name, value) in query {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        format!("{}/api/v1/{path}?{}", self.base, pairs.finish())
    }
}

/// The status and the JSON of an answer.
async fn answer(request: RequestBuilder) -> Result<(StatusCode, Value), CliError> {
    let mut response = request.send().await.map_err(|error| CliError::failed(&error))?;
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| CliError::failed(&error))? {
        if body.len() + chunk.len() > MAX_LENGTH {
            return Err(CliError::Failed("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// The text of a refusal in Okta's form.
fn refusal(status: StatusCode, answer: &Value) -> String {
    let causes = answer["errorCauses"].as_array().into_iter().flatten();
    let causes = causes.filter_map(|cause| cause["errorSummary"].as_str());
    let summary = answer["errorSummary"].as_str().unwrap_or_default();
    let lines: Vec<_> = std::iter::once(summary).chain(causes).collect();
    format!("{status}: {}", lines.join("\n"))
}

#[async_trait]
impl Installation for OverHttp {
    async fn explain(
        &self,
        request: &DescribedRequest,
        calls_hooks: bool,
    ) -> Result<Told, CliError> {
        if calls_hooks {
            return Err(CliError::usage("--call-hooks works on the store only: leave --url out"));
        }
        let DescribedRequest { server, client, grant_type, scope, user, address, .. } = request;
        let DescribedRequest { at, acr, auth_time, client_auth, resources, .. } = request;
        let body = json!({
            "server": server, "client": client, "grant": grant_type, "scope": scope, "user": user,
            "address": address, "at": at.map(show_time), "acr": acr, "amr": request.amr,
            "auth_time": auth_time.map(show_time), "client_auth": client_auth,
            "resource": resources, "subject_server": request.subject_server,
        });
        let post = self.http.post(self.url("explain", &[]));
        let post = post.header("content-type", "application/json").body(body.to_string());
        Ok(Told { json: self.call(READ, post).await?, text: None })
    }

    async fn explain_decision(&self, id: DecisionId) -> Result<Told, CliError> {
        let get = self.http.get(self.url(&format!("decisions/{id}"), &[]));
        Ok(Told { json: self.call(LOGS, get).await?, text: None })
    }

    async fn who_can(&self, server: &ServerId, scope: &str) -> Result<Vec<Row>, CliError> {
        let query = [("server", Some(server.to_string())), ("scope", Some(scope.to_owned()))];
        self.call(READ, self.http.get(self.url("who-can", &query))).await
    }

    async fn can(
        &self,
        client: &ClientId,
        server: Option<&ServerId>,
    ) -> Result<Vec<Reached>, CliError> {
        let server = server.map(ToString::to_string);
        let query = [("client", Some(client.to_string())), ("server", server)];
        self.call(READ, self.http.get(self.url("can", &query))).await
    }

    async fn audit_events(
        &self,
        asked: &AskedEvents,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, CliError> {
        let query = [
            ("since", asked.since.map(show_time)),
            ("after", asked.before.map(|id| id.to_string())),
            ("server", asked.server.clone()),
            ("client", asked.client.clone()),
            ("user", asked.user.clone()),
            ("kind", asked.kind.map(str::to_owned)),
            ("outcome", asked.outcome.map(|outcome| outcome_name(outcome).to_owned())),
            ("limit", Some(limit.to_string())),
        ];
        let events: Vec<Value> = self.call(LOGS, self.http.get(self.url("audit", &query))).await?;
        Ok(events.iter().filter_map(stored).collect())
    }

    async fn close(&self) {}
}

const fn outcome_name(outcome: OutcomeFilter) -> &'static str {
    match outcome {
        OutcomeFilter::Allow => "allow",
        OutcomeFilter::Refused => "refused",
    }
}

/// An event in the form of the store, from which it is shown.
fn stored(event: &Value) -> Option<StoredEvent> {
    let id = serde_json::from_value(event["id"].clone()).ok()?;
    let mut body = event.clone();
    body["at"] = json!(event["at"].as_str().and_then(parse_time).map(UnixTime::as_seconds));
    let scopes = event["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    body["scope"] = scopes.collect::<Vec<_>>().join(" ").into();
    let outcome = event["error"].as_str().unwrap_or("ALLOW");
    body["outcome"] = outcome.into();
    Some(StoredEvent { id, json: body.to_string() })
}
