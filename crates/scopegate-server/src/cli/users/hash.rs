//! `scopegate users hash`

use std::process::ExitCode;

use clap::Args;
use scopegate_core::people::passwords::hash_here;

use super::secret_input;
use crate::cli::console;
use crate::cli::failure::CliError;

/// Print the hash of a password, for a catalog file
///
/// The password is asked for, or read from the standard input.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users hash
  scopegate users hash < password.txt

In the catalog file:
  [[user]]
  login = \"alice\"
  password = { hash = \"$argon2id$…\" }

Exit codes: 0 printed, 2 the password is too short, too long or not typed twice.")]
pub(crate) struct Hash {}

impl Hash {
    pub(super) fn run(self) -> Result<ExitCode, CliError> {
        console::result(&hash_here(&secret_input::chosen()?))?;
        Ok(ExitCode::SUCCESS)
    }
}
