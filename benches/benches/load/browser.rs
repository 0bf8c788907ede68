//! A browser that signs in repeatedly.

use std::collections::BTreeMap;

use scopegate_tests::Page;

use crate::http::{Connection, Reply, encoded, get, post};
use crate::ours::{LOGIN, PASSWORD};

/// Signs in once through the pages.
pub(crate) async fn sign_in(port: u16) {
    let mut browser = Browser {
        connection: Connection::open(port).await,
        cookies: BTreeMap::new(),
        origin: format!("http://127.0.0.1:{port}"),
    };
    let query = encoded(&[
        ("response_type", "code"),
        ("client_id", "portal"),
        ("redirect_uri", "http://127.0.0.1/cb"),
        ("scope", "openid"),
        ("state", "a"),
        ("code_challenge", &"a".repeat(43)),
        ("code_challenge_method", "S256"),
    ]);
    let mut reply = browser.open(&format!("/oauth2/default/v1/authorize?{query}")).await;
    while reply.status != 200 {
        let location = reply.values("location").next().unwrap();
        let path = location.strip_prefix(&browser.origin).unwrap_or(location).to_owned();
        reply = browser.open(&path).await;
    }
    let page = Page::read(&reply.body);
    let mut form: Vec<_> = page.fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    form.retain(|(name, _)| !["username", "password"].contains(name));
    form.extend([("username", LOGIN), ("password", PASSWORD)]);
    let reply = browser.fill_in(page.action.as_deref().unwrap(), &form).await;
    assert!((300..400).contains(&reply.status), "{} {}", reply.head, reply.body);
}

struct Browser {
    connection: Connection,
    cookies: BTreeMap<String, String>,
    origin: String,
}

impl Browser {
    async fn open(&mut self, path: &str) -> Reply {
        let cookies = self.cookies();
        self.send(get(path, &[("cookie", &cookies)])).await
    }

    async fn fill_in(&mut self, action: &str, form: &[(&str, &str)]) -> Reply {
        let (cookies, origin) = (self.cookies(), self.origin.clone());
        self.send(post(action, &[("cookie", &cookies), ("origin", &origin)], form)).await
    }

    async fn send(&mut self, request: Vec<u8>) -> Reply {
        let reply = self.connection.send(&request).await;
        for line in reply.values("set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        reply
    }

    fn cookies(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }
}
