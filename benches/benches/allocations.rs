//! How many allocations authentication adds to a request. Times are measured separately by `over`,
//! which runs without the counting allocator.

use std::io::{self, Write};

use scopegate_benches::{Contender, Setting};
use scopegate_jose::Algorithm;
use serde_json::json;

#[expect(dead_code, reason = "shared with another target")]
mod ours;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "\n| allocations added | around the `Router` | `Router::layer` |")?;
    writeln!(out, "| --- | --- | --- |")?;
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let setting = &mut Setting::new(algorithm);
        let (mut plain, mut around, mut inside) =
            (ours::plain(), ours::around(setting), ours::inside(setting));
        let pool = [setting.tokens(100), setting.tokens(100)];
        let once = setting.token(json!({}));
        let again = [(); 2].map(|()| vec![once.clone(); 100]);
        let name = algorithm.name();
        for (which, pool) in [("first-seen", &pool), ("repeat", &again)] {
            let bare = count(&mut plain, pool);
            let [around, inside] =
                [count(&mut around, pool), count(&mut inside, pool)].map(|count| count - bare);
            writeln!(out, "| {name}, {which} | {around:.1} | {inside:.1} |")?;
        }
        if algorithm == Algorithm::EdDsa {
            let bare = count(&mut plain, &pool);
            writeln!(out, "\nA request without authentication makes {bare:.1} allocations.")?;
        }
    }
    Ok(())
}

/// The average number of allocations per request, after buffers have reached their final size.
fn count(contender: &mut dyn Contender, [warm, counted]: &[Vec<String>; 2]) -> f64 {
    contender.prepare(warm);
    contender.run();
    contender.prepare(counted);
    let info = allocation_counter::measure(|| contender.run());
    info.count_total as f64 / counted.len() as f64
}
