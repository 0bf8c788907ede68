//! User rows that another version wrote.

use scopegate_tests::{Answer, Pkce, TestServer, password_of};

use crate::place::{Place, assert_out_of_service};

const CALLBACK: &str = "https://portal.example/cb";

async fn sign_in(node: &TestServer, login: &str, password: &str) -> Answer {
    let mut browser = node.browser();
    let page = browser.open("/signin").await;
    let page = browser.follow(page).await.expect(200);
    browser.fill_in(&page, &[("username", login), ("password", password)]).await
}

/// The status and the page without the parts that differ on every page.
fn shown(answer: &Answer, login: &str) -> (u16, String) {
    let text = answer.body.replace(login, "LOGIN");
    let lines = text.lines().filter(|line| !line.contains("hidden"));
    (answer.status.as_u16(), lines.collect())
}

pub(crate) async fn a_user_row_of_a_newer_version_is_reported_only_after_the_right_password(
    place: &Place,
) {
    let node = place.start().await;
    node.add_user("alice", &[]).await;
    node.add_user("bob", &[]).await;
    for how in ["format = 2", "format = 1, status = 'LOCKED'", "status = 'ACTIVE', owner = 'x'"] {
        place.run(&format!("UPDATE directory_user SET {how} WHERE login = 'alice'")).await;
        let unknown = sign_in(&node, "nobody", "a wrong password").await;
        let wrong = sign_in(&node, "alice", "a wrong password").await;
        assert_eq!(shown(&wrong, "alice"), shown(&unknown, "nobody"), "{how}");
        assert_eq!(wrong.status, 403);
        // Only the right password leads to a different answer.
        let right = sign_in(&node, "alice", &password_of("alice")).await;
        assert_eq!(right.status, 503, "{how}: {}", right.body);
        assert_eq!(right.header("retry-after"), "5");
        assert!(
            !right
                .headers
                .get_all("set-cookie")
                .iter()
                .any(|line| { line.to_str().unwrap().starts_with("scopegate=") })
        );
        assert_eq!(sign_in(&node, "bob", &password_of("bob")).await.status, 303);
    }
    let back = "UPDATE directory_user SET format = 1, status = 'ACTIVE', owner = 'api'";
    place.run(back).await;
    assert_eq!(sign_in(&node, "alice", &password_of("alice")).await.status, 303);
}

pub(crate) async fn tokens_and_codes_of_a_user_row_of_a_newer_version_are_503_and_kept(
    place: &Place,
) {
    let node = place.start().await;
    let alice = node.add_user("alice", &[]).await;
    let pkce = Pkce::generate();
    let mut browser = node.browser_of(&alice).await;
    let scope = "openid read:orders offline_access";
    let code = browser.code("alice", "portal", CALLBACK, scope, &pkce).await;
    let portal = node.as_client("portal");
    let tokens = portal.redeem(&code, CALLBACK, &pkce).await.expect(200).json();
    let [access, refresh] =
        ["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap());
    let waiting = browser.code("alice", "portal", CALLBACK, scope, &pkce).await;

    place.run("UPDATE directory_user SET format = 2").await;
    assert_out_of_service(&portal.refresh(refresh).await);
    assert_out_of_service(&portal.redeem(&waiting, CALLBACK, &pkce).await);
    assert_out_of_service(&portal.post("introspect", &[("token", access)]).await);
    assert_out_of_service(&portal.post("introspect", &[("token", refresh)]).await);
    let told = node.anonymous().bearing(access).read("/oauth2/default/v1/userinfo").await;
    assert_eq!(told.status, 503, "{}", told.body);
    let asked = [
        ("response_type", "code"),
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("state", "a state"),
    ];
    let challenge =
        [("code_challenge", pkce.challenge.as_str()), ("code_challenge_method", "S256")];
    let page = browser.authorize(&[&asked[..], &challenge[..]].concat()).await;
    assert_eq!(page.status, 503, "{}", page.body);

    // Nothing was used up or revoked.
    place.run("UPDATE directory_user SET format = 1").await;
    portal.refresh(refresh).await.expect(200);
    portal.redeem(&waiting, CALLBACK, &pkce).await.expect(200);
}
