//! One node: single use, revocation, and crashes.

use std::time::Duration;

use scopegate_tests::Pkce;

use crate::world::{
    World, approve_device, code, is_active, is_signed_in, moved, poll_device_code, push, redeem,
    refresh, request_device_code, sign_out, tokens, use_assertion, use_request_uri,
};

pub(crate) async fn a_replayed_code_revokes_its_tokens(world: World) {
    let server = &world.server;
    let (mut browser, pkce) = (server.browser(), Pkce::generate());
    let code = code(&mut browser, &pkce).await;
    redeem(server, &code, &Pkce::generate()).await.expect_error(400, "invalid_grant");
    let first = tokens(redeem(server, &code, &pkce).await);
    let bearer = server.anonymous().bearing(&first.access);
    let userinfo = bearer.read("/oauth2/default/v1/userinfo").await.expect(200).json();
    assert_eq!(userinfo["sub"], world.alice.id.as_str());
    let second = tokens(refresh(server, &first.refresh).await);
    assert!(is_active(server, &second.access).await);

    redeem(server, &code, &pkce).await.expect_error(400, "invalid_grant");
    refresh(server, &second.refresh).await.expect_error(400, "invalid_grant");
    for access in [first.access, second.access] {
        assert!(!is_active(server, &access).await);
    }
}

pub(crate) async fn a_reused_refresh_token_revokes_its_family(world: World) {
    let server = &world.server;
    let (mut browser, pkce) = (server.browser(), Pkce::generate());
    let code = code(&mut browser, &pkce).await;
    let first = tokens(redeem(server, &code, &pkce).await);
    let second = tokens(refresh(server, &first.refresh).await);
    let third = tokens(refresh(server, &second.refresh).await);
    server.clock().advance(Duration::from_secs(31));
    refresh(server, &first.refresh).await.expect_error(400, "invalid_grant");
    refresh(server, &third.refresh).await.expect_error(400, "invalid_grant");
    assert!(!is_active(server, &third.access).await);
}

pub(crate) async fn a_session_lasts_until_the_user_signs_out(world: World) {
    let (mut browser, pkce) = (world.server.browser(), Pkce::generate());
    assert!(!is_signed_in(&mut browser).await);
    code(&mut browser, &pkce).await;
    assert!(is_signed_in(&mut browser).await);
    let mut kept = moved(&browser, &world.server);
    sign_out(&mut browser).await;
    for browser in [&mut browser, &mut kept] {
        assert!(!is_signed_in(browser).await);
    }
}

pub(crate) async fn a_device_gets_its_token_once(world: World) {
    let server = &world.server;
    let (device_code, user_code) = request_device_code(server).await;
    poll_device_code(server, &device_code).await.expect_error(400, "authorization_pending");
    approve_device(&mut server.browser_of(&world.alice).await, &user_code).await;
    server.clock().advance(Duration::from_secs(5));
    poll_device_code(server, &device_code).await.expect(200);
    poll_device_code(server, &device_code).await.expect_error(400, "invalid_grant");
}

pub(crate) async fn a_pushed_request_can_be_used_once(world: World) {
    let server = &world.server;
    let (mut browser, pkce) = (server.browser_of(&world.alice).await, Pkce::generate());
    let reference = push(server, &pkce).await;
    let code = use_request_uri(&mut browser, &reference).await.sent("code").unwrap();
    redeem(server, &code, &pkce).await.expect(200);
    assert_eq!(use_request_uri(&mut browser, &reference).await.header("location"), "");
}

pub(crate) async fn an_assertion_can_be_used_once(world: World) {
    let server = &world.server;
    let assertion = server.assertion_of("signer", &world.key, "/oauth2/default");
    use_assertion(server, &assertion).await.expect(200);
    use_assertion(server, &assertion).await.expect_error(401, "invalid_client");
}

pub(crate) async fn a_revoked_token_is_not_active(world: World) {
    let server = &world.server;
    let (mut browser, pkce) = (server.browser(), Pkce::generate());
    let code = code(&mut browser, &pkce).await;
    let tokens = tokens(redeem(server, &code, &pkce).await);
    assert!(is_active(server, &tokens.access).await);
    let revoked = server.as_client("portal").post("revoke", &[("token", &tokens.access)]).await;
    revoked.expect(200);
    assert!(!is_active(server, &tokens.access).await);
}

pub(crate) async fn grants_survive_a_crash(world: World) {
    let World { server, .. } = world;
    let (mut browser, pkce) = (server.browser(), Pkce::generate());
    let used = code(&mut browser, &pkce).await;
    let unused = code(&mut browser, &pkce).await;
    let before = tokens(redeem(&server, &used, &pkce).await);
    let session = browser.cookie("scopegate").unwrap().to_owned();

    let server = server.crash().await;
    let mut browser = server.browser();
    browser.set_cookie("scopegate", &session);
    assert!(is_signed_in(&mut browser).await);
    tokens(redeem(&server, &unused, &pkce).await);
    let after = tokens(refresh(&server, &before.refresh).await);
    assert!(is_active(&server, &before.access).await);
    // A used code is still used.
    redeem(&server, &used, &pkce).await.expect_error(400, "invalid_grant");
    assert!(!is_active(&server, &after.access).await);
}
