use super::*;

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
