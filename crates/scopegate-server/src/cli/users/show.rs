//! `scopegate users show`

use clap::Args;
use scopegate_core::authority::Authority;
use serde_json::json;

use super::{known, status_name};
use crate::cli::console;
use crate::cli::failure::CliError;

/// Show a user, as JSON
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The login
    #[arg(value_name = "LOGIN")]
    login: String,
}

impl Show {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let user = known(authority, &self.login).await?;
        let has_password = authority.store().password(&user.id).await;
        let has_password = has_password.map_err(|error| CliError::failed(&error))?.is_some();
        let shown = json!({
            "id": user.id,
            "login": user.login,
            "status": status_name(user.status),
            "groups": user.groups,
            "profile": user.profile,
            "has_password": has_password,
        });
        console::result(&format!("{shown:#}"))
    }
}
