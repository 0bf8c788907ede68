//! The order of hooks.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_hook_sees_the_changes_of_those_before_it_and_an_independent_one_does_not() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    world.add_hook("b", http(OnFailure::Closed)).await;
    let independent = HookSpec { independent: true, ..http(OnFailure::Closed) };
    world.add_hook("c", independent).await;
    services.set("a", Does::After(Duration::from_secs(1), adds("of_a", "x")));
    services.set("b", Does::Echoes("seen_by_b"));
    services.set("c", Does::Echoes("seen_by_c"));
    let claims = claims(&world).await;
    assert!(claims["seen_by_b"].as_array().unwrap().contains(&json!("of_a")), "{claims}");
    assert!(!claims["seen_by_c"].as_array().unwrap().contains(&json!("of_a")), "{claims}");
    let names = services.names();
    assert_eq!(names[2], "b", "{names:?}: the independent one is called beside the first");
}

#[tokio::test(start_paused = true)]
async fn independent_hooks_are_called_at_once_and_applied_in_the_order_of_the_rule() {
    let (world, services) = world().await;
    let independent = HookSpec { independent: true, ..http(OnFailure::Closed) };
    for (name, seconds) in [("a", 2), ("b", 1)] {
        world.add_hook(name, independent.clone()).await;
        services.set(name, Does::After(Duration::from_secs(seconds), adds("last", name)));
    }
    let begun = Instant::now();
    assert_eq!(claims(&world).await["last"], "b", "the later one in the rule wins");
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
}
