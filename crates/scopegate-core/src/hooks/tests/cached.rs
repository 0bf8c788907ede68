//! Answers that are used again.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_cached_answer_is_used_until_its_time_is_up() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Closed, "client.id")).await;
    services.set("a", Does::Answers(adds("plan", "gold")));
    for _ in 0..3 {
        assert_eq!(claims(&world).await["plan"], "gold");
    }
    assert_eq!(services.calls().len(), 1);
    tokio::time::advance(Duration::from_secs(60)).await;
    claims(&world).await;
    assert_eq!(services.calls().len(), 2);
    let portal = world.token("portal", &GRANT).await.unwrap();
    assert_eq!(claims_of(portal.access_token())["plan"], "gold");
    assert_eq!(services.calls().len(), 3, "another key is another answer");
}

#[tokio::test(start_paused = true)]
async fn a_bad_patch_and_a_refusal_are_not_cached() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Open, "client.id")).await;
    services.set("a", Does::Answers(adds("iss", "x")));
    claims(&world).await;
    services.set("a", Does::Answers(r#"{"error":{}}"#));
    refusal(token(&world).await);
    services.set("a", Does::Answers(adds("plan", "gold")));
    assert_eq!(claims(&world).await["plan"], "gold");
    assert_eq!(services.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_has_no_value_is_no_key() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Closed, "user.id")).await;
    claims(&world).await;
    claims(&world).await;
    assert_eq!(services.calls().len(), 2, "no user takes part");
}

#[tokio::test(start_paused = true)]
async fn requests_with_the_same_key_share_one_call() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Closed, "client.id")).await;
    services.set("a", Does::After(Duration::from_secs(1), adds("plan", "gold")));
    let answers = tokio::join!(claims(&world), claims(&world), claims(&world));
    assert_eq!((&answers.0["plan"], &answers.1["plan"]), (&json!("gold"), &json!("gold")));
    assert_eq!(services.calls().len(), 1);
}
