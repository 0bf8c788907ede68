//! `[[hook]]`: a token hook.
//!
//! No message quotes a value from the tables of secrets, because somebody may have written a secret there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::claim::TOKENS;
use super::context::CatalogContext;
use super::draft::Draft;
use super::rule::read_duration;
use super::seen::Seen;
use super::{expression, status};
use crate::catalog::{
    EntityKey, HookAuth, HookCache, HookCredential, HookOauth, HookSecret, HookSpec, HookTarget,
    HttpHook, OnFailure, SettableClaim, Spec, SqlHook, TokenKind,
};
use crate::expression::{Expression, Wanted};
use crate::spelling::{Instead, Quoted, parse_short_duration};
use crate::toml_reader::{Node, Shape, Table, Text};

const SECRET_INSTEAD: &str = "a secret never stands in the file: write { env = \"NAME\" }";

pub(super) const HOOK: Shape = Shape {
    what: "a hook",
    keys: &[
        "name",
        "type",
        "url",
        "auth",
        "headers",
        "connection",
        "query",
        "parameters",
        "claims",
        "tokens",
        "deadline",
        "failure",
        "cache",
        "may_set",
        "independent",
        "status",
    ],
    ..Shape::NONE
};

/// The keys that go with one type of hook only.
const HTTP_KEYS: [&str; 3] = ["url", "auth", "headers"];
const SQL_KEYS: [&str; 5] = ["connection", "query", "parameters", "claims", "tokens"];

pub(super) const TYPES: [&str; 3] = ["http", "sql", "program"];

pub(super) const AUTH: Shape = Shape {
    what: "auth",
    keys: &["header", "value", "oauth", "signature"],
    instead: &[("bearer", "write { header = \"authorization\", value = { env = \"NAME\" } }")],
    ..Shape::NONE
};

pub(super) const OAUTH: Shape = Shape {
    what: "oauth",
    keys: &["token_url", "client_id", "secret", "key", "scope"],
    instead: &[("client_secret", "write secret = { env = \"NAME\" }")],
    ..Shape::NONE
};

pub(super) const SECRET: Shape = Shape {
    what: "a secret",
    keys: &["env", "kept"],
    instead: &[
        ("plain", SECRET_INSTEAD),
        ("secret", SECRET_INSTEAD),
        ("value", SECRET_INSTEAD),
        ("sha256", "the server must send the secret itself: write { env = \"NAME\" }"),
    ],
    ..Shape::NONE
};

pub(super) const CACHE: Shape =
    Shape { what: "cache", keys: &["key", "ttl", "stale"], ..Shape::NONE };

pub(super) const FAILURES: [(&str, OnFailure); 3] = [
    (OnFailure::Closed.as_str(), OnFailure::Closed),
    (OnFailure::Open.as_str(), OnFailure::Open),
    (OnFailure::Stale.as_str(), OnFailure::Stale),
];

/// Reads the hooks.
pub(super) fn read_all<'f>(
    catalog: Table<'f>,
    context: &dyn CatalogContext,
    draft: &mut Draft<'f>,
) {
    for hook in catalog.tables("hook", "[[hook]]", &HOOK) {
        let name = draft.name(hook, "name");
        let secrets = Secrets { hook: &name, context };
        draft.read(hook, EntityKey::hook(&name), || {
            read(hook, secrets).map(|spec| Spec::Hook(Box::new(spec)))
        });
    }
}

fn read(hook: Table<'_>, secrets: Secrets<'_>) -> Option<HookSpec> {
    let deadline = hook.optional_text("deadline").map(read_deadline);
    let failure = hook.optional_text("failure").map(|text| text.one_of("failure", &FAILURES));
    let cache = hook.optional("cache").map(read_cache);
    let may_set = hook.optional("may_set").map(read_claims_to_set);
    let independent = hook.optional("independent").map(Node::boolean);
    let target = read_target(hook, secrets);
    Some(HookSpec {
        target: target?,
        deadline: optional(deadline)?,
        failure: failure.unwrap_or(Some(OnFailure::Closed))?,
        cache: optional(cache)?,
        may_set: may_set.unwrap_or(Some(Vec::new()))?.into_iter().collect(),
        independent: independent.unwrap_or(Some(false))?,
        status: status::read(hook),
    })
}

/// The value of an optional key. `None` if it is there and cannot be read.
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |read| read.map(Some))
}

fn read_target(hook: Table<'_>, secrets: Secrets<'_>) -> Option<HookTarget> {
    let kind = hook.required_text("type")?;
    let strange = |kind: &str, keys: &[&'static str]| {
        for key in keys {
            if let Some(node) = hook.optional(key) {
                node.refuse(format_args!("{key:?} does not go with type = {kind:?}: leave it out"));
            }
        }
    };
    match kind.text {
        "http" => {
            strange("http", &SQL_KEYS);
            read_http(hook, secrets).map(|http| HookTarget::Http(Box::new(http)))
        }
        "sql" => {
            strange("sql", &HTTP_KEYS);
            read_sql(hook).map(|sql| HookTarget::Sql(Box::new(sql)))
        }
        "program" => {
            strange("program", &HTTP_KEYS);
            strange("program", &SQL_KEYS);
            Some(HookTarget::Program)
        }
        other => {
            let instead = Instead { of: other, known: TYPES.iter().copied() };
            kind.refuse(format_args!("unknown type {}: {instead}", Quoted(other)));
            None
        }
    }
}

fn read_http(hook: Table<'_>, secrets: Secrets<'_>) -> Option<HttpHook> {
    let url = hook.required_text("url");
    let auth = hook.optional("auth").map(|node| read_auth(node, secrets));
    let headers = hook.optional("headers").map(read_texts);
    Some(HttpHook {
        url: url?.text.to_owned(),
        auth: optional(auth)?,
        headers: headers.unwrap_or(Some(BTreeMap::new()))?,
    })
}

fn read_auth(node: Node<'_>, secrets: Secrets<'_>) -> Option<HookAuth> {
    let auth = node.table(&AUTH)?;
    let written = AUTH.keys.iter().map(|key| auth.optional(key)).collect::<Vec<_>>();
    match written[..] {
        [Some(name), Some(value), None, None] => {
            let value = secrets.read(value, check_header_value);
            Some(HookAuth::Header { name: name.text()?.text.to_owned(), value: value? })
        }
        [None, None, Some(oauth), None] => read_oauth(oauth, secrets).map(HookAuth::Oauth),
        [None, None, None, Some(key)] => {
            secrets.read(key, check_signature_key).map(HookAuth::Signature)
        }
        _ => {
            node.refuse(format_args!(
                "write one of {{ header = \"authorization\", value = {{ env = \"NAME\" }} }}, \
                 {{ oauth = {{ … }} }} and {{ signature = {{ env = \"NAME\" }} }}"
            ));
            None
        }
    }
}

fn read_oauth(node: Node<'_>, secrets: Secrets<'_>) -> Option<HookOauth> {
    let oauth = node.table(&OAUTH)?;
    let token_url = oauth.required_text("token_url");
    let client_id = oauth.required_text("client_id");
    let scope = oauth.optional_text("scope");
    let credential = match (oauth.optional("secret"), oauth.optional("key")) {
        (Some(secret), None) => secrets.read(secret, check_not_empty).map(HookCredential::Secret),
        (None, Some(key)) => secrets.read(key, check_private_key).map(HookCredential::Key),
        (_, _) => {
            node.refuse(format_args!("write \"secret\" or \"key\", one of them"));
            None
        }
    };
    Some(HookOauth {
        token_url: token_url?.text.to_owned(),
        client_id: client_id?.text.to_owned(),
        credential: credential?,
        scope: scope.map(|scope| scope.text.to_owned()),
    })
}

fn read_sql(hook: Table<'_>) -> Option<SqlHook> {
    let connection = hook.required_text("connection");
    let query = hook.required_text("query");
    let parameters = hook.optional("parameters").map_or(Some(Vec::new()), Node::texts);
    let parameters = parameters.map(|texts| {
        let read: Vec<Option<Expression>> =
            texts.into_iter().map(|text| expression::read(text, Wanted::Value)).collect();
        read.into_iter().collect::<Option<Vec<_>>>()
    });
    let claims = hook.required("claims").and_then(read_texts);
    let tokens = match hook.optional("tokens") {
        None => Some(vec![TokenKind::Access]),
        Some(node) => read_tokens(node),
    };
    Some(SqlHook {
        connection: connection?.text.to_owned(),
        query: query?.text.to_owned(),
        parameters: parameters??,
        claims: claims?,
        tokens: tokens?,
    })
}

fn read_tokens(node: Node<'_>) -> Option<Vec<TokenKind>> {
    let mut seen = Seen::default();
    let tokens = node.texts()?.into_iter().map(|text| {
        seen.add("token", text);
        text.one_of("token", &TOKENS)
    });
    let tokens: Vec<Option<TokenKind>> = tokens.collect();
    tokens.into_iter().collect()
}

fn read_claims_to_set(node: Node<'_>) -> Option<Vec<SettableClaim>> {
    let mut seen = Seen::default();
    let claims = node.texts()?.into_iter().map(|text| {
        seen.add("claim", text);
        text.one_of("claim", &SettableClaim::ALL)
    });
    let claims: Vec<Option<SettableClaim>> = claims.collect();
    claims.into_iter().collect()
}

fn read_cache(node: Node<'_>) -> Option<HookCache> {
    let cache = node.table(&CACHE)?;
    let key = cache.required_text("key").and_then(|text| expression::read(text, Wanted::Value));
    let ttl = cache.required_text("ttl").and_then(read_duration);
    let stale = cache.optional_text("stale").map(read_duration);
    Some(HookCache { key: key?, ttl: ttl?, stale: optional(stale)? })
}

fn read_texts(node: Node<'_>) -> Option<BTreeMap<String, String>> {
    let texts: Vec<_> = node
        .entries()?
        .map(|(name, value)| Some((name.text.to_owned(), value.text()?.text.to_owned())))
        .collect();
    texts.into_iter().collect()
}

fn read_deadline(text: Text<'_>) -> Option<Duration> {
    let duration = parse_short_duration(text.text);
    if duration.is_none() {
        let shown = Quoted(text.text);
        text.refuse(format_args!("{shown} is no duration: write one such as \"500ms\" or \"1s\""));
    }
    duration
}

/// Reads the secrets of one hook.
#[derive(Clone, Copy)]
struct Secrets<'a> {
    hook: &'a str,
    context: &'a dyn CatalogContext,
}

impl Secrets<'_> {
    /// Reads a secret. `check` says what is wrong with it, without quoting it.
    fn read(
        self,
        node: Node<'_>,
        check: impl FnOnce(&str) -> Result<(), &'static str>,
    ) -> Option<HookSecret> {
        if node.value().is_str() {
            node.refuse(format_args!("{SECRET_INSTEAD}"));
            return None;
        }
        let secret = node.table(&SECRET)?;
        match (secret.optional("env"), secret.optional("kept")) {
            (Some(name), None) => self.of_variable(name.text()?, check),
            (None, Some(id)) => self.kept(id.text()?),
            (_, _) => {
                node.refuse(format_args!("{SECRET_INSTEAD}"));
                None
            }
        }
    }

    fn of_variable(
        self,
        name: Text<'_>,
        check: impl FnOnce(&str) -> Result<(), &'static str>,
    ) -> Option<HookSecret> {
        let shown = Quoted(name.text);
        let Some(value) = self.context.variable(name.text) else {
            name.refuse(format_args!(
                "the environment variable {shown} is not set: set it to the secret"
            ));
            return None;
        };
        let value = zeroize::Zeroizing::new(value);
        if let Err(problem) = check(&value) {
            name.refuse(format_args!("the environment variable {shown} {problem}"));
            return None;
        }
        let mac = self.context.secret_mac(&scopegate_jose::sha256(value.as_bytes()));
        Some(HookSecret::new(&mac, &self.context.seal_hook_secret(self.hook, &value)))
    }

    /// Reads the id of a secret that the store has. An export writes it, because it has no secrets.
    fn kept(self, id: Text<'_>) -> Option<HookSecret> {
        let found = self.context.kept_hook_secret(self.hook, id.text);
        if found.is_none() {
            let (hook, shown) = (Quoted(self.hook), Quoted(id.text));
            id.refuse(format_args!(
                "the hook {hook} has no secret {shown} in this store: the file was exported from another \
                 store, or the secret was replaced; write {{ env = \"NAME\" }}"
            ));
        }
        found
    }
}

/// Maximum length of a secret, in bytes.
const MAX_SECRET: usize = 8192;

fn check_not_empty(value: &str) -> Result<(), &'static str> {
    match value.len() {
        0 => Err("is empty: set it to the secret"),
        1..=MAX_SECRET => Ok(()),
        _ => Err("is too long: set it to the secret, 8192 bytes at most"),
    }
}

fn check_header_value(value: &str) -> Result<(), &'static str> {
    check_not_empty(value)?;
    match value.bytes().all(|byte| matches!(byte, b' '..=b'~')) && value.trim() == value {
        true => Ok(()),
        false => Err("is not the value of a header: set it to visible ASCII characters"),
    }
}

fn check_private_key(value: &str) -> Result<(), &'static str> {
    check_not_empty(value)?;
    match scopegate_jose::SigningKey::from_jwk_json(value) {
        Ok(_) => Ok(()),
        Err(_) => Err("is not a private key that can sign: set it to a private JWK (RFC 7517)"),
    }
}

/// Standard Webhooks: 24 to 64 random bytes in base64, after the prefix `whsec_`.
fn check_signature_key(value: &str) -> Result<(), &'static str> {
    match crate::hooks::signature_key(value) {
        Some(_) => Ok(()),
        None => Err(
            "is no key of Standard Webhooks: set it to `whsec_` and 24 to 64 random bytes in base64",
        ),
    }
}
