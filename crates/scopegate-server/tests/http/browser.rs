//! A browser: it keeps cookies, reads forms and sends them back.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use scopegate_core::store::{CatalogStore, KeyStore};
use scopegate_store::SqlStore;

use crate::fixture::{FORM, Fixture};

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Browser<'a, S = SqlStore> {
    fixture: &'a Fixture<S>,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Whether the server knows the address of the browser.
    pub(crate) address: Option<SocketAddr>,
    /// The value of `X-Forwarded-For` that it sends.
    pub(crate) forwarded_for: Option<String>,
}

impl<S> Clone for Browser<'_, S> {
    fn clone(&self) -> Self {
        Self { cookies: self.cookies.clone(), forwarded_for: self.forwarded_for.clone(), ..*self }
    }
}

/// The answer that a browser gets.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Shown {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// The sealed request in its form.
    pub(crate) fn request(&self) -> &str {
        let from = self.body.find("name=\"request\" value=\"").expect("a form") + 22;
        let rest = &self.body[from..];
        &rest[..rest.find('"').unwrap()]
    }
}

impl<'a, S: CatalogStore + KeyStore> Browser<'a, S> {
    pub(crate) fn new(fixture: &'a Fixture<S>) -> Self {
        let address = Some(SocketAddr::from(([192, 0, 2, 7], 4000)));
        Self { fixture, cookies: BTreeMap::new(), address, forwarded_for: None }
    }

    /// The `Cookie` header that it sends.
    pub(crate) fn cookie_line(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    pub(crate) async fn get(&mut self, path: &str) -> Shown {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post_raw(path, form).await
    }

    pub(crate) async fn post_raw(&mut self, path: &str, form: impl Into<Body>) -> Shown {
        let request = Request::post(path).header(CONTENT_TYPE, FORM);
        self.send(request.body(form.into()).unwrap()).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Shown {
        request.headers_mut().insert(COOKIE, self.cookie_line().parse().unwrap());
        if let Some(forwarded_for) = &self.forwarded_for {
            request.headers_mut().insert("x-forwarded-for", forwarded_for.parse().unwrap());
        }
        if let Some(address) = self.address {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        let (parts, body) = self.fixture.send(request).await.into_parts();
        for line in parts.headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            match line.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Shown { status: parts.status, headers: parts.headers, body }
    }

    /// The sign-in form for the account.
    pub(crate) async fn sign_in_form(&mut self) -> Shown {
        let led = self.get("/account").await;
        assert_eq!(led.status, StatusCode::SEE_OTHER, "{led:?}");
        let location = led.location().to_owned();
        self.get(&location).await
    }

    /// Fills in a sign-in form and sends it.
    pub(crate) async fn fill_in(&mut self, request: &str, login: &str, password: &str) -> Shown {
        self.post("/signin", &sign_in_fields(request, login, password)).await
    }

    /// Signs in with a new form, even if a user is signed in.
    pub(crate) async fn sign_in(&mut self, login: &str, password: &str) -> Shown {
        // Without the session cookie, the account redirects to the form.
        let held = self.cookies.remove("scopegate");
        let form = self.sign_in_form().await;
        self.cookies.extend(held.map(|value| ("scopegate".to_owned(), value)));
        self.fill_in(form.request(), login, password).await
    }

    /// The user who is signed in, as the account page shows it.
    pub(crate) async fn who(&mut self) -> Option<String> {
        let account = self.get("/account").await;
        let from = account.body.find("<strong>")? + 8;
        let rest = &account.body[from..];
        Some(rest[..rest.find('<').unwrap()].to_owned())
    }

    pub(crate) fn session(&self) -> &str {
        &self.cookies["scopegate"]
    }
}

/// The fields of a sign-in form.
pub(crate) fn sign_in_fields<'a>(
    request: &'a str,
    login: &'a str,
    password: &'a str,
) -> [(&'static str, &'a str); 3] {
    [("request", request), ("username", login), ("password", password)]
}
