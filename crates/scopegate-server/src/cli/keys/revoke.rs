//! `scopegate keys revoke`

use std::io::{BufRead, IsTerminal};

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::ServerId;
use scopegate_core::keys::{KeyOrderError, Revoked};
use scopegate_core::store::KeyPhase;

use super::{parse_server, server};
use crate::cli::failure::CliError;
use crate::cli::time_text::amount;
use crate::cli::{console, person};

/// Drop a key at once, because it may have leaked
///
/// All tokens that it signed are refused as soon as verifiers notice. If it signed, another key
/// signs from now on.
#[derive(Args, Debug)]
pub(crate) struct Revoke {
    /// The id of the key, as `keys list` shows it
    #[arg(value_name = "KID")]
    kid: String,

    /// The authorization server of the key, if several have a key with this id
    #[arg(long, value_name = "ID", value_parser = parse_server)]
    server: Option<ServerId>,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Revoke {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let kid = &self.kid;
        let unknown = || {
            CliError::Failed(format!("there is no key `{kid}`: `scopegate keys list` shows all"))
        };
        let id = self.server.clone().or_else(|| authority.keys().owner(kid)).ok_or_else(unknown)?;
        let server = server(authority, &id)?;
        if !self.yes && !is_confirmed(kid, &id)? {
            return Err(CliError::Failed("nothing was changed".to_owned()));
        }
        let actor = person::actor("keys revoke");
        match authority.keys().revoke(&server, kid, &actor).await {
            Ok(revoked) => {
                explain(kid, &revoked);
                Ok(())
            }
            Err(KeyOrderError::UnknownKey) => Err(unknown()),
            Err(error) => Err(CliError::failed(&error)),
        }
    }
}

fn is_confirmed(kid: &str, server: &ServerId) -> Result<bool, CliError> {
    let mut input = std::io::stdin().lock();
    if !std::io::stdin().is_terminal() {
        let message = "a key is revoked only if you confirm it: add --yes";
        return Err(CliError::usage(message));
    }
    console::notice(&format!(
        "All tokens that the key `{kid}` of `{server}` signed will be refused. Write yes to revoke it:"
    ));
    let mut answer = String::new();
    input.read_line(&mut answer).map_err(|error| CliError::failed(&error))?;
    Ok(answer.trim() == "yes")
}

/// Says what no longer works, and for how long verifiers may still accept the key.
fn explain(kid: &str, revoked: &Revoked) {
    let Revoked { server, algorithm, .. } = revoked;
    console::notice(&format!("revoked the {} key `{kid}` of `{server}`", algorithm.name()));
    if let Some(successor) = &revoked.successor {
        console::notice(&format!("the key `{successor}` signs from now on"));
    }
    if revoked.successor.is_none() && revoked.phase == KeyPhase::Signing {
        console::notice(
            "No key signs instead yet: the service that holds the signing keys cannot make one at the \
             moment. The servers make it as soon as it can.",
        );
    }
    if let Some(why) = &revoked.undestroyed {
        console::notice(&format!(
            "The private key may still exist where it was made. Destroy it there: {why}"
        ));
    }
    let (cached, longest) = (amount(revoked.cached.as_secs()), amount(revoked.longest.as_secs()));
    console::notice(&format!(
        "- Access tokens and ID tokens that it signed are refused. Each was valid for at most {longest}; \
         clients need new ones."
    ));
    console::notice("- Refresh tokens, sessions and client secrets go on working.");
    console::notice(&format!(
        "- Running servers drop the key within seconds. Services and caches that follow Cache-Control \
         may accept it for {cached} more. scopegate's own layer also keeps old keys for up to 24 hours \
         while it cannot reach this server. Restart services that must not wait."
    ));
    if revoked.successor.is_some() {
        console::notice(
            "- A service that does not fetch the keys again for an unknown key id refuses new tokens for \
             as long.",
        );
    }
}
