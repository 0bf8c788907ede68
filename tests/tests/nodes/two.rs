//! Two nodes on one database: what one node has done is visible at the other.

use std::time::Duration;

use scopegate_core::catalog::{ServerId, Status};
use scopegate_tests::Pkce;

use crate::world::{
    World, approve_device, catalog, code, is_active, is_signed_in, moved, poll_device_code, push,
    redeem, refresh, request_device_code, sign_out, tokens, use_assertion, use_request_uri,
};

pub(crate) async fn nodes_that_need_a_key_at_once_use_the_same_key(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    here.apply(catalog(&world.key).server("billing", "")).await;
    there.authority().reload().await.unwrap();
    let billing = ServerId::parse("billing").unwrap();
    let signer = async |authority: &scopegate_core::authority::Authority| {
        let catalog = authority.catalog();
        let server = catalog.server(&billing).unwrap().unwrap();
        authority.keys().signer(server).await.unwrap().kid().to_owned()
    };
    let (one, other) = tokio::join!(signer(here.authority()), signer(there.authority()));
    assert_eq!(one, other);
    for server in [here, there] {
        let keys = server.anonymous().read("/oauth2/billing/v1/keys").await.expect(200).json();
        let names: Vec<_> =
            keys["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
        assert_eq!(names, [&one]);
    }
}

pub(crate) async fn a_code_of_one_node_can_be_redeemed_once_at_the_other(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let (mut browser, pkce) = (here.browser(), Pkce::generate());
    let code = code(&mut browser, &pkce).await;
    let first = tokens(redeem(there, &code, &pkce).await);
    assert!(is_active(here, &first.access).await);
    let second = tokens(refresh(here, &first.refresh).await);
    let third = tokens(refresh(there, &second.refresh).await);

    redeem(here, &code, &pkce).await.expect_error(400, "invalid_grant");
    refresh(there, &third.refresh).await.expect_error(400, "invalid_grant");
    for server in [here, there] {
        assert!(!is_active(server, &third.access).await);
    }
}

pub(crate) async fn of_two_nodes_that_redeem_a_code_at_once_one_succeeds(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let mut browser = here.browser();
    for _ in 0..10 {
        let pkce = Pkce::generate();
        let code = code(&mut browser, &pkce).await;
        let answers = tokio::join!(redeem(here, &code, &pkce), redeem(there, &code, &pkce));
        let (won, lost) = match answers.0.status.as_u16() {
            200 => answers,
            _ => (answers.1, answers.0),
        };
        lost.expect_error(400, "invalid_grant");
        // The code was used twice, so its tokens are revoked.
        let won = tokens(won);
        refresh(here, &won.refresh).await.expect_error(400, "invalid_grant");
    }
}

pub(crate) async fn two_nodes_that_rotate_at_once_give_the_same_token(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let (mut browser, pkce) = (here.browser(), Pkce::generate());
    let code = code(&mut browser, &pkce).await;
    let mut token = tokens(redeem(here, &code, &pkce).await).refresh;
    for _ in 0..10 {
        let (one, other) = tokio::join!(refresh(here, &token), refresh(there, &token));
        let next = tokens(one).refresh;
        assert_eq!(next, tokens(other).refresh);
        assert_ne!(next, token);
        token = next;
    }
}

pub(crate) async fn an_assertion_can_be_used_at_only_one_node(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let assertion = || here.assertion_of("signer", &world.key, "/oauth2/default");
    let used = assertion();
    use_assertion(here, &used).await.expect(200);
    use_assertion(there, &used).await.expect_error(401, "invalid_client");
    for _ in 0..10 {
        let at_once = assertion();
        let (one, other) =
            tokio::join!(use_assertion(here, &at_once), use_assertion(there, &at_once));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

pub(crate) async fn a_session_is_valid_at_both_nodes(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let mut browser = here.browser();
    code(&mut browser, &Pkce::generate()).await;
    let mut moved = moved(&browser, there);
    assert!(is_signed_in(&mut moved).await);
    sign_out(&mut moved).await;
    assert!(!is_signed_in(&mut browser).await);
}

pub(crate) async fn a_device_and_its_user_may_use_different_nodes(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let (device_code, user_code) = request_device_code(here).await;
    approve_device(&mut there.browser_of(&world.alice).await, &user_code).await;
    poll_device_code(here, &device_code).await.expect(200);
    poll_device_code(there, &device_code).await.expect_error(400, "invalid_grant");
}

pub(crate) async fn a_pushed_request_can_be_used_at_the_other_node(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let pkce = Pkce::generate();
    let reference = push(here, &pkce).await;
    let mut browser = there.browser_of(&world.alice).await;
    let code = use_request_uri(&mut browser, &reference).await.sent("code").unwrap();
    redeem(here, &code, &pkce).await.expect(200);
    let mut browser = moved(&browser, here);
    assert_eq!(use_request_uri(&mut browser, &reference).await.header("location"), "");
}

pub(crate) async fn a_token_that_one_node_revokes_is_inactive_at_the_other(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let (mut browser, pkce) = (here.browser(), Pkce::generate());
    let code = code(&mut browser, &pkce).await;
    let tokens = tokens(redeem(here, &code, &pkce).await);
    assert!(is_active(there, &tokens.access).await);
    let revoked = here.as_client("portal").post("revoke", &[("token", &tokens.refresh)]).await;
    revoked.expect(200);
    assert!(!is_active(there, &tokens.access).await);
    refresh(there, &tokens.refresh).await.expect_error(400, "invalid_grant");
}

pub(crate) async fn a_user_who_is_suspended_at_one_node_is_refused_at_the_other(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    let (mut browser, pkce) = (there.browser(), Pkce::generate());
    let code = code(&mut browser, &pkce).await;
    let tokens = tokens(redeem(there, &code, &pkce).await);
    here.clock().advance(Duration::from_secs(1));
    here.authority().set_user_status("alice", Status::Inactive).await.unwrap();
    assert!(!is_signed_in(&mut browser).await);
    assert!(!is_active(there, &tokens.access).await);
    refresh(there, &tokens.refresh).await.expect_error(400, "invalid_grant");
}
