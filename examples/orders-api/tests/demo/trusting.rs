//! With `--issuer` the API trusts an issuer in another process.

use crate::process::{Demo, program, read};

fn trusting(issuer: &Demo, audience: &str) -> Demo {
    Demo::start_with(&["--issuer", issuer.issuer(), "--audience", audience])
}

#[tokio::test]
async fn the_api_keeps_running_while_its_issuer_is_down() {
    let issuer = Demo::start();
    let api = trusting(&issuer, "api://orders");
    let token = issuer.token("orders-reader", "read:orders").await;
    let held = || api.get("/orders?limit=1").bearer_auth(&token).send();
    assert_eq!(read(held().await).await.0, 200);

    // An API that has no keys yet answers 503 and not 401, because the token may be valid.
    let late = trusting(&issuer, "api://orders");
    issuer.kill();
    assert_eq!(read(held().await).await.0, 200);
    let answer = late.get("/orders").bearer_auth(&token).send().await.unwrap();
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(read(Ok(answer)).await.0, 503);
}

#[tokio::test]
async fn a_token_for_another_api_is_refused() {
    let issuer = Demo::start();
    let stock = trusting(&issuer, "api://stock");
    let token = issuer.token("orders-reader", "read:orders").await;
    let (status, refusal) = read(stock.get("/orders").bearer_auth(&token).send().await).await;
    assert_eq!((status, &refusal["error"]), (401, &"invalid_token".into()));
}

#[test]
fn an_invalid_issuer_is_refused_in_one_line() {
    for issuer in ["http://id.example.com", "id.example.com"] {
        let flags = ["--listen", "127.0.0.1:0", "--audience", "api://orders", "--issuer", issuer];
        let refused = program().args(flags).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let line = String::from_utf8(refused.stderr).unwrap();
        assert!(line.contains(issuer) && line.lines().count() == 1, "{line}");
        assert!(refused.stdout.is_empty());
    }
}
