//! The load: tokens are asked for at a steady rate, and presented several times.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::Run;
use crate::balancer::any_up;
use crate::catalog::SERVERS;
use crate::record::Moment;
use crate::token::{self, Token, random_below};
use crate::verifiers::Kind;

/// A token causes seven requests, so that there are 20 requests a second.
const PERIOD: Duration = Duration::from_millis(350);

/// How long before its end a token is presented for the last time.
const BEFORE_END: Duration = Duration::from_secs(5);

/// `iat` and `exp` are full seconds, so a token ends up to one second before its lifetime has
/// passed.
const ROUNDED: Duration = Duration::from_secs(1);

/// Asks for tokens and presents them until the run ends.
pub(crate) async fn generate(run: &Arc<Run>) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut ticks = tokio::time::interval(PERIOD);
    // A machine that was busy gets no burst of requests afterwards.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tokens = JoinSet::new();
    while run.begin.elapsed() < run.duration {
        ticks.tick().await;
        let server = SERVERS[random_below(SERVERS.len() as u64) as usize].0;
        tokens.spawn(one(Arc::clone(run), client.clone(), server));
        while tokens.try_join_next().is_some_and(|ended| ended.is_ok()) {}
    }
    while let Some(ended) = tokens.join_next().await {
        ended.expect("no task panics");
    }
}

/// The life of one token.
async fn one(run: Arc<Run>, client: reqwest::Client, server: &'static str) {
    let Some(node) = any_up(&run.cluster.nodes) else {
        return run.record.nobody_up();
    };
    let life = node.life();
    let token = match token::ask(&client, node, server).await {
        Ok(token) => token,
        // It was killed while it worked. Any other failure has no excuse.
        Err(_) if node.life() != life => return run.record.cut_by_kill(node.name),
        Err(error) => return run.record.not_issued(node.name, server, &error),
    };
    run.record.issued(&token);
    let last = token.lifetime - BEFORE_END;
    let later = Duration::from_millis(random_below(last.as_millis() as u64));
    let moments =
        [(Moment::AtOnce, Duration::ZERO), (Moment::Later, later), (Moment::BeforeEnd, last)];
    for (moment, age) in moments {
        let at = token.issued + age;
        if at > run.begin + run.duration {
            return;
        }
        tokio::time::sleep_until(at.into()).await;
        present(&run, &token, moment).await;
    }
}

/// Presents the token to both services at the same time.
async fn present(run: &Run, token: &Token, moment: Moment) {
    let [layer, jose] = Kind::ALL.map(|kind| async move {
        let asked = Instant::now();
        let answer = run.verifiers.verify(kind, token).await;
        // A machine that was paused presents a token too late, which says nothing about keys.
        if answer.is_err() && token.issued.elapsed() + ROUNDED >= token.lifetime {
            return run.record.presented_too_late(kind);
        }
        run.record.presented(token, kind, moment, asked, answer);
    });
    tokio::join!(layer, jose);
}
