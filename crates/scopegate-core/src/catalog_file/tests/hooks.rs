//! Hooks: what a file may say of them, and what is refused.

use std::time::Duration;

use super::{parse, refusal, refusal_of};
use crate::catalog::{
    EntityKey, HookAuth, HookCredential, HookSpec, HookTarget, OnFailure, SettableClaim, Spec,
    TokenKind,
};
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::testing::WithoutStore;

/// An http hook in four lines, and then `keys` from line 6 on.
fn http(keys: &str) -> String {
    format!(
        "version = 1\n[[hook]]\nname = \"h\"\ntype = \"http\"\nurl = \"https://hooks.example/okta\"\n{keys}\n"
    )
}

/// An sql hook in six lines, and then `keys` from line 8 on.
fn sql(keys: &str) -> String {
    format!(
        "version = 1\n[[hook]]\nname = \"h\"\ntype = \"sql\"\nconnection = \"billing\"\n\
         query = \"select plan from accounts where id = $1\"\nparameters = [\"user.id\"]\n{keys}\n"
    )
}

fn of(content: &str) -> HookSpec {
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    let file = CatalogFile::parse(&source, &WithoutStore).map_err(|errors| errors.to_string());
    let file = file.unwrap();
    let hook = file.entities.into_iter().find(|entity| entity.key == EntityKey::hook("h"));
    match hook.unwrap().spec {
        Spec::Hook(spec) => *spec,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hook_fails_closed_and_has_no_cache_unless_it_is_written() {
    let hook = of(&http(""));
    assert_eq!((hook.failure, hook.deadline, hook.cache), (OnFailure::Closed, None, None));
    assert!(hook.may_set.is_empty() && !hook.independent && hook.status.is_active());
}

#[test]
fn the_hooks_of_the_contract_are_read() {
    let hook = of(&http(
        "auth = { header = \"authorization\", value = { env = \"HOOK_SECRET\" } }\n\
         deadline = \"1s\"\nfailure = \"stale\"\n\
         cache = { key = \"user.id\", ttl = \"60s\", stale = \"1h\" }\nmay_set = [\"sub\"]",
    ));
    assert_eq!(hook.deadline, Some(Duration::from_secs(1)));
    assert_eq!(hook.failure, OnFailure::Stale);
    assert_eq!(hook.may_set, [SettableClaim::Sub].into());
    let cache = hook.cache.as_ref().unwrap();
    assert_eq!((cache.key.text(), cache.ttl), ("user.id", Duration::from_secs(60)));
    assert_eq!(cache.stale, Some(Duration::from_secs(3600)));
    assert!(matches!(hook.auth(), Some(HookAuth::Header { name, .. }) if name == "authorization"));

    let hook = of(&sql("claims = { plan = \"plan\", seats = \"seats\" }\ndeadline = \"250ms\""));
    assert_eq!(hook.deadline, Some(Duration::from_millis(250)));
    let HookTarget::Sql(sql) = &hook.target else { panic!("{hook:?}") };
    assert_eq!((sql.connection.as_str(), sql.claims.len()), ("billing", 2));
    assert_eq!(sql.tokens, [TokenKind::Access]);
    assert!(hook.is_independent() && !of(&http("")).is_independent());

    let oauth = of(&http(
        "auth = { oauth = { token_url = \"https://id.example/token\", client_id = \"sg\", \
         secret = { env = \"S\" }, scope = \"hooks\" } }",
    ));
    let Some(HookAuth::Oauth(oauth)) = oauth.auth() else { panic!("{oauth:?}") };
    assert_eq!((oauth.client_id.as_str(), oauth.scope.as_deref()), ("sg", Some("hooks")));
    assert!(matches!(oauth.credential, HookCredential::Secret(_)));
    let program = of("version = 1\n[[hook]]\nname = \"h\"\ntype = \"program\"");
    assert_eq!(program.target, HookTarget::Program);
}

#[test]
fn a_rule_names_hooks_in_their_order() {
    let hook = |name: &str| format!("[[hook]]\nname = \"{name}\"\ntype = \"program\"\n");
    let rule = |hooks: &str| {
        format!(
            "version = 1\n{}{}[[server]]\nid = \"s\"\nname = \"S\"\n\
             audiences = [{{ name = \"api://s\" }}]\n[[server.policy]]\nname = \"p\"\nclients = [\"*\"]\n\
             [[server.policy.rule]]\nname = \"r\"\ngrant_types = [\"client_credentials\"]\n\
             scopes = [\"*\"]\n{hooks}\n",
            hook("a"),
            hook("b")
        )
    };
    let file = parse(rule("hooks = [\"b\", \"a\"]")).unwrap();
    let rules = file.entities.iter().filter_map(|entity| match &entity.spec {
        Spec::Rule(rule) => Some(rule),
        _ => None,
    });
    let hooks: Vec<&Vec<String>> = rules.map(|rule| &rule.hooks).collect();
    assert_eq!(hooks, [&["b", "a"]]);
    assert_eq!(
        refusal(rule("hooks = [\"c\"]")),
        r#"catalog.toml:19:10: unknown hook "c": write "a""#
    );
    let twice = refusal(rule("hooks = [\"a\", \"a\"]"));
    assert!(twice.contains("duplicate hook \"a\""), "{twice}");
    let denies = refusal(rule("effect = \"deny\"\nhooks = [\"a\"]"));
    assert!(denies.contains("a deny rule gives no tokens: leave \"hooks\" out"), "{denies}");
    let many: Vec<String> = (0..11).map(|_| "\"a\"".to_owned()).collect();
    let many = refusal(rule(&format!("hooks = [{}]", many.join(", "))));
    assert!(many.contains("too many hooks: write at most 10"), "{many}");
}

#[test]
fn a_url_is_https_or_loopback() {
    let with = |url: &str| {
        parse(format!("version = 1\n[[hook]]\nname = \"h\"\ntype = \"http\"\nurl = \"{url}\"\n"))
    };
    for url in [
        "https://hooks.example/a?b=c",
        "https://10.0.0.1",
        "http://127.0.0.1:8080/x",
        "http://[::1]:1",
        "http://localhost/x",
    ] {
        assert!(with(url).is_ok(), "{url}");
    }
    for url in [
        "http://hooks.example",
        "http://10.0.0.1",
        "http://localhost.example",
        "ftp://127.0.0.1",
        "https://user@hooks.example",
        "https://user:secret@hooks.example",
        "https://hooks.example/#x",
        "hooks.example",
        "",
    ] {
        let refused = with(url).expect_err(url).to_string();
        assert!(refused.starts_with("catalog.toml:5:7: not the place of a hook"), "{refused}");
        assert!(!refused.contains("secret"));
    }
}

#[test]
fn a_key_of_another_type_is_refused() {
    assert_eq!(
        refusal(http("query = \"select 1\"")),
        r#"catalog.toml:6:9: "query" does not go with type = "http": leave it out"#
    );
    let program = "[[hook]]\nname = \"h\"\ntype = \"program\"\nurl = \"https://h.example\"";
    assert_eq!(
        refusal_of(program),
        r#"catalog.toml:5:7: "url" does not go with type = "program": leave it out"#
    );
    assert_eq!(
        refusal_of("[[hook]]\nname = \"h\"\ntype = \"grpc\""),
        r#"catalog.toml:4:8: unknown type "grpc": write one of "http", "sql", "program""#
    );
    assert!(
        refusal(sql("claims = { a = \"a\" }\nindependent = true")).contains("always independent")
    );
}

#[test]
fn a_secret_never_stands_in_the_file_and_no_message_quotes_it() {
    let oauth = "token_url = \"https://id.example/t\", client_id = \"sg\"";
    for auth in [
        "{ header = \"authorization\", value = \"hunter2\" }",
        "{ header = \"authorization\", value = { plain = \"hunter2\" } }",
        "{ header = \"authorization\", value = { env = \"S\", kept = \"hunter2\" } }",
        "{ header = \"authorization\", value = { } }",
        "{ signature = \"hunter2\" }",
        &format!("{{ oauth = {{ {oauth}, secret = \"hunter2\" }} }}"),
        &format!("{{ oauth = {{ {oauth} }} }}"),
        &format!(
            "{{ oauth = {{ {oauth}, secret = {{ env = \"S\" }}, key = {{ env = \"S\" }} }} }}"
        ),
        "{ header = \"authorization\" }",
        "{ value = { env = \"S\" } }",
        "{ header = \"authorization\", value = { env = \"S\" }, signature = { env = \"S\" } }",
    ] {
        let refused = refusal(http(&format!("auth = {auth}")));
        assert!(refused.starts_with("catalog.toml:6:"), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

/// An environment with one variable.
struct Variable(Option<&'static str>);

impl CatalogContext for Variable {
    fn variable(&self, _: &str) -> Option<String> {
        self.0.map(str::to_owned)
    }
    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        *sha256
    }
    fn seal_password(&self, _: &crate::catalog::UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }
    fn issuer_base(&self) -> Option<&scopegate_claims::Issuer> {
        None
    }
}

#[test]
fn a_secret_of_the_environment_must_fit_its_use() {
    let refused = |auth: &str, value: Option<&'static str>| {
        let content = http(&format!("auth = {auth}"));
        let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
        CatalogFile::parse(&source, &Variable(value)).err().map(|errors| errors.to_string())
    };
    let header = "{ header = \"x-key\", value = { env = \"S\" } }";
    assert_eq!(refused(header, Some("Bearer abc")), None);
    for value in ["", "two\nlines", " padded", "caf\u{e9}"] {
        let refused = refused(header, Some(value)).unwrap();
        assert!(refused.contains("the environment variable \"S\" is "), "{refused}");
    }
    assert!(refused(header, None).unwrap().contains("\"S\" is not set"));
    let signature = "{ signature = { env = \"S\" } }";
    assert_eq!(refused(signature, Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")), None);
    assert!(refused(signature, Some("hunter2")).unwrap().contains("no key of Standard Webhooks"));
    let key = "{ oauth = { token_url = \"https://id.example/t\", client_id = \"sg\", key = { env = \"S\" } } }";
    assert!(refused(key, Some("{\"kty\":\"EC\"}")).unwrap().contains("not a private key"));
    for auth in [header, signature, key] {
        let text = refused(auth, Some("hunter2\u{1}")).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_header_of_the_server_is_not_written_by_a_hook() {
    let header = |name: &str| {
        http(&format!("auth = {{ header = \"{name}\", value = {{ env = \"READER_SECRET\" }} }}"))
    };
    for name in ["content-type", "Content-Length", "HOST", "webhook-signature", "accept-encoding"] {
        assert!(refusal(header(name)).contains("the server writes the header"), "{name}");
        let further = http(&format!("headers = {{ \"{name}\" = \"x\" }}"));
        assert!(refusal(further).contains("the server writes the header"), "{name}");
    }
    for name in ["", "a b", "a:b", "\u{e9}"] {
        assert!(refusal(header(name)).contains("no name of a header"), "{name}");
    }
    let value = refusal(http("headers = { x-a = \"a\\nb\" }"));
    assert!(value.contains("not the value of a header"), "{value}");
}

#[test]
fn limits_of_a_hook_hold() {
    for (keys, problem) in [
        ("deadline = \"9ms\"", "\"9ms\" is out of range: write \"10ms\" to \"10s\""),
        ("deadline = \"11s\"", "\"11s\" is out of range: write \"10ms\" to \"10s\""),
        ("deadline = \"soon\"", "\"soon\" is no duration: write one such as \"500ms\" or \"1s\""),
        ("deadline = \"1ms1s\"", "\"1ms1s\" is no duration"),
        ("failure = \"stale\"", "missing key \"cache\": failure = \"stale\" needs it"),
        ("failure = \"never\"", "unknown failure \"never\""),
        ("cache = { key = \"user.id\", ttl = \"0s\" }", "is out of range: write \"1s\" to \"1d\""),
        (
            "cache = { key = \"user.id\", ttl = \"1m\", stale = \"61m\" }",
            "\"61m\" is out of range: write \"1s\" to \"1h\"",
        ),
        ("cache = { key = \"user.\", ttl = \"1m\" }", "catalog.toml:6:"),
        ("cache = { ttl = \"1m\" }", "missing key \"key\""),
        ("may_set = [\"iss\"]", "unknown claim \"iss\": write one of \"aud\", \"sub\""),
    ] {
        let refused = refusal(http(keys));
        assert!(refused.contains(problem), "{keys}: {refused}");
    }
    for (keys, problem) in [
        ("claims = { iss = \"a\" }", "the claim \"iss\" is set by the server itself"),
        ("claims = { sub = \"a\" }", "the claim \"sub\" is set by the server itself"),
        (
            "claims = { sub = \"a\" }\nmay_set = [\"sub\"]\ntokens = [\"access\", \"id\"]",
            "the claim \"sub\" is set by the server itself",
        ),
        ("claims = { }", "write 1 to 50 claims"),
        ("", "missing key \"claims\""),
        ("claims = { a = \"a\" }\ntokens = []", "\"tokens\" is empty"),
        ("claims = { a = 1 }", "must be a text"),
    ] {
        let refused = refusal(sql(keys));
        assert!(refused.contains(problem), "{keys}: {refused}");
    }
    assert!(parse(sql("claims = { sub = \"a\" }\nmay_set = [\"sub\"]")).is_ok());
    let parameters = vec!["\"user.id\""; 21].join(", ");
    let many = sql("claims = { a = \"a\" }").replace("[\"user.id\"]", &format!("[{parameters}]"));
    assert!(refusal(many).contains("too many parameters: write at most 20"));
}
