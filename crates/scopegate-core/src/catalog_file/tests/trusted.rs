//! The issuers and servers that a server trusts, and `may_act` of a client.

use scopegate_jose::{Algorithm, SigningKey};

use super::{SERVER, parse, refusal};
use crate::administration::plan::Plan;
use crate::catalog::{
    AuthorizationServer, Clients, EntityKind, ServerId, Snapshot, Spec, SubjectKind,
    TrustedIssuerSpec,
};
use crate::catalog_file::CatalogFile;

/// A client, in four lines.
const CLIENT: &str = "[[client]]\nid = 'portal'\nname = 'Portal'\nauth = 'private_key_jwt'\n\
    jwks_uri = 'https://portal.example/jwks'";

/// The line with a key set.
fn jwks() -> String {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = serde_json::to_value(key.public_jwk()).unwrap();
    let members = jwk.as_object().unwrap().iter();
    let members: Vec<String> = members.map(|(name, value)| format!("{name} = {value}")).collect();
    format!("jwks = {{ keys = [{{ {} }}] }}", members.join(", "))
}

/// A server with a trusted issuer, whose lines begin at line 7.
fn with_issuer(lines: &str) -> String {
    format!("{SERVER}\n[[server.trusted_issuer]]\n{lines}\n{CLIENT}\n")
}

fn issuer_of(file: &CatalogFile) -> (&str, &TrustedIssuerSpec) {
    let mut found = file.entities.iter().filter_map(|entity| match &entity.spec {
        Spec::TrustedIssuer(spec) => Some((entity.key.name.as_str(), &**spec)),
        _ => None,
    });
    found.next().unwrap()
}

#[test]
fn a_trusted_issuer_has_clients_and_inline_or_published_keys() {
    let far =
        "issuer = 'https://idp.example'\njwks_uri = 'https://idp.example/jwks'\nclients = ['*']";
    let file = parse(with_issuer(far)).unwrap();
    let (name, spec) = issuer_of(&file);
    assert_eq!((name, spec.subject), ("https://idp.example", SubjectKind::Login));
    assert_eq!(spec.jwks_uri.as_deref(), Some("https://idp.example/jwks"));
    assert_eq!((spec.jwks.len(), &spec.clients), (0, &Clients::All));

    let near = format!("issuer = 'x5:idp'\n{}\nclients = ['portal']\nsubject = 'id'", jwks());
    let file = parse(with_issuer(&near)).unwrap();
    let (name, spec) = issuer_of(&file);
    assert_eq!((name, spec.subject, spec.jwks.len()), ("x5:idp", SubjectKind::Id, 1));
    assert!(matches!(&spec.clients, Clients::Named(clients) if clients.len() == 1));
}

#[test]
fn a_file_creates_changes_and_deletes_a_trusted_issuer() {
    let base = scopegate_claims::Issuer::parse("http://127.0.0.1:9000").unwrap();
    let applied = |snapshot: &Snapshot, current: &CatalogFile, next: &CatalogFile| {
        let plan = Plan::between(&current.entities, next).unwrap();
        (snapshot.edited(2, plan.edits().to_vec()), plan.to_string())
    };
    let trusts = |snapshot: &Snapshot| {
        let server: &AuthorizationServer =
            snapshot.server(&ServerId::parse("orders").unwrap()).unwrap().unwrap();
        server.trusted_issuers.get("https://idp.example").map(|issuer| {
            assert_eq!(issuer.keys.len(), 1);
            issuer.spec.subject
        })
    };
    let keys = jwks();
    let lines = |subject| {
        format!("issuer = 'https://idp.example'\n{keys}\nclients = ['*']\nsubject = '{subject}'")
    };
    let empty = parse("version = 1").unwrap();
    let (by_login, by_id) =
        (parse(with_issuer(&lines("login"))).unwrap(), parse(with_issuer(&lines("id"))).unwrap());
    let none = parse(format!("{SERVER}\n{CLIENT}\n")).unwrap();

    let (snapshot, plan) = applied(&Snapshot::empty(&base), &empty, &by_login);
    assert!(plan.contains("+ trusted_issuer orders/https://idp.example\n"), "{plan}");
    assert_eq!(trusts(&snapshot), Some(SubjectKind::Login));
    let (snapshot, plan) = applied(&snapshot, &by_login, &by_id);
    assert!(plan.starts_with("~ trusted_issuer orders/https://idp.example (subject)\n"), "{plan}");
    assert_eq!(trusts(&snapshot), Some(SubjectKind::Id));
    let (snapshot, plan) = applied(&snapshot, &by_id, &none);
    assert!(plan.starts_with("- trusted_issuer orders/https://idp.example\n"), "{plan}");
    assert_eq!(trusts(&snapshot), None);

    // The stored spec is read back unchanged.
    let is_issuer = |kind| kind == EntityKind::TrustedIssuer;
    let entity = by_id.entities.iter().find(|entity| is_issuer(entity.key.kind)).unwrap();
    let stored = Spec::from_json(&entity.key, &entity.spec.to_json()).unwrap();
    assert_eq!(stored, entity.spec);
}

#[test]
fn problems_of_a_trusted_issuer_are_reported_at_their_position() {
    let keys = "jwks_uri = 'https://idp.example/jwks'\nclients = ['*']";
    for (lines, expected) in [
        (
            "".to_owned(),
            r#"catalog.toml:6:1: missing key "issuer": a trusted issuer needs it
catalog.toml:6:1: missing key "clients": a trusted issuer needs it
catalog.toml:6:1: missing key "jwks": a trusted issuer needs it"#,
        ),
        (
            format!("issuer = 'an issuer'\n{keys}"),
            r#"catalog.toml:7:10: "an issuer" is no issuer: write the `iss` of its assertions, such as "https://id.example.com""#,
        ),
        (
            format!("issuer = 'http://127.0.0.1:9000/oauth2/default'\n{keys}"),
            r#"catalog.toml:7:10: "http://127.0.0.1:9000/oauth2/default" is a server of this process: name it in "trusted_servers""#,
        ),
        (
            format!("issuer = '{}'\n{keys}", "a".repeat(1025)),
            "catalog.toml:7:10: the text is too long: write at most 1024 characters",
        ),
        (
            format!("issuer = 'a'\n{keys}\nsubject = 'email'"),
            r#"catalog.toml:10:11: unknown subject "email": write one of "login", "id""#,
        ),
        (
            format!("issuer = 'a'\n{keys}\njwks = {{ keys = [] }}"),
            r#"catalog.toml:10:17: a trusted issuer has 1 to 16 keys: write keys = [{ kty = "EC", … }]"#,
        ),
        (
            "issuer = 'a'\njwks_uri = 'http://idp.example/jwks'\nclients = ['*']".to_owned(),
            r#"catalog.toml:8:12: not a place of keys: write an https URL without user name and fragment, such as "https://client.example/jwks.json""#,
        ),
        (
            "issuer = 'a'\njwks_uri = 'https://idp.example/jwks'\nclients = ['portla']".to_owned(),
            r#"catalog.toml:9:12: unknown client "portla": write "portal""#,
        ),
        (
            "issuer = 'a'\njwks_uri = 'https://idp.example/jwks'\nclients = []".to_owned(),
            r#"catalog.toml:9:11: "clients" is empty: write client ids, or ["*"] for all"#,
        ),
        (
            format!("issuer = 'a'\n{keys}\naudience = 'b'"),
            r#"catalog.toml:10:1: unknown key "audience": write one of "issuer", "jwks", "jwks_uri", "subject", "clients""#,
        ),
        (
            format!("issuer = 'a'\n{keys}\n[[server.trusted_issuer]]\nissuer = 'a'\n{keys}"),
            r#"catalog.toml:11:10: duplicate trusted issuer "a": write another or leave it out, the first one is in line 7"#,
        ),
    ] {
        assert_eq!(refusal(with_issuer(&lines)), expected);
    }
}

#[test]
fn a_public_client_gets_no_token_for_a_user_without_their_sign_in() {
    let client = |grant: &str| {
        refusal(format!(
            "version = 1\n[[client]]\nid = 'app'\nname = 'App'\ntype = 'browser'\nauth = 'none'\n\
             redirect_uris = ['http://127.0.0.1/cb']\n\
             grant_types = ['authorization_code', 'urn:ietf:params:oauth:grant-type:{grant}']"
        ))
    };
    for grant in ["jwt-bearer", "token-exchange"] {
        assert_eq!(
            client(grant),
            "catalog.toml:8:15: a client without a secret has to have the person sign in: leave out what needs none"
        );
    }
}

/// Two servers. `line` is line 6 of the file, in the first server.
fn with_line(line: &str) -> String {
    let second = SERVER.replace("version = 1", "").replace("\"orders\"", "\"billing\"");
    format!("{SERVER}\n{line}\n{second}\n")
}

#[test]
fn a_server_may_trust_servers_of_the_file_and_the_default_server() {
    let trusted = |line: &str| {
        let file = parse(with_line(line)).unwrap();
        match &file.entities[0].spec {
            Spec::Server(server) => {
                server.trusted_servers.iter().map(ToString::to_string).collect::<Vec<_>>()
            }
            other => unreachable!("{other:?} is no server"),
        }
    };
    assert!(trusted("").is_empty() && trusted("trusted_servers = []").is_empty());
    assert_eq!(trusted("trusted_servers = ['default', 'billing']"), ["billing", "default"]);
}

#[test]
fn problems_of_trusted_servers_are_reported_at_their_position() {
    for (line, expected) in [
        (
            "trusted_servers = ['billing', 'bililng']".to_owned(),
            r#"catalog.toml:6:31: unknown server "bililng": write "billing""#,
        ),
        (
            "trusted_servers = ['orders']".to_owned(),
            "catalog.toml:6:20: a server takes its own tokens anyway: leave it out",
        ),
        (
            "trusted_servers = ['org']".to_owned(),
            "catalog.toml:6:20: tokens of the org server open no other API: leave it out",
        ),
        (
            "trusted_servers = ['billing', 'billing']".to_owned(),
            r#"catalog.toml:6:31: duplicate server "billing": write another or leave it out, the first one is in line 6"#,
        ),
        (
            "trusted_servers = 'billing'".to_owned(),
            r#"catalog.toml:6:19: "trusted_servers" must be a list in brackets, not a text"#,
        ),
        (
            "trusted_servers = [1]".to_owned(),
            r#"catalog.toml:6:20: an entry of "trusted_servers" must be a text in quotes, not an integer"#,
        ),
    ] {
        assert_eq!(refusal(with_line(&line)), expected);
    }
    let many: Vec<String> = (0..101).map(|n| format!("'s{n}'")).collect();
    let shown = refusal(with_line(&format!("trusted_servers = [{}]", many.join(","))));
    assert!(shown.contains("too many servers: write at most 100"), "{shown}");
}

#[test]
fn may_act_must_be_an_existing_client() {
    let may_act = |line: &str| parse(format!("version = 1\n{CLIENT}\n{line}\n"));
    let file = may_act("may_act = 'portal'").unwrap();
    let Spec::Client(client) = &file.entities[0].spec else { unreachable!("it is a client") };
    assert_eq!(client.may_act.as_ref().map(ToString::to_string).as_deref(), Some("portal"));
    assert_eq!(
        may_act("may_act = 'portla'").unwrap_err().to_string(),
        r#"catalog.toml:7:11: unknown client "portla": write "portal""#
    );
}
