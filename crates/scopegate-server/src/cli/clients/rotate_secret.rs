//! `scopegate clients rotate-secret`

use std::time::Duration;

use clap::Args;
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::administration::clients;
use scopegate_core::catalog::ClientId;
use scopegate_server::setup::Setup;
use serde_json::json;

use super::door;
use super::new_secret::{NewSecret, SecretSource};
use crate::cli::failure::CliError;
use crate::cli::{console, person, time_text};

/// Give a client a new secret, which is shown once; the old one ends after the overlap
///
/// Both secrets are accepted during the overlap, so that the client can be changed without an outage. With
/// --overlap 0s the old secret ends at once. Of two old secrets the older one always ends at once.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients rotate-secret batch
  scopegate clients rotate-secret batch --overlap 7d
  scopegate clients rotate-secret batch --overlap 0s --secret-file secret.txt

Exit codes: 0 done, 1 the store refused it (unknown client, no secret, secrets in a file), 2 wrong arguments.")]
pub(crate) struct RotateSecret {
    /// The client id
    #[arg(value_name = "ID", value_parser = ClientId::parse)]
    id: ClientId,

    /// How long the old secret is still accepted
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time_text::parse_age)]
    overlap: Duration,

    #[command(flatten)]
    source: SecretSource,

    /// Print one JSON object, with the secret
    #[arg(long)]
    json: bool,
}

impl RotateSecret {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let chosen = self.source.read()?;
        let secret = NewSecret::make(chosen.as_ref().map(|text| text.as_str()), setup.master_key());
        let (actor, id) = (person::actor("clients rotate-secret"), &self.id);
        clients::rotate_secret(&door(setup, &actor), id, &secret.kept, self.overlap).await?;
        let now = SystemClock.now();
        let end = now.plus(self.overlap);
        if self.json {
            let shown = secret.shown.as_ref().map(|text| text.as_str());
            let end = time_text::rfc3339(end);
            let shown = json!({ "id": id, "secret": shown, "old_secrets_end_at": end });
            return console::result(&format!("{shown:#}"));
        }
        let old = match self.overlap.is_zero() {
            true => "the old one has ended".to_owned(),
            false => format!("the old one ends {}", time_text::show(end, now)),
        };
        match &secret.shown {
            None => {
                console::notice(&format!("the client `{id}` has the new secret; {old}"));
                Ok(())
            }
            Some(text) => {
                console::notice(&format!(
                    "the client `{id}` has a new secret, shown this once; {old}:"
                ));
                console::result(text)
            }
        }
    }
}
