//! `serve`: the start, the end, and where it listens.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::place::{CATALOG, Place};

#[tokio::test]
async fn it_prints_its_address_and_is_ready_there() {
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
async fn sigterm_ends_it_gracefully_and_it_starts_again_with_the_same_keys() {
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
    let mut place = Place::with_catalog();
    place.set("SCOPEGATE__LISTEN__PUBLIC", "127.0.0.1:0");
    place.set("SCOPEGATE__LISTEN__ADMIN", "127.0.0.1:0");
    place.write("new.toml", &CATALOG.replace("version = 1", "version = 2"));
    assert_eq!(place.serve(&["--catalog", "new.toml"]).end().code, 0);
    let ended = place.run(&["serve", "--catalog", "catalog.toml"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("version 2 was applied before"), "{ended:?}");
}

async fn connect_from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    socket.connect(to).await.unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn strangers_who_take_all_connections_block_neither_health_checks_nor_clients() {
    let place = Place::new();
    let serving = place.serve_with_limit("-n 96");
    let public: SocketAddr = serving.base.strip_prefix("http://").unwrap().parse().unwrap();
    let health = async || {
        for path in ["livez", "readyz"] {
            let answer = reqwest::get(format!("http://{}/{path}", serving.admin)).await.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{path}");
        }
    };
    // One address may have a quarter of the 64 connections. The others are closed.
    let mut one = Vec::new();
    for _ in 0..200 {
        one.push(connect_from(2, public).await);
    }
    let ends = one.iter_mut().skip(16).map(async |stream| stream.read(&mut [0]).await);
    for end in futures_util::future::join_all(ends).await {
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
    health().await;
    // Twenty addresses take all connections.
    let mut many = Vec::new();
    for number in 3..23 {
        for _ in 0..15 {
            many.push(connect_from(number, public).await);
        }
    }
    health().await;
    let keys = format!("{}/oauth2/default/v1/keys", serving.base);
    let honest = reqwest::Client::new();
    for _ in 0..5 {
        assert_eq!(honest.get(&keys).send().await.unwrap().status().as_u16(), 200);
    }
    drop((one, many));
    let ended = serving.end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("connections are refused"), "{ended:?}");
    assert!(!ended.stderr.contains("cannot accept"), "the reserve was not touched: {ended:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_soft_limit_of_open_files_is_raised_to_the_hard_one_and_logged() {
    let serving = Place::new().serve_with_limit("-Sn 100");
    let ended = serving.end();
    let line = ended.stderr.lines().find(|line| line.contains("the limit of open files")).unwrap();
    assert!(line.contains("before=100"), "{line}");
    assert!(!line.contains("now=100 "), "{line}");
}

#[cfg(unix)]
#[test]
fn more_connections_than_open_files_stop_the_start() {
    let place = Place::new();
    place.write("scopegate.toml", "[limits]\nconnections = 500\n");
    let ended = place.refused_with_limit("-n 500");
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.starts_with("scopegate.toml:2:15: \"limits.connections\" is out of range"),
        "{ended:?}"
    );
}

#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_build_without_pkcs11_refuses_keys_in_a_token() {
    let place = Place::with_catalog();
    place.write("scopegate.toml", "[keys]\npkcs11 = { module = 'hsm.so', token = 'signing' }\n");
    let ended = place.run(&["serve"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("build it with `--features pkcs11`"), "{ended:?}");
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
