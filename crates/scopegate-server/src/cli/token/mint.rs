//! `scopegate token mint`

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::call::Refused;
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::endpoints::token::{TokenResponse, VouchedRequest};
use scopegate_core::error::{CallError, OAuthError};
use scopegate_core::form::Form;
use scopegate_core::spelling::parse_duration;

use crate::cli::failure::CliError;
use crate::cli::{Workplace, arguments, console};

/// Make an access token for a client, without its secret
///
/// For development and tests, on the store that the configuration names. The token is the one that
/// the client would get by `client_credentials`: the policies decide, the server's key signs, and
/// the audit log records that an administrator asked. Only the token is printed.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate token mint --client orders-reader --scope read:orders
  scopegate token mint --server orders --client batch --scope 'a b' --lifetime 5m
  curl -H \"Authorization: Bearer $(scopegate token mint --client orders-reader)\" localhost:8080/orders

Exit codes: 0 made, 1 refused, 2 wrong arguments.")]
pub(crate) struct Mint {
    /// The authorization server
    #[arg(long, value_name = "ID", default_value = ServerId::DEFAULT, value_parser = arguments::server)]
    server: ServerId,

    /// The client that the token is for
    #[arg(long, value_name = "ID", value_parser = ClientId::parse)]
    client: ClientId,

    /// The scopes, separated by spaces [default: the server's default scopes]
    #[arg(long, value_name = "SCOPES")]
    scope: Vec<String>,

    /// The resource that selects the audience (RFC 8707) [default: the server's first audience]
    #[arg(long, value_name = "URL")]
    resource: Option<String>,

    /// Give the token a shorter lifetime than the policy, such as 30s or 5m
    #[arg(long, value_name = "TIME", value_parser = parse_lifetime)]
    lifetime: Option<Duration>,
}

impl Mint {
    pub(crate) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let authority = place.authority().await?;
        let minted = self.mint(&authority).await;
        // Closing writes the audit event of the decision, whatever it was.
        authority.close().await;
        let response = minted.map_err(|refused| self.explain(&refused.error))?;
        console::result(response.access_token())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn mint(&self, authority: &Authority) -> Result<TokenResponse, Refused> {
        let scope = self.scope.join(" ");
        let parameters = [
            ("grant_type", "client_credentials"),
            ("scope", &scope),
            ("resource", self.resource.as_deref().unwrap_or_default()),
        ];
        let form = Form::collect(parameters).map_err(CallError::from)?;
        let request = VouchedRequest {
            server: &self.server,
            client: &self.client,
            form: &form,
            lifetime: self.lifetime.unwrap_or(Duration::MAX),
        };
        authority.token_as_administrator(request).await
    }

    /// The message that the client would get, and a more precise one for the administrator where
    /// there is one.
    fn explain(&self, error: &CallError) -> CliError {
        let Self { server, client, .. } = self;
        match error {
            CallError::InvalidClient(reason) => {
                CliError::Failed(format!("no token for the client `{client}`: {reason}"))
            }
            CallError::UnknownServer => {
                CliError::Failed(format!("there is no active authorization server `{server}`"))
            }
            CallError::Signing(_) | CallError::SignerUnavailable(_) | CallError::Storage(_) => {
                CliError::failed(error)
            }
            error => {
                let OAuthError { error, description, .. } = OAuthError::from(error);
                CliError::Failed(format!("{}: {description}", error.as_str()))
            }
        }
    }
}

fn parse_lifetime(text: &str) -> Result<Duration, &'static str> {
    let lifetime = parse_duration(text).filter(|lifetime| !lifetime.is_zero());
    lifetime.ok_or("write a time such as 30s, 5m or 1h30m")
}
