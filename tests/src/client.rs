//! A client that talks directly to the server, without a browser.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::request::Builder;
use http::{Method, Request};
use url::form_urlencoded;

use crate::{Answer, Pkce, TestServer, secret_of};

/// A client of the `default` server.
#[derive(Clone, Debug)]
pub struct TestClient<'a> {
    server: &'a TestServer,
    /// The value of the Authorization header.
    authorization: Option<String>,
    /// Parameters that are added to each form.
    adds: Vec<(String, String)>,
    /// The IP address of the client, if the test needs one.
    address: Option<IpAddr>,
}

impl<'a> TestClient<'a> {
    pub(crate) fn anonymous(server: &'a TestServer) -> Self {
        Self { server, authorization: None, adds: Vec::new(), address: None }
    }

    pub(crate) fn with_secret(server: &'a TestServer, id: &str) -> Self {
        let pair = format!("{id}:{}", secret_of(id));
        let authorization = format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair));
        Self { authorization: Some(authorization), ..Self::anonymous(server) }
    }

    pub(crate) fn public(server: &'a TestServer, id: &str) -> Self {
        Self { adds: vec![("client_id".into(), id.into())], ..Self::anonymous(server) }
    }

    /// The same client with an IP address.
    #[must_use]
    pub fn at(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// The same client with a token in its Authorization header.
    #[must_use]
    pub fn bearing(self, token: &str) -> Self {
        Self { authorization: Some(format!("Bearer {token}")), ..self }
    }

    /// Sends a form to an endpoint of the `default` server.
    pub async fn post(&self, endpoint: &str, form: &[(&str, &str)]) -> Answer {
        self.post_to(&format!("/oauth2/default/v1/{endpoint}"), form).await
    }

    /// Sends a form to a path.
    pub async fn post_to(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let own = self.adds.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(own.chain(form.iter().copied()))
            .finish();
        self.send_form(path, body).await
    }

    /// Sends a raw body, which need not be a valid form, to an endpoint of the `default` server.
    pub async fn post_text(&self, endpoint: &str, body: &str) -> Answer {
        self.send_form(&format!("/oauth2/default/v1/{endpoint}"), body.to_owned()).await
    }

    async fn send_form(&self, path: &str, body: String) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded");
        self.server.send(request.body(Body::from(body)).expect("it is a request")).await
    }

    /// Requests a path with GET.
    pub async fn read(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        self.server.send(request.body(Body::empty()).expect("it is a request")).await
    }

    /// Sends a form to the token endpoint.
    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post("token", form).await
    }

    /// Redeems a code (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub async fn redeem(&self, code: &str, redirect_uri: &str, pkce: &Pkce) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &pkce.verifier),
        ])
        .await
    }

    /// Uses a refresh token (RFC 6749 §6).
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        let request = from(self.address, Request::builder().method(method).uri(path));
        match &self.authorization {
            None => request,
            Some(value) => request.header("authorization", value),
        }
    }
}

/// A request with the peer address that a listener would set.
pub(crate) fn from(address: Option<IpAddr>, request: Builder) -> Builder {
    match address {
        None => request,
        Some(address) => request.extension(ConnectInfo(SocketAddr::from((address, 40_000)))),
    }
}
