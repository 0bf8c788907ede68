//! Catalogs of the sizes that are measured, and requests for their tokens.

use std::fmt::Write;

use scopegate_jose::sha256;

use crate::http::{encoded, post};
use crate::ours::SECRET;

/// A catalog for `client_credentials`.
#[derive(Clone, Copy)]
pub(crate) struct Catalog {
    pub(crate) algorithm: &'static str,
    pub(crate) servers: usize,
    pub(crate) clients: usize,
    /// Rules of the policy of each server. Each gives a scope of its own.
    pub(crate) rules: usize,
    /// Claims by an expression.
    pub(crate) expressions: usize,
}

impl Catalog {
    /// One server, one client, one rule and one constant claim.
    pub(crate) const fn small(algorithm: &'static str) -> Self {
        Self { algorithm, servers: 1, clients: 1, rules: 1, expressions: 0 }
    }

    /// The file `catalog.toml`.
    pub(crate) fn text(&self) -> String {
        let mut text = "version = 1\n".to_owned();
        for server in 0..self.servers {
            self.write_server(&mut text, server);
        }
        let hash: String = sha256(SECRET.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        for client in 0..self.clients {
            let _ = write!(
                text,
                "[[client]]\nid = \"client-{client}\"\nname = \"Client {client}\"\n\
                 type = \"service\"\nauth = \"client_secret_basic\"\n\
                 secrets = [{{ sha256 = \"{hash}\" }}]\ngrant_types = [\"client_credentials\"]\n\
                 attributes = {{ tenant = \"acme\" }}\n"
            );
        }
        text
    }

    fn write_server(&self, text: &mut String, server: usize) {
        let Self { algorithm, rules, expressions, .. } = self;
        let _ = write!(
            text,
            "[[server]]\nid = \"server-{server}\"\nname = \"Server {server}\"\n\
             audiences = [{{ name = \"api://server-{server}\" }}]\nalgorithms = [\"{algorithm}\"]\n\
             [[server.claim]]\nname = \"region\"\ntoken = \"access\"\nvalue = {{ constant = \"eu\" }}\n"
        );
        for claim in 0..*expressions {
            let _ = write!(
                text,
                "[[server.claim]]\nname = \"claim_{claim}\"\ntoken = \"access\"\n\
                 value = {{ expression = 'client.attributes.tenant + \"-{claim}-\" + scopes[0]' }}\n"
            );
        }
        for rule in 0..*rules {
            let _ = write!(
                text,
                "[[server.scope]]\nname = \"read:{rule}\"\ndescription = \"Read {rule}\"\n"
            );
        }
        text.push_str("[[server.policy]]\nname = \"machines\"\nclients = [\"*\"]\n");
        for rule in 0..*rules {
            let _ = write!(
                text,
                "[[server.policy.rule]]\nname = \"rule {rule}\"\n\
                 grant_types = [\"client_credentials\"]\nscopes = [\"read:{rule}\"]\n\
                 access_token_lifetime = \"10m\"\n"
            );
        }
    }

    /// Requests for tokens. Servers, clients and scopes follow each other in an order without a pattern.
    pub(crate) fn requests(&self, count: usize) -> Vec<Vec<u8>> {
        // The generator of Knuth's MMIX: the same numbers in each run.
        let mut state = 42_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let request = |_| {
            let (server, client, rule) = (next(self.servers), next(self.clients), next(self.rules));
            token_request(
                &format!("/oauth2/server-{server}/v1/token"),
                &format!("client-{client}"),
                &format!("read:{rule}"),
            )
        };
        (0..count).map(request).collect()
    }
}

/// A request for a token by `client_credentials`.
pub(crate) fn token_request(path: &str, client: &str, scope: &str) -> Vec<u8> {
    let secret = encoded(&[("", SECRET)]);
    let pair = format!("{client}:{}", secret.trim_start_matches('='));
    let basic = format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair));
    let form = [("grant_type", "client_credentials"), ("scope", scope)];
    post(path, &[("authorization", &basic)], &form)
}
