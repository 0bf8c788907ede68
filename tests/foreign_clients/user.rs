//! A user with a browser.

use std::collections::BTreeMap;

use reqwest::{Method, Response};
use scopegate_tests::Page;
use url::{Url, form_urlencoded};

use crate::http::Http;

/// The maximum number of pages and redirects from a request to its answer.
const STEPS: usize = 12;

/// The user `alice` of the catalog, with a browser that keeps cookies.
pub(crate) struct Alice {
    http: Http,
    cookies: BTreeMap<String, String>,
}

impl Alice {
    /// A browser without a session.
    pub(crate) fn new(http: Http) -> Self {
        Self { http, cookies: BTreeMap::new() }
    }

    /// Opens a URL, signs in and gives consent where the pages ask for it. Returns the URL outside
    /// the server to which the browser is redirected.
    pub(crate) async fn visit(&mut self, url: &Url) -> Url {
        self.go(url).await.expect("the pages lead to the client")
    }

    /// Opens a URL, signs in and gives consent where the pages ask for it. Returns the last page.
    pub(crate) async fn agree(&mut self, url: &Url) -> String {
        self.go(url).await.expect_err("the pages lead to one without a form")
    }

    async fn go(&mut self, url: &Url) -> Result<Url, String> {
        let server = url.origin();
        let (mut at, mut answer) = (url.clone(), self.open(url, None).await);
        for _ in 0..STEPS {
            if answer.status().is_redirection() {
                at = at.join(answer.headers()["location"].to_str().unwrap()).unwrap();
                if at.origin() != server {
                    return Ok(at);
                }
                answer = self.open(&at, None).await;
                continue;
            }
            assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
            let page = Page::read(&answer.text().await.unwrap());
            let Some(action) = page.action else { return Err(page.html) };
            at = at.join(&action).unwrap();
            let mut form = page.fields;
            let mut fill_in = |name: &str, value: &str| {
                if page.html.contains(&format!("name=\"{name}\"")) {
                    form.retain(|(known, _)| known != name);
                    form.push((name.to_owned(), value.to_owned()));
                }
            };
            fill_in("username", "alice");
            fill_in("password", "alice-demo-password");
            fill_in("decision", "allow");
            answer = self.open(&at, Some(&form)).await;
        }
        unreachable!("the pages lead nowhere");
    }

    async fn open(&mut self, url: &Url, form: Option<&[(String, String)]>) -> Response {
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let mut request = self.http.0.request(method, url.clone());
        request = request.header("cookie", cookies.collect::<Vec<_>>().join("; "));
        if let Some(form) = form {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request
                .header("origin", url.origin().ascii_serialization())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let answer = request.send().await.unwrap();
        for line in answer.headers().get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}
