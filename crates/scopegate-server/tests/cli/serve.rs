//! `serve`: the start, the end, and where it listens.

use crate::place::{CATALOG, Place};

#[tokio::test]
async fn it_says_where_it_is_and_is_ready_there() {
    let place = Place::new();
    let serving = place.serve(&[]);
    let ready = reqwest::get(format!("{}/readyz", serving.base)).await.unwrap();
    assert_eq!(ready.status().as_u16(), 200);
    let discovery = format!("{}/oauth2/default/.well-known/openid-configuration", serving.base);
    let document = reqwest::get(discovery).await.unwrap().bytes().await.unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["issuer"], format!("{}/oauth2/default", serving.base));
    assert!(
        serving.log.contains("made a master key in scopegate-data/master.key"),
        "{}",
        serving.log
    );
}

#[tokio::test]
async fn told_to_end_it_ends_well_and_starts_again_with_the_same_keys() {
    let mut place = Place::new();
    place.write("catalog.toml", CATALOG);
    let keys = async |base: &str| {
        let keys = reqwest::get(format!("{base}/oauth2/default/v1/keys")).await.unwrap();
        keys.text().await.unwrap()
    };
    let first = place.serve(&["--catalog", "catalog.toml"]);
    let made = keys(&first.base).await;
    let ended = first.end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.trim_end().ends_with("ended"), "{ended:?}");

    place.set("SCOPEGATE__LOG__LEVEL", "warn");
    let second = place.serve(&["--catalog", "catalog.toml"]);
    assert_eq!(keys(&second.base).await, made);
    let ended = second.end();
    assert!(!ended.stderr.contains("INFO"), "{ended:?}");
}

#[test]
fn an_older_catalog_stops_the_start() {
    let place = Place::with_catalog();
    place.write("new.toml", &CATALOG.replace("version = 1", "version = 2"));
    assert_eq!(place.serve(&["--catalog", "new.toml"]).end().code, 0);
    let ended = place.run(&["serve", "--catalog", "catalog.toml"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("version 2 was applied before"), "{ended:?}");
}

#[tokio::test]
async fn the_command_of_the_readme_serves_the_catalog_that_it_names() {
    const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let readme = std::fs::read_to_string(format!("{REPOSITORY}/README.md")).unwrap();
    let mut commands = readme.lines().filter_map(|line| line.strip_prefix("cargo run -p "));
    let command = commands.find_map(|line| line.strip_prefix("scopegate-server -- serve "));
    let arguments: Vec<_> = command.unwrap().split(' ').collect();

    let mut place = Place::in_folder(REPOSITORY);
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("scopegate.db").display());
    place.set("SCOPEGATE__STORE__URL", store);
    let serving = place.serve(&arguments);
    let asked = reqwest::Client::new()
        .post(format!("{}/oauth2/default/v1/token", serving.base))
        .basic_auth("orders-reader", Some("orders-reader-demo-secret-not-for-production"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&scope=read:orders");
    assert_eq!(asked.send().await.unwrap().status().as_u16(), 200);
}
