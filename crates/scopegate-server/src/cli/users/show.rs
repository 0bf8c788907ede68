//! `scopegate users show`

use clap::Args;
use scopegate_core::authority::Authority;
use serde_json::Value;

use super::known;
use super::record::UserRecord;
use crate::cli::console;
use crate::cli::failure::CliError;
use crate::cli::table::{Form, Listed, on_one_line};

/// The members in the order of the text.
const MEMBERS: [&str; 9] = [
    "id",
    "login",
    "status",
    "owner",
    "groups",
    "profile",
    "has_password",
    "created_at",
    "updated_at",
];

/// Show a user: as text on a terminal, or as JSON
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users show alice
  scopegate users show 00uAbCdEfGhIjKlMnOpQrSt --json

Exit codes: 0 shown, 1 there is no such user, 2 wrong arguments.")]
pub(crate) struct Show {
    /// The login or the id
    #[arg(value_name = "USER")]
    user: String,

    /// Print JSON on a terminal, too
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let user = known(authority, &self.user).await?;
        let has_password = authority.store().password(&user.id).await;
        let has_password = has_password.map_err(|error| CliError::failed(&error))?.is_some();
        let mut shown = UserRecord(user).json();
        shown["has_password"] = has_password.into();
        if self.json || Form::of_text() == Form::Tabs {
            return console::result(&format!("{shown:#}"));
        }
        for name in MEMBERS {
            let text = match &shown[name] {
                Value::String(text) => text.clone(),
                Value::Array(list) => {
                    list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
                }
                other => other.to_string(),
            };
            console::result(&on_one_line(&format!("{:<13} {text}", name.replace('_', " "))))?;
        }
        Ok(())
    }
}
