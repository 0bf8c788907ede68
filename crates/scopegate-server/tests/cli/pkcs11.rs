//! Signing keys in a PKCS#11 token, as an administrator sets them up.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use scopegate_claims::{Audience, Clock, Issuer, SystemClock};
use scopegate_jose::{AudienceRule, KeySet, Rules, verify_access_token};
use serde_json::Value;

use crate::place::{CATALOG, Ended, Place, Serving};

const PIN: &str = "287082";

/// How long a server on a busy machine may take to follow a change.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with a catalog, a client `batch`, and a SoftHSM with one token.
struct Hsm {
    place: Place,
    secret: String,
}

impl Hsm {
    fn new() -> Self {
        let module = std::env::var("SCOPEGATE_TEST_PKCS11_MODULE");
        let module = module.expect("`scripts/softhsm COMMAND` sets it");
        let mut place = Place::with_catalog();
        let conf = place.path().join("softhsm2.conf");
        let tokens = place.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let settings = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
        place.write("softhsm2.conf", &settings);
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", "scopegate", "--pin", PIN, "--so-pin", PIN])
            .env("SOFTHSM2_CONF", &conf)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        place.set("SOFTHSM2_CONF", conf.display().to_string());
        write_private(&place, "pin", PIN);
        let ended = place.run(&["clients", "create", "--id", "batch"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        let hsm = Self { place, secret: ended.stdout.trim().to_owned() };
        hsm.configure(&module, "scopegate", "pin");
        hsm
    }

    fn configure(&self, module: &str, token: &str, pin_file: &str) {
        let pkcs11 = format!(
            "[keys]\npkcs11 = {{ module = \"{module}\", token = \"{token}\", pin_file = \"{pin_file}\" }}\n"
        );
        self.place.write("scopegate.toml", &pkcs11);
    }

    fn module(&self) -> String {
        std::env::var("SCOPEGATE_TEST_PKCS11_MODULE").unwrap()
    }

    /// How many keys are in the token: each has a public and a private half.
    fn keys(&self) -> usize {
        let token = std::fs::read_dir(self.place.path().join("tokens")).unwrap().next().unwrap();
        let files = std::fs::read_dir(token.unwrap().path()).unwrap();
        let is_object = |path: &PathBuf| {
            path.extension().is_some_and(|end| end == "object")
                && path.file_name().is_some_and(|name| name != "token.object")
        };
        files.map(|file| file.unwrap().path()).filter(is_object).count() / 2
    }

    fn succeeds(&self, arguments: &[&str]) -> Ended {
        let ended = self.place.run(arguments);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended
    }

    fn listed(&self) -> Vec<Value> {
        let shown = self.succeeds(&["keys", "list", "--server", "default", "--json"]).stdout;
        serde_json::from_str(&shown).unwrap()
    }

    async fn ask(&self, serving: &Serving) -> reqwest::Response {
        reqwest::Client::new()
            .post(format!("{}/oauth2/default/v1/token", serving.base))
            .basic_auth("batch", Some(&self.secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials&scope=read:orders")
            .send()
            .await
            .unwrap()
    }

    /// Asks until the answer has this status.
    async fn ask_until(&self, serving: &Serving, status: u16) -> reqwest::Response {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(serving).await;
            if answer.status().as_u16() == status || Instant::now() > deadline {
                assert_eq!(answer.status().as_u16(), status, "{:?}", answer.text().await);
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Verifies a token with the keys that the server publishes, and returns the id of its key.
async fn verified(serving: &Serving, answer: reqwest::Response) -> String {
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let issuer = format!("{}/oauth2/default", serving.base);
    let keys = reqwest::get(format!("{issuer}/v1/keys")).await.unwrap().bytes().await.unwrap();
    let keys = KeySet::parse(&keys).unwrap().keys;
    let audience = AudienceRule::AnyOf(vec![Audience::parse("api://orders").unwrap()]);
    let rules = Rules::new(Issuer::parse(&issuer).unwrap(), audience);
    let token = body["access_token"].as_str().unwrap();
    let verified = verify_access_token(token, &keys, &rules, SystemClock.now()).unwrap();
    let jws = scopegate_jose::UnverifiedJws::parse(token).unwrap();
    assert_eq!(verified.claims().client_id(), Some("batch"));
    jws.header().kid().unwrap().to_owned()
}

/// Writes a file that only its owner can read.
fn write_private(place: &Place, name: &str, content: &str) {
    let mut file = scopegate_server::private_file::create(&place.path().join(name)).unwrap();
    file.write_all(content.as_bytes()).unwrap();
}

fn of_phase(keys: &[Value], phase: &str) -> Value {
    keys.iter().find(|key| key["phase"] == phase).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn a_server_signs_in_the_token_and_rotates_and_revokes_its_keys_there() {
    let hsm = Hsm::new();
    let serving = hsm.place.serve(&[]);
    let kid = verified(&serving, hsm.ask_until(&serving, 200).await).await;
    let key = of_phase(&hsm.listed(), "signing");
    let held_in = format!("pkcs11:token=scopegate;object={kid};type=private");
    assert_eq!(key["kid"], kid.as_str());
    assert_eq!(key["held_in"].as_str().map(percent_decoded), Some(held_in));
    let shown = hsm.succeeds(&["keys", "list", "--server", "default"]).stdout;
    assert!(shown.contains("\tin pkcs11:token=scopegate"), "{shown}");

    let before = hsm.keys();
    hsm.succeeds(&["keys", "rotate", "--server", "default"]);
    assert_eq!(hsm.keys(), before + 1, "the next key is made in the token");
    let next = of_phase(&hsm.listed(), "announced")["kid"].as_str().unwrap().to_owned();
    let revoked = hsm.succeeds(&["keys", "revoke", &kid, "--yes"]);
    assert_eq!(hsm.keys(), before, "the revoked key is destroyed");
    assert!(!revoked.stderr.contains("may still exist"), "{revoked:?}");
    // The server may not know yet that the key is gone. It signs with it no more.
    let answer = hsm.ask_until(&serving, 200).await;
    assert_eq!(verified(&serving, answer).await, next);
    assert_eq!(serving.end().code, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn keys_from_before_sign_until_the_next_rotation_uses_the_token() {
    let hsm = Hsm::new();
    let configured = hsm.place.read("scopegate.toml");
    hsm.place.write("scopegate.toml", "");
    let serving = hsm.place.serve(&[]);
    let old = verified(&serving, hsm.ask_until(&serving, 200).await).await;
    assert_eq!(serving.end().code, 0);
    hsm.place.write("scopegate.toml", &configured);
    let serving = hsm.place.serve(&[]);
    assert_eq!(verified(&serving, hsm.ask_until(&serving, 200).await).await, old);
    assert_eq!(of_phase(&hsm.listed(), "signing")["held_in"], Value::Null);
    assert_eq!(hsm.keys(), 0);
    hsm.succeeds(&["keys", "rotate", "--server", "default"]);
    let next = of_phase(&hsm.listed(), "announced");
    assert!(next["held_in"].as_str().unwrap().starts_with("pkcs11:"), "{next}");
    assert_eq!(hsm.keys(), 1);
    // Another master key seals only the name again.
    write_private(&hsm.place, "new.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    assert_eq!(serving.end().code, 0);
    hsm.succeeds(&["keys", "rewrap", "--yes", "--new-master-key", "new.key"]);
    assert_eq!(hsm.keys(), 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn a_lost_token_is_answered_with_503_and_the_server_recovers_when_it_is_back() {
    let hsm = Hsm::new();
    let serving = hsm.place.serve(&[]);
    verified(&serving, hsm.ask_until(&serving, 200).await).await;
    let (tokens, away) = (hsm.place.path().join("tokens"), hsm.place.path().join("away"));
    for _ in 0..2 {
        std::fs::rename(&tokens, &away).unwrap();
        let refused = hsm.ask_until(&serving, 503).await;
        assert_eq!(refused.headers()["retry-after"], "5");
        let body: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
        assert_eq!(body["error"], "temporarily_unavailable");
        assert_eq!(body["error_description"], "The signing keys are not available.");
        // The keys are still published, so that services verify the tokens that exist.
        let keys = reqwest::get(format!("{}/oauth2/default/v1/keys", serving.base)).await.unwrap();
        assert_eq!(keys.status().as_u16(), 200);
        std::fs::rename(&away, &tokens).unwrap();
        verified(&serving, hsm.ask_until(&serving, 200).await).await;
    }
    let ended = serving.end();
    assert!(ended.stderr.contains("PKCS#11"), "{ended:?}");
    assert!(!ended.stderr.contains(PIN), "the log shows the PIN");
}

#[test]
#[ignore = "run by scripts/test"]
fn a_wrong_module_token_or_pin_stops_the_start() {
    let hsm = Hsm::new();
    write_private(&hsm.place, "wrong", "not-the-pin");
    write_private(&hsm.place, "empty", "\n");
    let module = hsm.module();
    for (module, token, pin, said) in [
        (
            &*module,
            "scopegate",
            "wrong",
            "the PKCS#11 token \"scopegate\" refuses the PIN (PinIncorrect)",
        ),
        (&*module, "scopegate", "empty", "the PIN of the PKCS#11 token is missing"),
        (&*module, "scopegate", "nowhere", "cannot read the PIN"),
        (
            &*module,
            "other",
            "pin",
            "no PKCS#11 token with the label \"other\"; the module has \"scopegate\"",
        ),
        ("/nowhere/module.so", "scopegate", "pin", "/nowhere/module.so cannot be loaded"),
    ] {
        hsm.configure(module, token, pin);
        let ended = hsm.place.run(&["serve"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains(said), "{said}: {ended:?}");
        assert!(!ended.stderr.contains("not-the-pin"), "{ended:?}");
    }
    // One wrong attempt does not lock the token, and the right PIN starts.
    hsm.configure(&module, "scopegate", "pin");
    assert_eq!(hsm.place.serve(&[]).end().code, 0);
}

#[test]
#[ignore = "run by scripts/test"]
fn a_catalog_whose_algorithms_the_token_has_is_applied() {
    let hsm = Hsm::new();
    let all = "algorithms = [\"ES384\", \"PS256\", \"RS256\", \"EdDSA\", \"ES256\"]";
    let catalog =
        CATALOG.replace("algorithms = [\"ES256\"]", all).replace("version = 1", "version = 2");
    hsm.place.write("catalog.toml", &catalog);
    hsm.succeeds(&["apply", "catalog.toml"]);
    let serving = hsm.place.serve(&[]);
    let listed = hsm.listed();
    assert!(listed.iter().all(|key| key["held_in"].is_string()), "{listed:?}");
    assert_eq!(serving.end().code, 0);
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}
