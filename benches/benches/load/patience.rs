//! How long machine clients wait for tokens while users sign in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::browser::sign_in;
use crate::child::ServerProcess;
use crate::http::Connection;
use crate::side::client_credentials;

const USERS: usize = 4;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
const MACHINES: usize = 4;
/// The interval between two requests of a machine.
const PACE: Duration = Duration::from_millis(8);

pub(crate) async fn measure() {
    let server = ServerProcess::start("ours", "ES256");
    let port = server.port;
    waits(port, Duration::from_secs(1)).await;
    println!(
        "\n| client_credentials, p99 | idle, µs | {USERS} users sign in, µs | ratio | sign-ins/s |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for round in 1..=ROUNDS {
        let idle = p99(waits(port, ROUND).await);
        let (end, signed_in) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut users = JoinSet::new();
        for _ in 0..USERS {
            let (end, signed_in) = (Arc::clone(&end), Arc::clone(&signed_in));
            users.spawn(async move {
                while !end.load(Ordering::Relaxed) {
                    sign_in(port).await;
                    signed_in.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let busy = p99(waits(port, ROUND).await);
        let rate = f64::from(signed_in.load(Ordering::Relaxed)) / ROUND.as_secs_f64();
        end.store(true, Ordering::Relaxed);
        users.join_all().await;
        let ratio = busy / idle;
        println!("| round {round} | {idle:.0} | {busy:.0} | {ratio:.2} | {rate:.0} |");
    }
}

/// The duration of each request, in microseconds.
async fn waits(port: u16, how_long: Duration) -> Vec<f64> {
    let request = client_credentials("/oauth2/default/v1/token");
    let mut machines = JoinSet::new();
    for machine in 0..MACHINES {
        let mut connection = Connection::open(port).await;
        let request = request.clone();
        machines.spawn(async move {
            tokio::time::sleep(PACE * machine as u32 / MACHINES as u32).await;
            let (began, mut waits) = (Instant::now(), Vec::new());
            let mut pace = interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while began.elapsed() < how_long {
                pace.tick().await;
                let asked = Instant::now();
                assert_eq!(connection.send(&request).await.status, 200);
                waits.push(asked.elapsed().as_secs_f64() * 1e6);
            }
            waits
        });
    }
    machines.join_all().await.into_iter().flatten().collect()
}

fn p99(mut waits: Vec<f64>) -> f64 {
    waits.sort_by(f64::total_cmp);
    waits[waits.len() * 99 / 100]
}
