//! What follows if a hook fails or refuses.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_failure_refuses_opens_or_takes_the_last_good_answer() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    for failure in [HookFailure::Status(500), HookFailure::TimedOut, HookFailure::TooLarge] {
        let label = failure.label();
        services.set("a", Does::Fails(failure));
        assert_eq!(failed_by(token(&world).await), label);
    }
    services.set("a", Does::Answers("<html>"));
    let refused = token(&world).await.unwrap_err();
    let answer = OAuthError::from(&refused.error);
    assert_eq!((answer.status, answer.error.as_str()), (400, "server_error"));
    assert!(refused.decision.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_open_hook_that_fails_leaves_the_token_unchanged() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Open)).await;
    let protected = json!([
        { "op": "add", "path": "/claims/plan", "value": "gold" },
        { "op": "add", "path": "/claims/iss", "value": "x" },
    ]);
    for does in [
        Does::Fails(HookFailure::Status(500)),
        Does::Answers("no json"),
        Does::Answers(command("access", &protected)),
        Does::After(Duration::from_secs(60), adds("plan", "gold")),
    ] {
        services.set("a", does.clone());
        let claims = claims(&world).await;
        assert_eq!(claims.get("plan"), None, "{does:?}");
        assert_eq!(claims["iss"], "https://id.example/oauth2/default");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_refuses_in_every_mode_and_its_summary_is_told() {
    for failure in [OnFailure::Closed, OnFailure::Open, OnFailure::Stale] {
        let (world, services) = world().await;
        world.add_hook("a", cached(failure, "client.id")).await;
        services.set("a", Does::Answers(adds("plan", "gold")));
        token(&world).await.unwrap();
        tokio::time::advance(Duration::from_secs(61)).await;
        services.set("a", Does::Answers(r#"{"error":{"errorSummary":"Not \"today\"."}}"#));
        let refused = token(&world).await.unwrap_err();
        assert_eq!(refused.error.summary(), Some("Not today."), "{failure:?}");
        assert_eq!(OAuthError::from(&refused.error).error.as_str(), "server_error");
        let shown = format!("{} {:?}", refused.error, refused.decision);
        assert!(!shown.contains("today"), "the log does not have the text");
        let decisions = world.decisions(DecisionKind::TokenGrant).await;
        let mut refused = decisions.iter().filter(|it| it.outcome != Outcome::Allow);
        let decision = refused.next().unwrap();
        assert!(!format!("{decision:?}").contains("today"), "the audit log does not have the text");
        assert_eq!(decision.basis.hooks[0].outcome, HookOutcome::Refused);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_an_hour_old_at_most() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Stale, "client.id")).await;
    services.set("a", Does::Fails(HookFailure::TimedOut));
    assert_eq!(failed_by(token(&world).await), "timed_out", "there is no answer yet");
    services.set("a", Does::Answers(adds("plan", "gold")));
    assert_eq!(claims(&world).await["plan"], "gold");
    services.set("a", Does::Fails(HookFailure::TimedOut));
    tokio::time::advance(Duration::from_secs(3599)).await;
    assert_eq!(claims(&world).await["plan"], "gold");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(failed_by(token(&world).await), "timed_out");
}

#[tokio::test(start_paused = true)]
async fn an_inactive_hook_is_not_called_and_one_that_is_gone_refuses() {
    let (world, services) = world().await;
    world.add_hook("a", HookSpec { status: Status::Inactive, ..http(OnFailure::Closed) }).await;
    token(&world).await.unwrap();
    assert_eq!(services.calls().len(), 0);
    world.edit(Edit::Delete(EntityKey::hook("a"))).await;
    assert_eq!(failed_by(token(&world).await), "unknown");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_does_not_open_is_never_sent() {
    let (world, services) = world().await;
    let auth = crate::catalog::HookAuth::Signature(crate::catalog::HookSecret::forgotten());
    world.add_hook("a", http(OnFailure::Closed).with_auth(auth)).await;
    assert_eq!(failed_by(token(&world).await), "secret");
    assert_eq!(services.calls().len(), 0);
}
