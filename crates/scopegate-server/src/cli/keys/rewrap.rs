//! `scopegate keys rewrap`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgGroup, Args};
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::administration::rewrap::{
    Resealed, RewrapError, change_master_key, reseal_all,
};
use scopegate_core::store::SealedKey;
use scopegate_jose::MasterKey;
use scopegate_server::Exposure;
use scopegate_server::master_key::MasterKeySource;
use scopegate_server::setup::Setup;

use crate::cli::failure::CliError;
use crate::cli::{Workplace, console, person};

/// How long the command waits for running servers to learn of the new key. What they sealed under
/// the old one meanwhile is then sealed again.
const SERVERS_FOLLOW: Duration = Duration::from_secs(5);

/// The maximum number of passes. Each pass that finds something to do is followed by another one.
const PASSES: usize = 5;

/// What must be true before the first secret is sealed.
const PRECONDITION: &str = "Each running server must have both master keys: the new one, and the old one as the \
    previous. A server without the new key cannot open what is sealed from now on.";

/// The maximum number of secrets that are named.
const MAX_NAMED: usize = 20;

/// Seal all secrets under another master key, while servers run
///
/// First give every server both keys: set the new one as the master key and the old one as
/// `previous_master_key_file` or SCOPEGATE_PREVIOUS_MASTER_KEY, and restart one after the other.
/// Then run this command. It can be stopped and run again at any time. When it says that nothing is
/// left, take the old key away.
///
/// Client secrets, refresh tokens and passwords go on working. Against a master key that leaked
/// together with a copy of the database this does not help: that copy still opens. Then also revoke
/// the signing keys, rotate client secrets, and set new passwords.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("key").required(true))]
pub(crate) struct Rewrap {
    /// The file that holds the new master key
    #[arg(long, value_name = "FILE", group = "key")]
    new_master_key: Option<PathBuf>,

    /// The environment variable that holds the new master key
    #[arg(long, value_name = "NAME", group = "key")]
    new_master_key_env: Option<String>,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Rewrap {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let new = self.key()?;
        console::confirm(PRECONDITION, "Does each server have both keys?", self.yes)?;
        let setup = place.open_to_rewrap(&new).await?;
        let actor = person::actor("keys rewrap");
        let (store, known) = (setup.store(), setup.master_key());
        let changed = change_master_key(store, known, &new, &actor, SystemClock.now()).await;
        match changed.map_err(|error| failed(&error))? {
            true => console::notice("new secrets are sealed under the new master key from now on"),
            false => console::notice("this is the master key of the store: sealing what is left"),
        }
        let total = reseal(&setup, &new).await?;
        report(&total)
    }

    fn key(&self) -> Result<MasterKey, CliError> {
        let key = match (&self.new_master_key, &self.new_master_key_env) {
            (Some(file), _) => MasterKeySource { file, exposure: Exposure::Public }.named(),
            (None, name) => MasterKeySource::in_variable(name.as_deref().unwrap_or_default()),
        };
        key.map_err(|error| CliError::failed(&error))
    }
}

/// Seals all secrets, again and again until a pass finds nothing to do.
async fn reseal(setup: &Setup, new: &MasterKey) -> Result<Resealed, CliError> {
    let mut resealed = 0;
    for pass in 1.. {
        let progress = |seen: u64| console::notice(&looked_at(seen));
        let done = reseal_all(setup.store(), setup.master_key(), new, progress).await;
        let mut done = done.map_err(|error| failed(&error))?;
        resealed += done.resealed;
        let is_quiet = done.resealed == 0;
        if is_quiet || pass == PASSES {
            done.resealed = resealed;
            return match is_quiet {
                true => Ok(done),
                false => Err(CliError::Failed(format!(
                    "sealed {resealed} secrets, but servers still seal under the old master key: give \
                     them both keys, and run this command again"
                ))),
            };
        }
        tokio::time::sleep(SERVERS_FOLLOW).await;
    }
    Err(CliError::Failed("no pass was made".to_owned()))
}

fn looked_at(seen: u64) -> String {
    match seen {
        1 => "looked at 1 secret".to_owned(),
        seen => format!("looked at {seen} secrets"),
    }
}

fn report(total: &Resealed) -> Result<ExitCode, CliError> {
    let Resealed { resealed, done, closed, .. } = total;
    console::notice(&format!(
        "{resealed} secrets were sealed again; {done} are under the new master key"
    ));
    if !closed.is_empty() {
        for key in closed.iter().take(MAX_NAMED) {
            console::notice(&format!("not opened by any given key: {}", name(key)));
        }
        return Err(CliError::Failed(format!(
            "{} secrets are under neither key: give the key that sealed them as the previous master key, \
             and run this command again",
            closed.len()
        )));
    }
    console::notice(
        "Nothing is left under the old master key. Once every server has the new one, take the old one \
         away.",
    );
    console::notice(
        "If the old key leaked together with a copy of the database, that copy still opens: also revoke \
         the signing keys, rotate client secrets, and set new passwords.",
    );
    Ok(ExitCode::SUCCESS)
}

fn name(key: &SealedKey) -> String {
    match key {
        SealedKey::SigningKey { server, kid } => format!("the signing key `{kid}` of `{server}`"),
        SealedKey::Password(user) => format!("the password of the user {user}"),
    }
}

fn failed(error: &RewrapError) -> CliError {
    CliError::failed(error)
}
