//! Token hooks of a server that runs, and `scopegate hooks`.

mod okta;

use std::fmt::Write;

use serde_json::{Value, json};

use crate::place::{CATALOG, Ended, Place, Serving};

/// A hook whose keys are `keys`, and a client of the same name whose tokens it changes.
fn hook(name: &str, keys: &str) -> String {
    format!(
        "\n[[hook]]\nname = \"{name}\"\n{keys}\n\n\
         [[client]]\nid = \"{name}\"\nname = \"{name}\"\nauth = \"client_secret_post\"\n\
         secrets = [{{ env = \"CLIENT_SECRET\" }}]\n\n\
         [[server.policy]]\nname = \"{name}\"\nclients = [\"{name}\"]\n\
         [[server.policy.rule]]\nname = \"all\"\ngrant_types = [\"client_credentials\"]\nscopes = [\"*\"]\n\
         hooks = [\"{name}\"]\n"
    )
}

const SECRET: &str = "a secret of a client, long enough for one";

/// A catalog with these hooks. Tables of clients and hooks come first, because policies belong to the server that
/// stands before them.
fn catalog(hooks: &[(&str, &str)]) -> String {
    let mut text = "version = 1\n".to_owned();
    let parts: Vec<String> = hooks.iter().map(|(name, keys)| hook(name, keys)).collect();
    for part in &parts {
        let (before, _) = part.split_once("[[server.policy]]").unwrap();
        text.push_str(before);
    }
    let (_, server) = CATALOG.split_once("[[server]]").unwrap();
    let (server, _) = server.split_once("[[server.policy]]").unwrap();
    write!(text, "[[server]]{server}[[server.scope]]\nname = \"write:orders\"\n").unwrap();
    for part in &parts {
        let (_, policy) = part.split_once("[[server.policy]]").unwrap();
        write!(text, "[[server.policy]]{policy}").unwrap();
    }
    text
}

/// The status and the body of a token request.
async fn token(serving: &Serving, client: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("client_secret", SECRET),
        ("scope", "read:orders write:orders"),
    ];
    let form = form.map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).join("&");
    let request = reqwest::Client::new()
        .post(format!("{}/oauth2/default/v1/token", serving.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

/// The claims of an access token. Its signature is not looked at.
fn claims(body: &Value) -> Value {
    let token = body["access_token"].as_str().unwrap_or_default();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&scopegate_jose::base64url::decode(payload).unwrap()).unwrap()
}

/// A place with a database of the company, which a hook reads as `billing`.
fn with_billing(query: &str) -> Place {
    let mut place = Place::new();
    place.set("CLIENT_SECRET", SECRET);
    place.write(
        "scopegate.toml",
        "[hooks.connections]\nbilling = { url = \"sqlite:billing.db\" }\n",
    );
    let database = rusqlite::Connection::open(place.path().join("billing.db")).unwrap();
    let table = "CREATE TABLE accounts (client text, plan text); INSERT INTO accounts VALUES ('plan', 'gold')";
    database.execute_batch(table).unwrap();
    let keys = format!(
        "type = \"sql\"\nconnection = \"billing\"\nquery = \"{query}\"\nparameters = [\"client.id\"]\n\
         claims = {{ plan = \"plan\" }}"
    );
    place.write("catalog.toml", &catalog(&[("plan", &keys)]));
    place
}

const QUERY: &str = "select plan from accounts where client = $1";

fn json_of(ended: &Ended) -> Value {
    let json = serde_json::from_str(&ended.stdout);
    assert!(json.is_ok(), "{ended:?}");
    json.unwrap()
}

#[tokio::test]
async fn a_row_of_another_database_becomes_a_claim() {
    let place = with_billing(QUERY);
    let serving = place.serve(&["--catalog", "catalog.toml"]);
    let (status, body) = token(&serving, "plan").await;
    assert_eq!((status, &claims(&body)["plan"]), (200, &json!("gold")));
}

#[test]
fn hooks_are_listed_with_the_rules_that_call_them() {
    let place = with_billing(QUERY);
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    let listed = json_of(&place.run(&["hooks", "list", "--json"]));
    assert_eq!(listed[0]["name"], "plan");
    assert_eq!((&listed[0]["type"], &listed[0]["target"]), (&json!("sql"), &json!("billing")));
    assert_eq!(listed[0]["failure"], "closed");
    assert_eq!(listed[0]["rules"], json!(["default/plan/all"]));
    let text = place.run(&["hooks", "list"]);
    assert_eq!(text.stdout, "plan\tsql\tbilling\tclosed\t-\tACTIVE\tdefault/plan/all\n");
}

const TRY: [&str; 6] = ["hooks", "try", "plan", "--client", "plan", "--grant=client_credentials"];
const SCOPE: [&str; 2] = ["--scope", "read:orders"];

#[test]
fn a_hook_is_tried_for_a_described_request() {
    let place = with_billing(QUERY);
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    let tried = place.run(&[&TRY[..], &SCOPE, &["--json"]].concat());
    assert_eq!(tried.code, 0, "{tried:?}");
    let trial = json_of(&tried);
    assert_eq!((&trial["outcome"], &trial["type"]), (&json!("answered"), &json!("sql")));
    let change = json!({ "token": "access", "name": "plan", "before": null, "after": "gold" });
    assert_eq!(trial["changes"], json!([change]));
    let text = place.run(&[&TRY[..], &SCOPE].concat());
    assert!(text.stdout.contains("access token  plan: (none) -> \"gold\""), "{text:?}");
    let unknown = place.run(&[&["hooks", "try", "none"], &TRY[3..], &SCOPE].concat());
    assert_eq!(unknown.code, 1);
    assert!(unknown.stderr.contains("there is no hook `none`"), "{unknown:?}");
    let refused = place.run(&[&TRY[..], &["--scope", "unknown"]].concat());
    assert!(refused.stderr.contains("no token is granted"), "{refused:?}");
    assert_eq!(place.run(&["hooks", "try"]).code, 2);
}

#[test]
fn a_hook_that_fails_is_tried_with_the_reason_and_the_exit_code_1() {
    for (query, failure) in [
        ("select plan from accounts where client = $1 and 1 = 0", "sql_no_row"),
        ("select plan from nowhere where $1 = $1", "sql_failed"),
        ("delete from accounts where client = $1 returning plan", "sql_failed"),
    ] {
        let place = with_billing(query);
        assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
        let tried = place.run(&[&TRY[..], &SCOPE, &["--json"]].concat());
        assert_eq!(tried.code, 1, "{tried:?}");
        let trial = json_of(&tried);
        assert_eq!((&trial["outcome"], &trial["failure"]), (&json!("failed"), &json!(failure)));
        assert!(trial["reason"].as_str().unwrap().starts_with("the token hook \"plan\" failed: "));
    }
}

#[test]
fn explain_names_the_hooks_and_calls_them_only_when_asked() {
    let place = with_billing(QUERY);
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    let explain = ["explain", "--client", "plan", "--grant", "client_credentials"];
    let named = json_of(&place.run(&[&explain[..], &SCOPE, &["--json"]].concat()));
    assert_eq!(named["hooks"], json!([{ "name": "plan" }]));
    assert_eq!(named["access_token"].get("plan"), None);
    let called = json_of(&place.run(&[&explain[..], &SCOPE, &["--call-hooks", "--json"]].concat()));
    assert_eq!(called["hooks"][0]["outcome"], "answered");
    assert_eq!(called["access_token"]["plan"], "gold");
    let claims = called["claims"].as_array().unwrap();
    let plan = claims.iter().find(|claim| claim["name"] == "plan").unwrap();
    assert_eq!(plan["source"], "a hook");
    std::fs::remove_file(place.path().join("billing.db")).unwrap();
    let failed = json_of(&place.run(&[&explain[..], &SCOPE, &["--call-hooks", "--json"]].concat()));
    assert_eq!((&failed["outcome"], &failed["error"]), (&json!("deny"), &json!("server_error")));
    assert_eq!(failed["hooks"][0]["failure"], "no_connection");
    let text = place.run(&[&explain[..], &SCOPE].concat());
    assert!(text.stdout.contains("hooks, in order\n  plan  not called"), "{text:?}");
}

#[tokio::test]
async fn status_and_explain_tell_what_hooks_did_for_decisions_that_happened() {
    let place = with_billing(QUERY);
    let serving = place.serve(&["--catalog", "catalog.toml"]);
    assert_eq!(token(&serving, "plan").await.0, 200);
    assert_eq!(token(&serving, "plan").await.0, 200);
    rusqlite::Connection::open(place.path().join("billing.db"))
        .unwrap()
        .execute_batch("DELETE FROM accounts")
        .unwrap();
    let (status, body) = token(&serving, "plan").await;
    assert_eq!((status, &body["error"]), (400, &json!("server_error")));
    assert_eq!(body["error_description"], "A token hook failed.");
    let decision = body["decision_id"].as_str().unwrap().to_owned();
    // The events of grants are written at the latest when it ends.
    assert_eq!(serving.end().code, 0);

    let status = json_of(&place.run(&["hooks", "status", "--json"]));
    assert_eq!(status[0]["name"], "plan");
    assert_eq!(status[0]["outcomes"]["answered"], 2);
    assert_eq!(status[0]["outcomes"]["failed"], 1);
    assert_eq!(status[0]["last_failure"]["failure"], "sql_no_row");
    let explained = json_of(&place.run(&["explain", &decision, "--json"]));
    assert_eq!(explained["hooks"][0]["outcome"], "failed");
    assert_eq!(explained["hooks"][0]["failure"], "sql_no_row");
    assert!(explained["hooks"][0]["micros"].is_u64());
    let reason = explained["reason"].as_str().unwrap();
    assert!(reason.contains("\"plan\": the query gave no row"), "{reason}");
    let log = place.run(&["audit", "list", "--json"]);
    assert!(!log.stdout.contains("gold"), "no value is recorded");
}

#[tokio::test]
async fn our_own_store_is_no_connection_of_a_hook() {
    let place = with_billing(QUERY);
    let own = "[hooks.connections]\nbilling = { url = \"sqlite:scopegate-data/scopegate.db\" }\n";
    place.write("scopegate.toml", own);
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    let tried = json_of(&place.run(&[&TRY[..], &SCOPE, &["--json"]].concat()));
    assert_eq!(tried["failure"], "sql_own_store");
    place.write("scopegate.toml", "");
    let tried = json_of(&place.run(&[&TRY[..], &SCOPE, &["--json"]].concat()));
    assert_eq!(tried["failure"], "sql_unknown_connection");
}

#[test]
fn secrets_of_hooks_are_not_shown_and_a_changed_one_is_a_change() {
    let mut place = Place::new();
    place.set("CLIENT_SECRET", SECRET);
    place.set("HOOK_SECRET", "hunter2 of the hook");
    let keys = "type = \"http\"\nurl = \"https://hooks.example/\"\n\
                auth = { header = \"authorization\", value = { env = \"HOOK_SECRET\" } }";
    place.write("catalog.toml", &catalog(&[("plan", keys)]));
    let planned = place.run(&["plan", "catalog.toml", "--json"]);
    assert!(!planned.stdout.contains("hunter2"), "{planned:?}");
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    let again = place.run(&["plan", "catalog.toml"]);
    assert!(again.stdout.contains("0 to add, 0 to change, 0 to delete"), "{again:?}");
    let exported = place.run(&["export"]);
    assert!(exported.stdout.contains("auth = { header = \"authorization\", value = { kept = "));
    assert!(!exported.stdout.contains("hunter2"));
    place.write("exported.toml", &exported.stdout);
    let unchanged = place.run(&["plan", "exported.toml"]);
    assert!(unchanged.stdout.contains("0 to change"), "{unchanged:?}");
    let audit = place.run(&["audit", "list", "--json", "--kind", "catalog"]);
    assert!(audit.stdout.contains("https://hooks.example/"), "{audit:?}");
    assert!(!audit.stdout.contains("\"sealed\"") && audit.stdout.contains("\"***\""), "{audit:?}");
    for name in ["scopegate-data/scopegate.db", "scopegate-data/scopegate.db-wal"] {
        let bytes = std::fs::read(place.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "the secret is stored sealed");
    }
    place.set("HOOK_SECRET", "another secret of the hook");
    let changed = place.run(&["plan", "catalog.toml"]);
    assert!(changed.stdout.contains("1 to change"), "{changed:?}");
}
