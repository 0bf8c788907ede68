//! They need SoftHSM: `scripts/softhsm cargo test -p scopegate-server --features pkcs11 -- --include-ignored`

use std::path::Path;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::ServerId;
use scopegate_core::store::KeyPhase;
use scopegate_jose::{MasterKey, SigningKey, sha256};

use super::*;

const PIN: &str = "287082";

/// A token of `scripts/softhsm`. Each test has its own, because the log-in is one of the whole process.
struct SoftHsm {
    module: String,
    label: String,
}

impl SoftHsm {
    fn token(number: u8) -> Self {
        let module = std::env::var("SCOPEGATE_TEST_PKCS11_MODULE");
        let module = module.expect("`scripts/softhsm COMMAND` sets it");
        Self { module, label: format!("test {number}") }
    }

    fn vault(&self) -> Pkcs11Vault {
        self.vault_with(&self.label, PinSource::known(PIN), 2)
    }

    fn vault_with(&self, label: &str, pin: PinSource, sessions: usize) -> Pkcs11Vault {
        let token = Arc::new(Token::new(self.module.clone().into(), label, pin));
        let threads = Arc::new(Threads::new(token, sessions));
        Pkcs11Vault { token: label.into(), threads }
    }
}

fn stored(new: &NewKey, algorithm: Algorithm) -> StoredKey {
    let server = ServerId::try_from("default".to_owned()).unwrap();
    let (key, master_key) = (SigningKey::generate(algorithm).unwrap(), MasterKey::generate());
    let now = UnixTime::from_seconds(1_800_000_000);
    let sealed = StoredKey::seal(&server, &key, KeyPhase::Signing, &master_key, now).unwrap();
    StoredKey { kid: new.kid.clone(), public: new.public.clone(), ..sealed }
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_key_of_each_algorithm_signs_and_never_leaves_the_token() {
    let vault = SoftHsm::token(1).vault();
    vault.open().await.unwrap();
    let algorithms = vault.algorithms().await.unwrap();
    assert_eq!(algorithms, Algorithm::SIGNING);
    for algorithm in algorithms {
        let new = vault.generate(algorithm).await.unwrap();
        let name = KeyName::parse(&new.secret).expect("the store gets a name, not a key");
        assert_eq!(*name.kid, new.kid);
        assert_eq!((new.public.kid(), new.public.algorithm()), (Some(&*new.kid), Some(algorithm)));
        assert_eq!(vault.place(&new.secret), Some(name.to_string()));
        let signer = vault.signer(&stored(&new, algorithm), &new.secret).unwrap();
        let token = signer.sign(TokenType::AccessToken, b"{\"sub\":\"alice\"}").await.unwrap();
        assert!(is_signed_by(&token, algorithm, &new.public), "{algorithm}");
        let other = vault.generate(algorithm).await.unwrap();
        assert!(!is_signed_by(&token, algorithm, &other.public.with_kid(&new.kid)), "{algorithm}");

        // What the token itself says about the private key.
        let kid = Arc::clone(&name.kid);
        let shown = vault.threads.run(TO_SIGN, move |connection| connection.shown(&kid));
        let (flags, secret) = shown.await.unwrap();
        assert_eq!(flags, "sensitive, never extractable, made here", "{algorithm}");
        assert!(secret.is_empty(), "the token reveals the private key");
    }
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_destroyed_key_is_gone_from_the_token_and_signs_no_more() {
    let vault = SoftHsm::token(2).vault();
    let (kept, gone) = (
        vault.generate(Algorithm::Es256).await.unwrap(),
        vault.generate(Algorithm::Es256).await.unwrap(),
    );
    let sign = async |new: &NewKey| {
        let signer = vault.signer(&stored(new, Algorithm::Es256), &new.secret).unwrap();
        signer.sign(TokenType::AccessToken, b"{}").await
    };
    sign(&gone).await.unwrap();
    vault.destroy(&gone.kid, &gone.secret).await.unwrap();
    let refused = sign(&gone).await.unwrap_err();
    assert!(matches!(&refused, KeyError::Unavailable(why) if why.contains(&gone.kid)), "{refused}");
    sign(&kept).await.unwrap();
    // A second attempt finds nothing, and is no failure.
    vault.destroy(&gone.kid, &gone.secret).await.unwrap();
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_key_from_before_signs_in_memory_and_one_of_another_token_is_refused() {
    let vault = SoftHsm::token(3).vault();
    let before = SigningKey::generate(Algorithm::Es256).unwrap();
    let new = NewKey {
        kid: before.kid().to_owned(),
        public: before.public_jwk(),
        secret: before.to_pkcs8().unwrap(),
    };
    let signer = vault.signer(&stored(&new, Algorithm::Es256), &new.secret).unwrap();
    let token = signer.sign(TokenType::AccessToken, b"{}").await.unwrap();
    assert!(is_signed_by(&token, Algorithm::Es256, &new.public));
    assert_eq!(vault.place(&new.secret), None);
    vault.destroy(&new.kid, &new.secret).await.unwrap();

    let elsewhere = KeyName { token: "another".into(), kid: new.kid.as_str().into() };
    let secret = elsewhere.to_string().into_bytes();
    let refused = vault.signer(&stored(&new, Algorithm::Es256), &secret).unwrap_err();
    assert!(refused.to_string().contains("\"another\""), "{refused}");
    vault.destroy(&new.kid, &secret).await.unwrap_err();
    // The name of another key of the same token, copied to this row.
    let copied = KeyName { token: Arc::clone(&vault.token), kid: "other".into() };
    let secret = copied.to_string().into_bytes();
    vault.signer(&stored(&new, Algorithm::Es256), &secret).unwrap_err();
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_wrong_pin_is_tried_once_and_again_when_it_was_changed() {
    let hsm = SoftHsm::token(4);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pin");
    let write = |pin: &str| {
        let _ = std::fs::remove_file(&file);
        std::io::Write::write_all(&mut private_file(&file), pin.as_bytes()).unwrap();
    };
    write("wrong pin\n");
    let config =
        Pkcs11Config { pin_file: Some(file.clone()), ..Pkcs11Config::new(&hsm.module, &hsm.label) };
    let token =
        Token::new(config.module.clone(), &hsm.label, PinSource::of(&config, Exposure::Public));
    let refused = token.connect().unwrap_err();
    let Pkcs11Error::PinRefused { .. } = refused else { panic!("{refused}") };
    let text = refused.to_string();
    assert!(text.contains(&hsm.label) && !text.contains("wrong pin"), "{text}");
    for _ in 0..5 {
        token.forget_failure();
        token.connect().unwrap_err();
    }
    assert_eq!(token.attempts(), 1, "a token locks after a few attempts");
    write(PIN);
    token.forget_failure();
    token.connect().unwrap();
    assert_eq!(token.attempts(), 2);
}

fn private_file(path: &Path) -> std::fs::File {
    crate::private_file::create(path).unwrap()
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_vault_is_refused_with_what_is_wrong() {
    let hsm = SoftHsm::token(5);
    let pin = || PinSource::known(PIN);
    let elsewhere = hsm.vault_with("no such token", pin(), 1);
    let refused = elsewhere.open().await.unwrap_err().to_string();
    assert!(refused.contains("\"no such token\"") && refused.contains("test "), "{refused}");

    let module = SoftHsm { module: "/nowhere/module.so".to_owned(), ..SoftHsm::token(6) }.vault();
    let refused = module.open().await.unwrap_err().to_string();
    assert!(refused.contains("/nowhere/module.so cannot be loaded"), "{refused}");

    let missing = PinSource::of(&Pkcs11Config::new(&hsm.module, &hsm.label), Exposure::Public);
    let refused = hsm.vault_with(&hsm.label, missing, 1).open().await.unwrap_err().to_string();
    assert!(refused.contains("SCOPEGATE_PKCS11_PIN"), "{refused}");
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_module_that_is_started_again_costs_no_request() {
    let vault = SoftHsm::token(7).vault();
    let new = vault.generate(Algorithm::Es256).await.unwrap();
    let signer = vault.signer(&stored(&new, Algorithm::Es256), &new.secret).unwrap();
    let module = std::env::var("SCOPEGATE_TEST_PKCS11_MODULE").unwrap();
    let library = library::Library::load(Path::new(&module)).unwrap();
    let mut seen = library.running().start;
    let first = seen;
    for _ in 0..20 {
        library.restart(seen).unwrap();
        seen = library.running().start;
        let token = signer.sign(TokenType::AccessToken, b"{}").await.unwrap();
        assert!(is_signed_by(&token, Algorithm::Es256, &new.public));
    }
    assert!(seen > first, "it was never started again");
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_log_in_that_was_lost_costs_no_request() {
    let vault = SoftHsm::token(8).vault();
    let new = vault.generate(Algorithm::Es256).await.unwrap();
    let signer = vault.signer(&stored(&new, Algorithm::Es256), &new.secret).unwrap();
    signer.sign(TokenType::AccessToken, b"{}").await.unwrap();
    vault.threads.run(TO_SIGN, |connection| connection.log_out()).await.unwrap();
    signer.sign(TokenType::AccessToken, b"{}").await.unwrap();
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn requests_beyond_the_queue_are_refused_at_once_and_the_runtime_is_not_blocked() {
    let hsm = SoftHsm::token(9);
    let vault = hsm.vault_with(&hsm.label, PinSource::known(PIN), 1);
    vault.open().await.unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
    let threads = Arc::clone(&vault.threads);
    let slow = tokio::spawn(async move {
        let work = move |_: &mut connection::Connection| {
            let _ = started.send(());
            let _ = held.lock().unwrap().recv();
            Ok(())
        };
        threads.run(TO_MAKE, work).await
    });
    // This runtime has one thread. It goes on, though the token is busy.
    has_started.recv().await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..threads::WAITING_PER_THREAD {
        let threads = Arc::clone(&vault.threads);
        waiting.push(tokio::spawn(async move { threads.run(TO_MAKE, |_| Ok(())).await }));
    }
    tokio::task::yield_now().await;
    let refused = vault.threads.run(TO_MAKE, |_| Ok(())).await.unwrap_err();
    assert!(matches!(refused, Pkcs11Error::Busy), "{refused}");
    release.send(()).unwrap();
    slow.await.unwrap().unwrap();
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    vault.threads.run(TO_SIGN, |_| Ok(())).await.unwrap();
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_key_that_nobody_waits_for_any_more_is_destroyed() {
    let hsm = SoftHsm::token(10);
    let vault = hsm.vault_with(&hsm.label, PinSource::known(PIN), 1);
    let kid: Arc<str> = "nobody waits".into();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
    let (threads, id, unused) = (Arc::clone(&vault.threads), Arc::clone(&kid), Arc::clone(&kid));
    let making = tokio::spawn(async move {
        let work = move |connection: &mut connection::Connection| {
            let made = connection.generate(Algorithm::Es256, &id);
            let signed = connection.sign(Algorithm::Es256, &id, b"message");
            let _ = started.send(signed.is_ok());
            let _ = held.lock().unwrap().recv();
            made
        };
        threads.run_or_undo(TO_MAKE, work, move |one, _| one.discard(&unused)).await
    });
    assert_eq!(has_started.recv().await, Some(true), "the key was made");
    making.abort();
    assert!(making.await.unwrap_err().is_cancelled());
    release.send(()).unwrap();
    let sign = move |one: &mut connection::Connection| one.sign(Algorithm::Es256, &kid, b"message");
    let refused = vault.threads.run(TO_SIGN, sign).await.unwrap_err();
    assert!(matches!(refused, Pkcs11Error::NoKey(_)), "{refused}");
}

/// The same bytes are signed, whatever the mechanism hashes.
#[test]
fn the_digest_of_ecdsa_is_made_here_and_that_of_rsa_in_the_token() {
    let data = |algorithm| mechanism::to_sign(algorithm, b"message").unwrap().1;
    assert_eq!(data(Algorithm::Es256), sha256(b"message"));
    assert_eq!(data(Algorithm::Es384).len(), 48);
    for algorithm in [Algorithm::EdDsa, Algorithm::Ps256, Algorithm::Rs256] {
        assert_eq!(data(algorithm), b"message");
    }
    for algorithm in Algorithm::ALL.iter().filter(|one| !one.can_sign()) {
        assert!(mechanism::to_sign(*algorithm, b"message").is_err());
        assert!(mechanism::templates(*algorithm, "kid").is_err());
    }
}

#[test]
fn an_algorithm_is_supported_only_if_the_token_makes_its_keys_and_signs() {
    use cryptoki::mechanism::MechanismType;

    let has = [MechanismType::ECC_KEY_PAIR_GEN, MechanismType::SHA256_RSA_PKCS];
    for algorithm in Algorithm::ALL {
        assert!(!mechanism::is_supported(*algorithm, &has), "{algorithm}");
    }
    let has = [MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA];
    let supported = Algorithm::ALL.iter().filter(|one| mechanism::is_supported(**one, &has));
    assert_eq!(supported.collect::<Vec<_>>(), [&Algorithm::Es256, &Algorithm::Es384]);
}

#[test]
fn neither_an_error_nor_debug_shows_the_pin() {
    let pin = PinSource::known("s3cret-pin");
    assert!(!format!("{pin:?}").contains("s3cret"), "{pin:?}");
    let token = Token::new("/nowhere/module.so".into(), "t", pin);
    assert!(!format!("{token:?}").contains("s3cret"), "{token:?}");
}
