//! `scopegate completions`

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::failure::CliError;
use super::{Cli, console};

/// Print a script that lets a shell complete the commands
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate completions bash > ~/.local/share/bash-completion/completions/scopegate
  scopegate completions zsh > ~/.zfunc/_scopegate
  scopegate completions fish > ~/.config/fish/completions/scopegate.fish
  scopegate completions powershell >> $PROFILE

Exit codes: 0 printed, 2 unknown shell.")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<ExitCode, CliError> {
        // Into memory first: the generator would panic if the output is closed.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "scopegate", &mut script);
        console::result(String::from_utf8_lossy(&script).trim_end())?;
        Ok(ExitCode::SUCCESS)
    }
}
