//! A browser that keeps cookies and fills in forms. It follows redirects only when it is told to.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Body;
use http::request::Builder;
use http::{Method, Request};
use url::{Url, form_urlencoded};

use crate::client::from;
use crate::{Answer, BASE, Pkce, TestServer, password_of};

/// The maximum number of redirects to follow.
const REDIRECTS: usize = 5;

/// A browser that talks to a test server.
#[derive(Clone, Debug)]
pub struct Browser<'a> {
    server: &'a TestServer,
    cookies: BTreeMap<String, String>,
    /// The IP address of the browser, if the test needs one.
    address: Option<IpAddr>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(server: &'a TestServer) -> Self {
        Self { server, cookies: BTreeMap::new(), address: None }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Sets a cookie.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Changes the IP address.
    pub fn move_to(&mut self, address: IpAddr) {
        self.address = Some(address);
    }

    /// Requests a path with GET.
    pub async fn open(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path).await
    }

    /// Requests a path with any method.
    pub async fn ask(&mut self, method: Method, path: &str) -> Answer {
        let request = self.request(method, path).body(Body::empty());
        self.send(request.expect("it is a request")).await
    }

    /// Sends a form.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", BASE);
        let body = Body::from(encoded(form.iter().copied()));
        self.send(request.body(body).expect("it is a request")).await
    }

    /// Follows redirects as long as they stay on the server.
    pub async fn follow(&mut self, answer: Answer) -> Answer {
        let mut answer = answer;
        for _ in 0..REDIRECTS {
            if !answer.status.is_redirection() {
                return answer;
            }
            let location = answer.location();
            if location.origin() != Url::parse(BASE).expect("it is a URL").origin() {
                return answer;
            }
            let query = location.query().map_or_else(String::new, |query| format!("?{query}"));
            answer = self.open(&format!("{}{query}", location.path())).await;
        }
        answer
    }

    /// Submits the form of a page with these fields filled in.
    pub async fn fill_in(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let page = page.page();
        let known = page.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = known.filter(|(name, _)| fields.iter().all(|(filled, _)| filled != name));
        let form: Vec<_> = kept.chain(fields.iter().copied()).collect();
        let action = page.action.as_deref().expect("the page has a form");
        self.post(action, &form).await
    }

    /// Presses "Allow" on a page with boxes. A field without a value is not sent: its box is not checked.
    pub async fn decide_with(&mut self, page: &Answer, fields: &[(&str, Option<&str>)]) -> Answer {
        let page = page.page();
        let known = page.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = known.filter(|(name, _)| fields.iter().all(|(changed, _)| changed != name));
        let changed = fields.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        let form: Vec<_> = kept.chain(changed).chain([("decision", "allow")]).collect();
        let action = page.action.as_deref().expect("the page has a form");
        self.post(action, &form).await
    }

    /// Sends an authorization request to the `default` server.
    pub async fn authorize(&mut self, parameters: &[(&str, &str)]) -> Answer {
        let query = encoded(parameters.iter().copied());
        self.open(&format!("/oauth2/default/v1/authorize?{query}")).await
    }

    /// Signs in at the page that an answer redirects to. The redirect after it is not followed.
    pub async fn sign_in(&mut self, answer: Answer, login: &str) -> Answer {
        let page = self.follow(answer).await.expect(200);
        let password = password_of(login);
        self.fill_in(&page, &[("username", login), ("password", &password)]).await
    }

    /// Gives consent if the answer redirects to the consent page.
    pub async fn agree(&mut self, answer: Answer) -> Answer {
        if !answer.header("location").starts_with("/consent?") {
            return answer;
        }
        let page = self.follow(answer).await.expect(200);
        self.fill_in(&page, &[("decision", "allow")]).await
    }

    /// Gets a code for a client with PKCE. Signs in and gives consent if the server asks for it.
    pub async fn code(
        &mut self,
        login: &str,
        client: &str,
        redirect_uri: &str,
        scope: &str,
        pkce: &Pkce,
    ) -> String {
        let asked = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", redirect_uri),
            ("scope", scope),
            ("state", "a state"),
            ("code_challenge", &pkce.challenge),
            ("code_challenge_method", "S256"),
        ];
        let mut answer = self.authorize(&asked).await;
        if answer.header("location").starts_with("/signin?") {
            answer = self.sign_in(answer, login).await;
        }
        let answer = self.agree(answer).await;
        assert_eq!(answer.sent("state").as_deref(), Some("a state"), "{}", answer.location());
        answer.sent("code").expect("the client gets a code")
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        let request = from(self.address, Request::builder().method(method).uri(path));
        if self.cookies.is_empty() {
            return request;
        }
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        request.header("cookie", cookies.collect::<Vec<_>>().join("; "))
    }

    async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.server.send(request).await;
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().expect("cookies are ASCII");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            match value.is_empty() || attributes.contains("Max-Age=0") {
                true => drop(self.cookies.remove(name)),
                false => self.set_cookie(name, value),
            }
        }
        answer
    }
}

fn encoded<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
