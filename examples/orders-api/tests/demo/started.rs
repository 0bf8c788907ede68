//! How the demo starts and stops.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::process::{Demo, program, read};

/// Starts a demo that must fail to start. Returns its error message, which must be one line.
fn refused(program: &mut Command) -> String {
    let ended = program.output().expect("the program starts");
    let said = String::from_utf8(ended.stderr).expect("it says text");
    assert_eq!((ended.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(ended.stdout.is_empty());
    said
}

#[test]
fn a_temporary_folder_is_deleted_when_the_demo_stops() {
    for signal in ["-INT", "-TERM"] {
        let demo = Demo::start();
        let folder = demo.folder().to_owned();
        assert!(Path::new(&folder).join("orders.db").exists());
        assert!(demo.stop(signal).success());
        assert!(!Path::new(&folder).exists(), "{signal}");
    }
}

#[tokio::test]
async fn a_named_folder_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er");
    let flags = ["--as-listen", "127.0.0.1:0", "--data", path.to_str().unwrap()];
    let scopes = "read:orders write:orders";

    let demo = Demo::start_with(&flags);
    let order = json!({ "customer": "a", "item": "b", "quantity": 1, "unit_price_cents": 1 });
    let token = demo.token("orders-writer", scopes).await;
    let (_, placed) = read(demo.post(&order).bearer_auth(&token).send().await).await;
    assert_eq!(placed["id"], 101);
    assert!(demo.stop("-TERM").success());

    let demo = Demo::start_with(&flags);
    let token = demo.token("orders-writer", scopes).await;
    let (_, kept) = read(demo.get("/orders/101").bearer_auth(&token).send().await).await;
    assert_eq!(kept, placed);
}

/// RFC 9728.
#[tokio::test]
async fn the_metadata_of_the_api_names_its_issuer() {
    for (flags, resource) in [
        (&[][..], None),
        (&["--resource", "https://orders.example"], Some("https://orders.example")),
    ] {
        let demo = Demo::start_with(&[&["--as-listen", "127.0.0.1:0"], flags].concat());
        let (status, document) =
            read(demo.get("/.well-known/oauth-protected-resource").send().await).await;
        assert_eq!(status, 200);
        assert_eq!(document["resource"], resource.unwrap_or(demo.api()));
        assert_eq!(document["authorization_servers"], json!([demo.issuer()]));
        let refused = demo.get("/orders").send().await.unwrap();
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
        let url =
            format!("{}/.well-known/oauth-protected-resource", resource.unwrap_or(demo.api()));
        assert_eq!(challenge, format!("Bearer resource_metadata=\"{url}\""));
    }
}

#[test]
fn a_plain_http_resource_is_refused() {
    let flags = ["--listen", "127.0.0.1:0", "--as-listen", "127.0.0.1:0"];
    let said = refused(program().args(flags).args(["--resource", "http://orders.example"]));
    assert!(said.contains("http://orders.example"), "{said}");
}

#[test]
fn a_port_in_use_is_reported_and_nothing_is_left_behind() {
    let demo = Demo::start();
    let folder = tempfile::tempdir().unwrap();
    let api = demo.api().trim_start_matches("http://");
    let issuer = demo.issuer().trim_start_matches("http://").trim_end_matches("/oauth2/default");
    for (flags, taken) in [
        (["--as-listen", "127.0.0.1:0", "--listen", api], api),
        (["--listen", "127.0.0.1:0", "--as-listen", issuer], issuer),
    ] {
        let said = refused(program().args(flags).env("TMPDIR", folder.path()));
        assert!(said.contains(taken), "{said}");
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}

#[test]
fn the_demo_with_its_own_issuer_refuses_public_addresses() {
    for flag in ["--listen", "--as-listen"] {
        assert!(
            refused(program().args([flag, "0.0.0.0:0"])).contains(&format!("{flag} 0.0.0.0:0"))
        );
    }
}

#[test]
fn an_unusable_folder_is_reported() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    assert!(refused(program().args(["--data", path])).contains(path));
}
