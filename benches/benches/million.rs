//! Sends a million tokens, each twice, through a cache of 100,000, and prints request times and
//! memory. The second use takes a token into the cache.
//!
//! Uses EdDSA because its signatures are the fastest to make. The slowest requests are those during
//! which the machine did something else, with and without the cache. A problem of a full cache
//! would show as a difference between blocks.

use std::fs;
use std::io::{self, Write};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::routing::get;
use scopegate::{BearerLayer, CacheSize, RequireScope, scoped};
use scopegate_benches::{AUDIENCE, ISSUER, Setting, finish};
use scopegate_jose::Algorithm;
use serde_json::json;
use tower_layer::Layer;
use tower_service::Service;

const BLOCK: usize = 100_000;

#[scoped]
async fn guarded(_: RequireScope<"read:orders">) -> &'static str {
    "orders"
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut setting = Setting::new(Algorithm::EdDsa);
    let size = CacheSize { entries: BLOCK, bytes: 256 << 20 };
    let layer = BearerLayer::issuer(ISSUER).audience(AUDIENCE).keys(setting.keys()).cache(size);
    let layer = layer.build().expect("a layer");
    let mut service = layer.layer(Router::new().route("/orders", get(guarded)));

    writeln!(out, "\n| tokens so far | median, µs | 99 % | 99.9 % | maximum | resident, MiB |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    for block in 1..=10 {
        let mut micros = Vec::with_capacity(2 * BLOCK);
        for _ in 0..BLOCK {
            let token = setting.token(json!({}));
            micros.extend([(); 2].map(|()| send(&mut service, &token)));
        }
        micros.sort_by(f64::total_cmp);
        let [median, most_of, nearly_all, most] =
            [0.5, 0.99, 0.999, 1.0].map(|part| micros[(part * (micros.len() - 1) as f64) as usize]);
        writeln!(
            out,
            "| {} | {median:.0} | {most_of:.0} | {nearly_all:.0} | {most:.0} | {} |",
            block * BLOCK,
            resident()
        )?;
    }
    Ok(())
}

fn send<S, B>(service: &mut S, token: &str) -> f64
where
    S: Service<Request, Response = axum::http::Response<B>, Error = std::convert::Infallible>,
{
    let request = Request::get("/orders").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.body(Body::empty()).expect("a request");
    let begin = Instant::now();
    let response = finish(service.call(request)).expect("infallible");
    let taken = begin.elapsed().as_nanos() as f64 / 1000.0;
    assert_eq!(response.status(), 200);
    taken
}

/// The resident memory of this process in MiB; 0 if the system does not report it.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_usize) * 4096 / (1 << 20)
}
