//! `scopegate keys rotate`

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::ServerId;
use scopegate_core::keys::Rotated;
use scopegate_jose::Algorithm;

use super::{parse_server, server};
use crate::cli::failure::CliError;
use crate::cli::time_text::show;
use crate::cli::{console, person};

/// Announce the next key now. It signs once all caches have it
///
/// A running server lets it sign. To replace a key that has leaked, use `keys revoke`.
#[derive(Args, Debug)]
pub(crate) struct Rotate {
    /// The authorization server
    #[arg(long, value_name = "ID", value_parser = parse_server)]
    server: ServerId,

    /// Only the key of this algorithm, such as ES256 [default: all algorithms of the server]
    #[arg(long, value_name = "NAME", value_parser = parse_algorithm)]
    algorithm: Option<Algorithm>,
}

impl Rotate {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let server = server(authority, &self.server)?;
        let actor = person::actor("keys rotate");
        let rotated = authority.keys().rotate(&server, self.algorithm, &actor).await;
        let now = authority.clock().now();
        for key in rotated.map_err(|error| CliError::failed(&error))? {
            let Rotated { kid, algorithm, signs_from, .. } = &key;
            let when = show(*signs_from, now);
            let done = match key.was_announced {
                true => "was announced before",
                false => "is announced",
            };
            console::notice(&format!(
                "the {} key `{kid}` {done}; it signs from {when}",
                algorithm.name()
            ));
        }
        if !server.spec.status.is_active() {
            console::notice("the server is not active: its keys change when it is active again");
        }
        Ok(())
    }
}

fn parse_algorithm(text: &str) -> Result<Algorithm, String> {
    let known = Algorithm::SIGNING.iter().find(|algorithm| algorithm.name() == text);
    known.copied().ok_or_else(|| {
        let names: Vec<_> = Algorithm::SIGNING.iter().map(|known| known.name()).collect();
        format!("write one of {}", names.join(", "))
    })
}
