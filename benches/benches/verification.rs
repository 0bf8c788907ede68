//! Verification without HTTP: the signature alone, and all checks of an access token.
//!
//! Use it for changes to `scopegate-jose`; `over` measures whole requests.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::{AUDIENCE, ISSUER, Setting};
use scopegate_claims::{Audience, Clock, Issuer, SystemClock};
use scopegate_jose::{Algorithm, AudienceRule, Rules, base64url, verify_access_token};
use serde_json::json;

fn verification(criterion: &mut Criterion) {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let mut setting = Setting::new(algorithm);
        let token = setting.token(json!({}));
        let mut group = criterion.benchmark_group(algorithm.name());

        let raw = setting.raw_key();
        let (signed, encoded) = token.rsplit_once('.').expect("three segments");
        let signature = base64url::decode(encoded).expect("base64url");
        group.bench_function("raw", |bencher| {
            bencher
                .iter(|| raw.verify_sig(black_box(signed.as_bytes()), &signature).expect("valid"));
        });

        let issuer = Issuer::parse(ISSUER).expect("an issuer");
        let audience = Audience::parse(AUDIENCE).expect("an audience");
        let rules = Rules::new(issuer, AudienceRule::any_of([audience]));
        let keys = setting.keys();
        group.bench_function("verify_access_token", |bencher| {
            let now = SystemClock.now();
            bencher.iter(|| {
                verify_access_token(black_box(&token), &keys, &rules, now).expect("valid")
            });
        });

        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(4)).sample_size(60);
    targets = verification
}
criterion_main!(benches);
