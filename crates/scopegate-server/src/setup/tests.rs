use async_trait::async_trait;
use scopegate_core::keys::{KeyError, KeysInMemory, NewKey, Signer};
use scopegate_core::store::StoredKey;

use super::*;
use crate::Server;

const LOOPBACK: &str = "http://127.0.0.1:9000";
const PUBLIC: &str = "https://id.example.com";
const DEMO: CatalogSource<'_> =
    CatalogSource { name: "demo.toml", content: b"version = 1\ndemo = true" };
const ORDINARY: CatalogSource<'_> = CatalogSource { name: "catalog.toml", content: b"version = 1" };

/// A folder with a master key, so that a public process finds one.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::in_folder(folder.path());
        let source =
            MasterKeySource { file: &config.master_key_file, exposure: Exposure::Loopback };
        source.make().unwrap();
        Self(folder)
    }

    async fn open(&self, base: &str) -> Result<Setup, SetupError> {
        Setup::open(&Config::in_folder(self.0.path()), &Issuer::parse(base).unwrap()).await
    }
}

#[tokio::test]
async fn a_demonstration_is_not_served_to_other_machines() {
    let home = Home::new();
    let refusal = home.open(PUBLIC).await.unwrap().apply(&DEMO, Mode::Write).await.unwrap_err();
    assert!(matches!(refusal, SetupError::PublicDemo(_)), "{refusal}");
}

#[tokio::test]
async fn a_storage_that_held_a_demonstration_is_never_served_to_other_machines() {
    let home = Home::new();
    home.open(LOOPBACK).await.unwrap().apply(&DEMO, Mode::Write).await.unwrap();
    let refusal = home.open(PUBLIC).await.unwrap_err();
    assert!(matches!(refusal, SetupError::DemoStore), "{refusal}");
    home.open(LOOPBACK).await.unwrap().apply(&DEMO, Mode::Write).await.unwrap();
}

#[tokio::test]
async fn a_storage_that_was_public_accepts_no_demonstration() {
    let home = Home::new();
    home.open(PUBLIC).await.unwrap().apply(&ORDINARY, Mode::Write).await.unwrap();
    let refusal = home.open(LOOPBACK).await.unwrap().apply(&DEMO, Mode::Write).await.unwrap_err();
    assert!(matches!(refusal, SetupError::PublicStore(_)), "{refusal}");
}

#[tokio::test]
async fn a_dry_run_or_a_refused_file_marks_nothing() {
    let home = Home::new();
    let newer = CatalogSource { content: b"version = 2", ..ORDINARY };
    let setup = home.open(LOOPBACK).await.unwrap();
    setup.apply(&DEMO, Mode::DryRun).await.unwrap();
    setup.apply(&newer, Mode::Write).await.unwrap();
    setup.apply(&DEMO, Mode::Write).await.unwrap_err();
    home.open(PUBLIC).await.unwrap();
}

#[tokio::test]
async fn the_first_start_makes_a_master_key_and_the_store_keeps_its_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::in_folder(folder.path());
    let base = Issuer::parse(LOOPBACK).unwrap();
    let setup = Setup::open(&config, &base).await.unwrap();
    let kept = setup.store().kept(MASTER_KEY_FINGERPRINT).await.unwrap();
    assert_eq!(kept, Some(setup.master_key().fingerprint()));
    assert!(config.master_key_file.exists());
}

#[tokio::test]
async fn a_lost_master_key_is_not_replaced() {
    let home = Home::new();
    home.open(LOOPBACK).await.unwrap();
    let file = Config::in_folder(home.0.path()).master_key_file;
    std::fs::remove_file(&file).unwrap();
    let refusal = home.open(LOOPBACK).await.unwrap_err();
    assert!(matches!(refusal, SetupError::MasterKey(MasterKeyError::Missing(_))), "{refusal}");
    assert!(!file.exists());
}

#[tokio::test]
async fn another_master_key_is_refused() {
    let home = Home::new();
    home.open(LOOPBACK).await.unwrap();
    let file = Config::in_folder(home.0.path()).master_key_file;
    std::fs::write(&file, MasterKey::generate().to_base64url().as_bytes()).unwrap();
    let refusal = home.open(LOOPBACK).await.unwrap_err();
    assert!(matches!(refusal, SetupError::Open(OpenError::WrongMasterKey)), "{refusal}");
}

/// A service that makes only keys for ES256, or none at all.
#[derive(Debug)]
struct Service {
    is_lost: bool,
}

#[async_trait]
impl KeyVault for Service {
    async fn open(&self) -> Result<(), KeyError> {
        match self.is_lost {
            true => Err(KeyError::Unavailable("the service is lost".to_owned())),
            false => Ok(()),
        }
    }

    async fn algorithms(&self) -> Result<Vec<Algorithm>, KeyError> {
        self.open().await.map(|()| vec![Algorithm::Es256])
    }

    async fn generate(&self, algorithm: Algorithm) -> Result<NewKey, KeyError> {
        KeysInMemory.generate(algorithm).await
    }

    fn signer(&self, key: &StoredKey, secret: &[u8]) -> Result<Arc<dyn Signer>, KeyError> {
        KeysInMemory.signer(key, secret)
    }
}

const EDDSA: &[u8] = b"version = 1\n[[server]]\nid = 'orders'\nname = 'Orders'\n\
    audiences = [{ name = 'api://orders' }]\nalgorithms = ['ES256', 'EdDSA']\n";

#[tokio::test]
async fn a_catalog_with_an_algorithm_that_the_vault_lacks_is_refused_by_name() {
    let home = Home::new();
    let mut setup = home.open(LOOPBACK).await.unwrap();
    let eddsa = CatalogSource { content: EDDSA, ..ORDINARY };
    setup.vault = Arc::new(Service { is_lost: false });
    let refused = setup.apply(&eddsa, Mode::Write).await.unwrap_err().to_string();
    assert!(refused.starts_with("the server `orders` signs with EdDSA"), "{refused}");
    assert!(refused.ends_with("such as ES256"), "{refused}");
    let es256 = String::from_utf8(EDDSA.to_vec()).unwrap().replace(", 'EdDSA'", "");
    let es256 = CatalogSource { content: es256.as_bytes(), ..ORDINARY };
    setup.apply(&es256, Mode::DryRun).await.unwrap();
    // A vault that is lost is found at the start of a server, not by `apply`.
    setup.vault = Arc::new(Service { is_lost: true });
    setup.apply(&eddsa, Mode::Write).await.unwrap();
}

#[tokio::test]
async fn a_server_does_not_start_without_its_vault_or_with_an_algorithm_that_it_lacks() {
    let home = Home::new();
    let start = async |vault: Service| {
        let settings = home.open(LOOPBACK).await.unwrap().into_settings();
        Server::start(settings.with_key_vault(Arc::new(vault))).await
    };
    let lost = start(Service { is_lost: true }).await.unwrap_err().to_string();
    assert_eq!(lost, "the service that holds the signing keys cannot be used: the service is lost");
    let refused = start(Service { is_lost: false }).await.unwrap_err().to_string();
    assert!(refused.contains("signs with RS256") && refused.contains("(ES256)"), "{refused}");
}
