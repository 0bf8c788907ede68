//! Deadlines, calls at once, and circuit breakers.

use super::*;

#[tokio::test(start_paused = true)]
async fn all_hooks_of_a_request_have_three_seconds_together() {
    let (world, services) = world().await;
    for name in ["a", "b"] {
        world.add_hook(name, http(OnFailure::Open)).await;
        services.set(name, Does::After(Duration::from_secs(2), adds(name, "x")));
    }
    let begun = Instant::now();
    let claims = claims(&world).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    assert_eq!((claims.get("a"), claims.get("b")), (Some(&json!("x")), None));
}

#[tokio::test(start_paused = true)]
async fn a_hook_has_its_own_deadline_within_that_of_all() {
    let (world, services) = world().await;
    let deadline = Some(Duration::from_millis(500));
    world.add_hook("a", HookSpec { deadline, ..http(OnFailure::Open) }).await;
    services.set("a", Does::Waits);
    let begun = Instant::now();
    claims(&world).await;
    assert_eq!(begun.elapsed(), Duration::from_millis(500));
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_at_once_fail_at_once() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Open)).await;
    services.set("a", Does::Waits);
    let (world, begun) = (Arc::new(world), Instant::now());
    let waiting: Vec<_> = (0..MAX_CALLS)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { token(&world).await.map(drop).map_err(drop) })
        })
        .collect();
    while services.running.load(Ordering::Relaxed) < MAX_CALLS {
        tokio::task::yield_now().await;
    }
    token(&world).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO, "it did not wait");
    assert_eq!(services.calls().len(), MAX_CALLS);
    let status = world.authority.hooks().status(&world.authority.catalog());
    assert_eq!((status[0].running, status[0].outcomes["open"]), (MAX_CALLS, 1));
    assert_eq!(status[0].last_failure.as_ref().unwrap().failure, "busy");
    services.go.notify_waiters();
    for request in waiting {
        request.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_again_and_again_is_not_called_for_a_while() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Fails(HookFailure::NoConnection("refused".to_owned())));
    for _ in 0..5 {
        assert_eq!(failed_by(token(&world).await), "no_connection");
    }
    assert_eq!(failed_by(token(&world).await), "circuit_open");
    assert_eq!(services.calls().len(), 5);
    services.set("a", Does::Answers("{}"));
    tokio::time::advance(Duration::from_secs(1)).await;
    token(&world).await.unwrap();
    let status = world.authority.hooks().status(&world.authority.catalog());
    assert_eq!(status[0].breaker, BreakerState::Closed);
    assert_eq!((status[0].outcomes["failed"], status[0].outcomes["answered"]), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn a_bad_patch_is_no_reason_to_stop_calling() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Answers(adds("iss", "x")));
    for _ in 0..10 {
        assert_eq!(failed_by(token(&world).await), "bad_patch");
    }
    assert_eq!(services.calls().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_changed_hook_begins_anew() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Fails(HookFailure::TimedOut));
    for _ in 0..6 {
        refusal(token(&world).await);
    }
    assert_eq!(services.calls().len(), 5);
    let deadline = Some(Duration::from_secs(1));
    let spec = Spec::Hook(Box::new(HookSpec { deadline, ..http(OnFailure::Closed) }));
    let entity = Entity { key: EntityKey::hook("a"), owner: Owner::File, spec };
    world.edit(Edit::Put(entity)).await;
    assert_eq!(failed_by(token(&world).await), "timed_out");
    assert_eq!(services.calls().len(), 6);
}
