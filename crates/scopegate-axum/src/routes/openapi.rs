//! OpenAPI 3.1: what there is, with the scopes of each operation.

mod describe;
mod page;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{Operation, RoutesError};

/// What an OpenAPI document says beside what the routes say themselves.
///
/// The routes give paths, methods, path parameters, security requirements and the refusals. Whatever
/// else there is to say (summaries, bodies, schemas) comes from a [document](Self::from_document) that
/// you have, be it from `utoipa`, from `aide` or written by hand; its security is replaced by what the
/// guards really ask for.
///
/// ```
/// use scopegate_axum::routes::{OpenApi, Routes, RoutesError, get};
/// use scopegate_axum::{AnyOf, scoped};
/// use serde_json::json;
///
/// #[scoped]
/// async fn list(_: AnyOf<"read:orders", "admin">) {}
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
/// // What is described must be there.
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
}

/// How the document says that clients get a token.
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
    /// Begins a document of an API with this title and version.
    pub fn new(title: &str, version: &str) -> Self {
        let document = Map::from_iter([
            ("openapi".to_owned(), json!("3.1.0")),
            ("info".to_owned(), json!({ "title": title, "version": version })),
        ]);
        Self { document, scheme: Scheme::Bearer, scopes: Vec::new() }
    }

    /// Begins with a document that describes the API already.
    ///
    /// # Errors
    ///
    /// [`RoutesError::NotOpenApi`] if it is of another version than 3.1, or has no `info`.
    pub fn from_document(document: Value) -> Result<Self, RoutesError> {
        let Value::Object(document) = document else {
            return Err(RoutesError::NotOpenApi("it is no object"));
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
            return Err(RoutesError::NotOpenApi("`paths` and `components` are objects"));
        }
        Ok(Self { document, scheme: Scheme::Bearer, scopes: Vec::new() })
    }

    /// Says that a client gets a token by client credentials from this URL (RFC 6749 §4.4).
    ///
    /// Tools know how to get one then. Without this and its siblings the document says `bearer`: a
    /// token, wherever it is from.
    pub fn client_credentials(self, token_url: &str) -> Self {
        self.flow("clientCredentials", json!({ "tokenUrl": token_url }))
    }

    /// Says that a client sends its user to the first URL and gets a token from the second one
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

    /// Says that a client finds out by OpenID Connect discovery how it gets a token of this issuer.
    pub fn openid_connect(mut self, issuer: &str) -> Self {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        self.scheme = Scheme::OpenIdConnect { url };
        self
    }

    /// Says what a scope is for, where the document lists scopes.
    pub fn describe_scope(mut self, scope: &str, description: &str) -> Self {
        self.scopes.push((scope.to_owned(), description.to_owned()));
        self
    }

    pub(super) fn describe(self, operations: &[Operation]) -> Result<Document, RoutesError> {
        let value = describe::describe(self, operations)?;
        let page = page::render(&value, operations);
        Ok(Document { json: value.to_string().into(), page: page.into(), value })
    }
}

/// An OpenAPI document of routes, and a page that shows it.
///
/// As a response it is the JSON; [`page`](Self::page) is the page, which needs no script and nothing
/// from elsewhere.
///
/// ```
/// use scopegate_axum::routes::{OpenApi, Routes, RoutesError, get};
/// use scopegate_axum::{RequireScope, scoped};
///
/// #[scoped]
/// async fn list(_: RequireScope<"read:orders">) {}
///
/// let routes = Routes::new().route("/orders", get(list));
/// let document = routes.document(OpenApi::new("Orders", "1.0.0"))?;
/// let page = document.page();
/// let routes = routes
///     .route("/openapi.json", get(async || document).public())
///     .route("/docs", get(async || page).public());
///
/// assert!(routes.audit().refuse_unguarded().is_ok());
/// # Ok::<(), RoutesError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    value: Value,
    json: Bytes,
    page: Bytes,
}

impl Document {
    /// The document as a value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The document as it is served.
    pub fn json(&self) -> &str {
        std::str::from_utf8(&self.json).expect("it was written as text")
    }

    /// A page in HTML that shows each operation and what it asks for.
    pub fn page(&self) -> Page {
        Page(self.page.clone())
    }
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        answer(self.json, [(CONTENT_TYPE, "application/json")])
    }
}

/// The page of a [`Document`]; a response of its own.
#[derive(Clone, Debug)]
pub struct Page(Bytes);

impl Page {
    /// The page as it is served.
    pub fn html(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it was written as text")
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";
        let html = (CONTENT_TYPE, "text/html; charset=utf-8");
        answer(self.0, [html, (CONTENT_SECURITY_POLICY, policy)])
    }
}

fn answer<const N: usize>(body: Bytes, headers: [(HeaderName, &'static str); N]) -> Response {
    let mut response = body.into_response();
    for (name, value) in headers.into_iter().chain([(CACHE_CONTROL, "no-cache")]) {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
