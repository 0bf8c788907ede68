//! A person at her browser.

use std::collections::BTreeMap;

use reqwest::{Method, Response};
use scopegate_tests::Page;
use url::{Url, form_urlencoded};

use crate::http::Http;

/// So many pages and redirects lead from a request to its answer.
const STEPS: usize = 12;

/// The person `alice` of the catalog, and a browser that keeps cookies.
pub(crate) struct Alice {
    http: Http,
    cookies: BTreeMap<String, String>,
}

impl Alice {
    /// A browser in which nobody is signed in.
    pub(crate) fn new(http: Http) -> Self {
        Self { http, cookies: BTreeMap::new() }
    }

    /// Opens an address and agrees to what the pages ask. The answer is where the browser leaves the
    /// server for.
    pub(crate) async fn visit(&mut self, url: &Url) -> Url {
        let server = url.origin();
        let (mut at, mut answer) = (url.clone(), self.open(url, None).await);
        for _ in 0..STEPS {
            if answer.status().is_redirection() {
                at = at.join(answer.headers()["location"].to_str().unwrap()).unwrap();
                if at.origin() != server {
                    return at;
                }
                answer = self.open(&at, None).await;
                continue;
            }
            assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
            let page = Page::read(&answer.text().await.unwrap());
            at = at.join(page.action.as_deref().expect("the page has a form")).unwrap();
            let mut form = page.fields;
            form.retain(|(name, _)| name != "username");
            if page.html.contains("name=\"password\"") {
                form.push(("username".to_owned(), "alice".to_owned()));
                form.push(("password".to_owned(), "alice-demo-password".to_owned()));
            }
            answer = self.open(&at, Some(&form)).await;
        }
        unreachable!("the pages lead to the client");
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
