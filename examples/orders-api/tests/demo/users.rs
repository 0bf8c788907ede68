//! The users of the demo sign in.

use reqwest::{Method, Response};

use crate::process::Demo;

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).expect("the header is there").to_str().expect("it is ASCII")
}

/// The cookie, as a browser sends it back.
fn cookie(answer: &Response) -> String {
    header(answer, "set-cookie").split(';').next().unwrap_or_default().to_owned()
}

/// Fills in the sign-in form. Returns the status, and the account page that follows.
async fn sign_in(demo: &Demo, login: &str, password: &str) -> (u16, String) {
    let led = demo.page(Method::GET, "/account").send().await.expect("the demo answers");
    let flow = cookie(&led);
    let (_, request) = header(&led, "location").split_once("request=").expect("there is a request");
    let form = [("request", request), ("username", login), ("password", password)];
    let post = demo.page(Method::POST, "/signin").header("cookie", &flow).form(&form);
    let answer = post.send().await.expect("the demo answers");
    let status = answer.status().as_u16();
    if status != 303 {
        return (status, String::new());
    }
    let account = demo.page(Method::GET, "/account").header("cookie", cookie(&answer));
    let account = account.send().await.expect("the demo answers");
    (status, account.text().await.expect("it is text"))
}

#[tokio::test]
async fn alice_and_bob_sign_in_with_their_demo_passwords() {
    let demo = Demo::start();
    for name in ["alice", "bob"] {
        let (status, account) = sign_in(&demo, name, &format!("{name}-demo-password")).await;
        assert_eq!(status, 303, "{name}");
        assert!(account.contains(&format!("<strong>{name}</strong>")), "{account}");
    }
    assert_eq!(sign_in(&demo, "alice", "bob-demo-password").await.0, 403);
}
