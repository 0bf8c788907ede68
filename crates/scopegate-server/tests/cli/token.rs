//! `token mint` and `token inspect`.

use serde_json::Value;

use crate::place::{Ended, Place};

fn mint(place: &Place, more: &[&str]) -> Ended {
    let arguments = ["token", "mint", "--client", "batch", "--scope", "read:orders"];
    place.run(&[&arguments, more].concat())
}

fn place_with_client() -> Place {
    let place = Place::with_catalog();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    place
}

/// The lifetime of the inspected token, in seconds.
fn lifetime(inspected: &Ended) -> u64 {
    let mut parts = serde_json::Deserializer::from_str(&inspected.stdout).into_iter::<Value>();
    let claims = parts.nth(1).unwrap().unwrap();
    claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap()
}

/// The last line is the verdict.
fn verdict(ended: &Ended) -> (i32, &str) {
    (ended.code, ended.stdout.lines().last().unwrap_or_default())
}

#[test]
fn only_the_token_is_printed_and_it_is_valid() {
    let place = place_with_client();
    let minted = mint(&place, &[]);
    assert_eq!((minted.code, minted.stdout.lines().count()), (0, 1), "{minted:?}");
    let inspected = place.run_with_input(&["token", "inspect"], &minted.stdout);
    let (code, line) = verdict(&inspected);
    assert_eq!(code, 0, "{inspected:?}");
    let start = "VALID: signed by http://127.0.0.1:9000/oauth2/default with ES256, key ";
    assert!(line.starts_with(start), "{line}");
    assert!(inspected.stdout.contains("\nexpires    20"), "{inspected:?}");
    assert!(inspected.stdout.contains(" minutes\n"), "{inspected:?}");
}

#[test]
fn the_lifetime_of_a_token_can_be_shortened_and_never_extended() {
    let place = place_with_client();
    for (asked, seconds) in [("30s", 30), ("1h", 600)] {
        let minted = mint(&place, &["--lifetime", asked]);
        let inspected = place.run_with_input(&["token", "inspect", "-"], &minted.stdout);
        assert_eq!(lifetime(&inspected), seconds, "{inspected:?}");
    }
}

#[test]
fn a_token_that_the_policy_refuses_is_not_made_and_the_reason_is_printed() {
    let place = place_with_client();
    let refused = |arguments: &[&str]| {
        let ended = place.run(&[&["token", "mint"], arguments].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
        ended.stderr
    };
    assert_eq!(
        refused(&["--client", "batch", "--scope", "write:orders"]),
        "scopegate: invalid_scope: The authorization server does not have all of these scopes.\n",
    );
    assert_eq!(
        refused(&["--client", "nobody"]),
        "scopegate: no token for the client `nobody`: unknown client\n",
    );
    assert_eq!(
        refused(&["--client", "batch", "--server", "none"]),
        "scopegate: there is no active authorization server `none`\n",
    );
}

#[test]
fn token_mint_makes_no_store() {
    let place = Place::new();
    let ended = mint(&place, &[]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.starts_with("scopegate: there is no store at "), "{ended:?}");
    assert!(!place.has("scopegate-data"));
}

#[test]
fn a_token_that_was_altered_is_invalid() {
    let place = place_with_client();
    let token = mint(&place, &[]).stdout;
    let (signed, _) = token.trim().rsplit_once('.').unwrap();
    let inspect = |token: &str| place.run_with_input(&["token", "inspect"], token);
    let altered = inspect(&format!("{signed}.{}", "A".repeat(86)));
    assert_eq!(verdict(&altered), (1, "INVALID: the signature of the token is wrong"));
    let no_token = inspect("abc");
    assert_eq!(no_token.code, 1);
    assert!(no_token.stdout.starts_with("INVALID: "), "{no_token:?}");
}

#[test]
fn without_a_key_nothing_is_verified() {
    let place = place_with_client();
    let token = mint(&place, &[]).stdout;
    let elsewhere = Place::new().run_with_input(&["token", "inspect"], &token);
    assert_eq!(
        verdict(&elsewhere),
        (
            1,
            "NOT VERIFIED: there is no store at sqlite:scopegate-data/scopegate.db; give --issuer or --jwks"
        ),
    );
    assert!(elsewhere.stdout.contains("\"sub\": \"batch\""), "{elsewhere:?}");
}

#[tokio::test]
async fn keys_come_from_the_issuer_or_from_a_file() {
    let place = place_with_client();
    let serving = place.serve(&[]);
    let mut beside = place;
    beside.set("SCOPEGATE__BASE_URL", &serving.base);
    let token = mint(&beside, &[]).stdout;
    let issuer = format!("{}/oauth2/default", serving.base);
    let keys = reqwest::get(format!("{issuer}/v1/keys")).await.unwrap().text().await.unwrap();

    let elsewhere = Place::new();
    elsewhere.write("keys.json", &keys);
    let inspect =
        |more: &[&str]| elsewhere.run_with_input(&[&["token", "inspect"], more].concat(), &token);
    for more in [
        &["--issuer", &issuer][..],
        &["--jwks", "keys.json"],
        &["--issuer", &issuer, "--audience", "api://orders"],
    ] {
        let inspected = inspect(more);
        assert_eq!(inspected.code, 0, "{inspected:?}");
    }
    let other = inspect(&["--issuer", &issuer, "--audience", "api://other"]);
    let both =
        "INVALID: the token is for another audience: wanted `api://other`, found `api://orders`";
    assert_eq!(verdict(&other), (1, both));
    let base = inspect(&["--issuer", &serving.base]);
    assert_eq!(base.code, 1, "{base:?}");
}

fn inspect_json(place: &Place, token: &str, more: &[&str]) -> (i32, Value) {
    let arguments = [&["token", "inspect", "--json"], more].concat();
    let ended = place.run_with_input(&arguments, token);
    (ended.code, serde_json::from_str(&ended.stdout).unwrap())
}

fn codes(inspected: &Value) -> Vec<&str> {
    let reasons = inspected["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason["code"].as_str().unwrap()).collect()
}

#[test]
fn the_rule_that_granted_a_token_is_named() {
    let place = place_with_client();
    let token = mint(&place, &[]).stdout;
    let inspected = place.run_with_input(&["token", "inspect"], &token);
    let line = inspected.stdout.lines().find(|line| line.starts_with("granted ")).unwrap();
    let start = "granted    by the rule `readers/read only` of `default`, 20";
    assert!(line.starts_with(start) && line.contains(", decision "), "{line}");

    let (code, inspected) = inspect_json(&place, &token, &[]);
    assert_eq!(
        (code, &inspected["verdict"], &inspected["rule"]),
        (0, &"valid".into(), &"readers/read only".into())
    );
    assert_eq!(inspected["standing"]["client"], "active");
    assert_eq!(inspected["claims"]["client_id"], "batch");
    let listed = place.run(&["audit", "list", "--json", "--client", "batch"]).stdout;
    assert!(listed.contains(inspected["decision_id"].as_str().unwrap()), "{listed}");
}

#[test]
fn a_token_of_a_client_that_is_disabled_or_deleted_does_not_hold() {
    let place = place_with_client();
    let token = mint(&place, &[]).stdout;
    assert_eq!(place.run(&["clients", "disable", "batch"]).code, 0);
    let (code, inspected) = inspect_json(&place, &token, &[]);
    assert_eq!((code, codes(&inspected)), (1, vec!["client_inactive", "accepted_offline"]));
    let shown = place.run_with_input(&["token", "inspect"], &token).stdout;
    let last = shown.lines().last().unwrap();
    let start = "INVALID: its client is disabled; a service that does not ask for introspection accepts it until ";
    assert!(last.starts_with(start), "{last}");
    assert_eq!(place.run(&["clients", "enable", "batch"]).code, 0);
    assert_eq!(inspect_json(&place, &token, &[]).0, 0);
    assert_eq!(place.run(&["clients", "delete", "batch", "--yes"]).code, 0);
    assert_eq!(codes(&inspect_json(&place, &token, &[]).1)[0], "client_gone");
}

#[tokio::test]
async fn a_revoked_token_does_not_hold() {
    let place = Place::with_catalog();
    let secret = place.run(&["clients", "create", "--id", "batch"]).stdout;
    let serving = place.serve(&[]);
    let mut beside = place;
    beside.set("SCOPEGATE__BASE_URL", &serving.base);
    let token = mint(&beside, &[]).stdout;
    assert_eq!(inspect_json(&beside, &token, &[]).0, 0);
    let fields = [("token", token.trim())];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let answer = reqwest::Client::new()
        .post(format!("{}/oauth2/default/v1/revoke", serving.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .basic_auth("batch", Some(secret.trim()))
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let (code, inspected) = inspect_json(&beside, &token, &[]);
    assert_eq!((code, codes(&inspected)), (1, vec!["revoked", "accepted_offline"]));
    assert_eq!(inspected["standing"]["revoked"], true);
    // Who has only the published keys cannot know it.
    let issuer = format!("{}/oauth2/default", serving.base);
    let (code, inspected) = inspect_json(&beside, &token, &["--issuer", &issuer]);
    assert_eq!((code, &inspected["standing"]), (0, &Value::Null));
    assert_eq!(serving.end().code, 0);
}

#[test]
fn a_token_of_another_key_names_both() {
    let place = place_with_client();
    let elsewhere = place_with_client();
    assert_eq!(mint(&place, &[]).code, 0);
    let token = mint(&elsewhere, &[]).stdout;
    let inspected = place.run_with_input(&["token", "inspect"], &token);
    let (code, line) = verdict(&inspected);
    let start = "INVALID: the token is signed with an unknown key: found kid `";
    assert!(code == 1 && line.starts_with(start), "{line}");
    assert!(line.contains("`; http://127.0.0.1:9000/oauth2/default has `"), "{line}");
    let (_, json) = inspect_json(&place, &token, &[]);
    assert_eq!((codes(&json), &json["rule"]), (vec!["unknown_key"], &Value::Null));
}
