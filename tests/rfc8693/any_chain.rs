//! Random sequences of exchanges.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scopegate_claims::ScopeSet;
use serde_json::Value;

use super::world::{ACCESS, World, access_token, claims_of};
use scopegate_tests::Token;

const SCOPES: [&str; 4] = ["read:orders", "write:orders", "sell:orders", "profile"];
const AUDIENCES: [&str; 2] = ["api://orders", "api://stock"];

/// One exchange request.
#[derive(Clone, Debug)]
struct Step {
    client: &'static str,
    acts: bool,
    scope: Vec<&'static str>,
    audience: Option<&'static str>,
    waits: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let client = select(vec!["gateway", "worker", "portal", "named"]);
    let scope = prop_oneof![Just(Vec::new()), subsequence(SCOPES.to_vec(), 1..=SCOPES.len())];
    let audience = proptest::option::of(select(vec![AUDIENCES[0], AUDIENCES[1], "api://billing"]));
    (client, any::<bool>(), scope, audience, 0..200_u64).prop_map(
        |(client, acts, scope, audience, waits)| Step { client, acts, scope, audience, waits },
    )
}

fn scopes_of(claims: &Value) -> ScopeSet {
    ScopeSet::parse(claims["scope"].as_str().unwrap()).unwrap()
}

fn depth(claims: &Value) -> usize {
    std::iter::successors(claims.get("act"), |act| act.get("act")).count()
}

/// No sequence of exchanges gives more scopes, an audience of another server, a longer lifetime,
/// another user, or more than four actors.
#[tokio::test]
async fn no_sequence_of_exchanges_widens_a_token() {
    let world = World::start().await;
    let mut runner = TestRunner::deterministic();
    let beginning = subsequence(SCOPES.to_vec(), 1..=SCOPES.len());
    let (mut granted, mut refused) = (0, 0);
    for _ in 0..24 {
        let scopes = beginning.new_tree(&mut runner).unwrap().current().join(" ");
        let steps = proptest::collection::vec(step(), 1..12);
        let steps = steps.new_tree(&mut runner).unwrap().current();
        let user = if granted % 3 == 0 { &world.bob } else { &world.alice };
        let like = Token { scopes: &scopes, ..Token::default() };
        let mut token = world.token(user, like).await;
        let mut before: Option<Value> = None;
        for step in steps {
            world.server.clock().advance(Duration::from_secs(step.waits));
            let own = match step.acts && step.client != "portal" {
                true => Some(world.own_token(step.client).await),
                false => None,
            };
            let scope = step.scope.join(" ");
            let mut more = vec![("scope", scope.as_str())];
            more.extend(step.audience.map(|audience| ("audience", audience)));
            if let Some(own) = &own {
                more.extend([("actor_token", own.as_str()), ("actor_token_type", ACCESS)]);
            }
            let answer = world.exchange(step.client, &token, &more).await;
            if answer.status != 200 {
                assert_eq!(answer.status, 400, "{}", answer.body);
                refused += 1;
                continue;
            }
            granted += 1;
            let claims = claims_of(&answer);
            let most = match &before {
                Some(before) => scopes_of(before),
                None => ScopeSet::parse(&scopes).unwrap(),
            };
            assert!(scopes_of(&claims).is_subset(&most), "{step:?}");
            assert!(!scopes_of(&claims).contains("sell:orders"), "the user did not consent");
            assert!(AUDIENCES.contains(&claims["aud"].as_str().unwrap()));
            assert_eq!(claims["uid"], user.id.as_str());
            assert_eq!(claims["client_id"], step.client);
            assert!(depth(&claims) <= 4);
            if let Some(before) = &before {
                assert!(claims["exp"].as_u64() <= before["exp"].as_u64(), "{step:?}");
                assert_eq!(depth(&claims), depth(before) + usize::from(own.is_some()));
            }
            token = access_token(&answer);
            before = Some(claims);
        }
    }
    assert!(granted > 20 && refused > 20, "{granted} granted, {refused} refused");
}
