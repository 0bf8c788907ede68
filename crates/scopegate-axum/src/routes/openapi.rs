//! OpenAPI 3.1 documents of a service's operations, with the scopes of each.

mod describe;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use scopegate_bearer::ChallengeSettings;
use serde_json::{Map, Value, json};

use super::{Operation, RoutesError};

/// The parts of an OpenAPI document that do not follow from the routes.
///
/// Paths, methods, path parameters, security requirements and refusals are taken from the routes.
/// Everything else (summaries, bodies, schemas) comes from a [document](Self::from_document) of
/// yours, whether made by `utoipa` or `aide` or written by hand. Its `security` is replaced by what
/// the guards require.
///
/// ```
/// use scopegate_axum::routes::{OpenApi, Routes, RoutesError, get};
/// use scopegate_axum::{AnyOf, scopes};
/// use serde_json::json;
///
/// scopes! {
///     pub ReadOrders = "read:orders";
///     pub Admin = "admin";
/// }
///
/// async fn list(_: AnyOf<(ReadOrders, Admin)>) {}
///
/// let routes = Routes::new().route("/orders", get(list));
/// let openapi = || {
///     OpenApi::new("Orders", "1.0.0")
///         .client_credentials("https://id.example.com/oauth2/default/v1/token")
///         .describe_scope("read:orders", "See orders")
/// };
/// let document = routes.document(openapi())?;
/// assert_eq!(
///     document.value()["paths"]["/orders"]["get"]["security"],
///     json!([{ "oauth2": ["read:orders"] }, { "oauth2": ["admin"] }])
/// );
///
/// // A described operation must have a route.
/// let described = json!({
///     "openapi": "3.1.0",
///     "info": { "title": "Orders", "version": "1.0.0" },
///     "paths": { "/order": { "get": { "summary": "All orders" } } },
/// });
/// let wrong = routes.document(OpenApi::from_document(described)?);
/// assert!(matches!(wrong, Err(RoutesError::NotRouted(what)) if what == ["GET /order"]));
/// # Ok::<(), RoutesError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct OpenApi {
    document: Map<String, Value>,
    scheme: Scheme,
    scopes: Vec<(String, String)>,
    /// The settings of the layer, for the bodies of refusals.
    settings: ChallengeSettings,
}

/// How clients get a token, according to the document.
#[derive(Clone, Debug)]
enum Scheme {
    Bearer,
    OAuth2 { flows: Map<String, Value> },
    OpenIdConnect { url: String },
}

impl Scheme {
    /// The name of the scheme in the document.
    fn name(&self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::OAuth2 { .. } => "oauth2",
            Self::OpenIdConnect { .. } => "openIdConnect",
        }
    }
}

impl OpenApi {
    /// Starts a document for an API with this title and version.
    pub fn new(title: &str, version: &str) -> Self {
        let document = Map::from_iter([
            ("openapi".to_owned(), json!("3.1.0")),
            ("info".to_owned(), json!({ "title": title, "version": version })),
        ]);
        Self::with(document)
    }

    /// Starts with a document that already describes the API.
    ///
    /// # Errors
    ///
    /// [`RoutesError::NotOpenApi`] if its version is not 3.1, or it has no `info`.
    pub fn from_document(document: Value) -> Result<Self, RoutesError> {
        let Value::Object(document) = document else {
            return Err(RoutesError::NotOpenApi("it is not an object"));
        };
        let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if version != "3.1" && !version.starts_with("3.1.") {
            return Err(RoutesError::NotOpenApi("`openapi` is not 3.1"));
        }
        if !document.get("info").is_some_and(Value::is_object) {
            return Err(RoutesError::NotOpenApi("`info` is missing"));
        }
        let is_object = |member: &Value| member.is_object();
        if !["paths", "components"].iter().all(|name| document.get(*name).is_none_or(is_object)) {
            return Err(RoutesError::NotOpenApi("`paths` or `components` is not an object"));
        }
        Ok(Self::with(document))
    }

    fn with(document: Map<String, Value>) -> Self {
        let settings = ChallengeSettings::new();
        Self { document, scheme: Scheme::Bearer, scopes: Vec::new(), settings }
    }

    /// Declares that clients get tokens by client credentials from this URL (RFC 6749 §4.4).
    ///
    /// Tools can then get a token themselves. Without this and the similar methods the document
    /// declares `bearer`: a token, without saying where it comes from.
    pub fn client_credentials(self, token_url: &str) -> Self {
        self.flow("clientCredentials", json!({ "tokenUrl": token_url }))
    }

    /// Declares that a client sends its user to the first URL and gets a token from the second one
    /// (RFC 6749 §4.1).
    pub fn authorization_code(self, authorization_url: &str, token_url: &str) -> Self {
        let urls = json!({ "authorizationUrl": authorization_url, "tokenUrl": token_url });
        self.flow("authorizationCode", urls)
    }

    fn flow(mut self, name: &str, flow: Value) -> Self {
        let mut flows = match self.scheme {
            Scheme::OAuth2 { flows } => flows,
            Scheme::Bearer | Scheme::OpenIdConnect { .. } => Map::new(),
        };
        flows.insert(name.to_owned(), flow);
        self.scheme = Scheme::OAuth2 { flows };
        self
    }

    /// Declares that clients find the endpoints of this issuer by OpenID Connect discovery.
    pub fn openid_connect(mut self, issuer: &str) -> Self {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        self.scheme = Scheme::OpenIdConnect { url };
        self
    }

    /// Describes a scope in the document's list of scopes.
    pub fn describe_scope(mut self, scope: &str, description: &str) -> Self {
        self.scopes.push((scope.to_owned(), description.to_owned()));
        self
    }

    /// Describes the bodies of refusals as they are set at the layer: `auth.settings()` of
    /// [`AuthenticationLayer`](scopegate_bearer::AuthenticationLayer). The default is problem
    /// documents (RFC 9457).
    ///
    /// ```
    /// use scopegate_axum::Token;
    /// use scopegate_axum::routes::{OpenApi, Routes, RoutesError, get};
    /// use scopegate_bearer::{ChallengeSettings, Refusal, RefusalBody};
    /// use serde_json::{Value, json};
    ///
    /// #[derive(Debug)]
    /// struct Code;
    ///
    /// impl RefusalBody for Code {
    ///     fn content_type(&self) -> &str {
    ///         "application/json"
    ///     }
    ///
    ///     fn body(&self, refusal: &Refusal) -> Vec<u8> {
    ///         json!({ "code": refusal.reason() }).to_string().into()
    ///     }
    ///
    ///     fn schema(&self) -> Option<Value> {
    ///         Some(json!({ "type": "object", "properties": { "code": { "type": "string" } } }))
    ///     }
    /// }
    ///
    /// let settings = ChallengeSettings::new().with_body(Code);
    /// let routes = Routes::new().route("/orders", get(async |_: Token| ()));
    /// let document = routes.document(OpenApi::new("Orders", "1").refusals(&settings))?;
    /// let refusal = &document.value()["components"]["responses"]["Unauthorized"];
    /// let schema = &refusal["content"]["application/json"]["schema"];
    /// assert_eq!(schema["properties"]["code"]["type"], "string");
    /// # Ok::<(), RoutesError>(())
    /// ```
    pub fn refusals(mut self, settings: &ChallengeSettings) -> Self {
        self.settings = settings.clone();
        self
    }

    pub(super) fn describe(self, operations: &[Operation]) -> Result<Document, RoutesError> {
        let value = describe::describe(self, operations)?;
        Ok(Document { json: value.to_string().into(), value })
    }
}

/// An OpenAPI document of routes. As a response it is the JSON document.
///
/// To show it as a page, give its URL to a viewer, such as Swagger UI, Redoc or Scalar, or write a
/// page from its [`value`](Self::value).
///
/// ```
/// use scopegate_axum::routes::{OpenApi, Routes, RoutesError, get};
/// use scopegate_axum::{RequireScope, scopes};
///
/// scopes! {
///     pub ReadOrders = "read:orders";
/// }
///
/// async fn list(_: RequireScope<ReadOrders>) {}
///
/// let routes = Routes::new().route("/orders", get(list));
/// let document = routes.document(OpenApi::new("Orders", "1.0.0"))?;
/// let routes = routes.route("/openapi.json", get(async || document).public());
/// assert!(routes.audit().refuse_unguarded().is_ok());
/// # Ok::<(), RoutesError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    value: Value,
    json: Bytes,
}

impl Document {
    /// The document as a value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The document as JSON text.
    pub fn json(&self) -> &str {
        std::str::from_utf8(&self.json).expect("it was written as text")
    }
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
        (headers, self.json).into_response()
    }
}

#[cfg(test)]
mod tests;
