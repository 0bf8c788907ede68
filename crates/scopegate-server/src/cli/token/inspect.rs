//! `scopegate token inspect`

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use scopegate_claims::{Audience, Clock, Issuer, SystemClock, UnixTime};
use scopegate_jose::{MAX_TOKEN_LEN, base64url};
use serde_json::Value;

use super::issuer_keys::KeySource;
use super::verdict::{Verdict, check};
use crate::cli::failure::CliError;
use crate::cli::{Workplace, console, time_text};

/// Show what a token says, and check its signature
///
/// Prints the header, the claims and the times, and one verdict: VALID, NOT VERIFIED (there was no
/// key to check it with) or INVALID, with the reason. The keys come from the store that the
/// configuration names, unless --issuer or --jwks is given.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate token mint --client orders-reader | scopegate token inspect
  scopegate token inspect - < token.txt
  scopegate token inspect --issuer https://id.example.com/oauth2/default < token.txt

A token on the command line is kept in the history of the shell: prefer the standard input.
Exit codes: 0 VALID, 1 anything else.")]
pub(crate) struct Inspect {
    /// The token; without it, or with -, it is read from the standard input
    #[arg(value_name = "TOKEN", default_value = "-", hide_default_value = true)]
    token: String,

    /// Check with the published keys of this issuer
    #[arg(long, value_name = "URL", value_parser = Issuer::parse)]
    issuer: Option<Issuer>,

    /// Check with the keys in this file, a JWK set; the issuer is not checked
    #[arg(long, value_name = "FILE", conflicts_with = "issuer")]
    jwks: Option<PathBuf>,

    /// Check that the token is for this audience
    #[arg(long, value_name = "AUDIENCE", value_parser = Audience::parse)]
    audience: Option<Audience>,
}

impl Inspect {
    pub(crate) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let token = self.read_token()?;
        let now = SystemClock.now();
        let verdict = match Decoded::read(&token) {
            Some(decoded) => {
                decoded.show(now)?;
                let source = match (&self.issuer, &self.jwks) {
                    (Some(issuer), _) => KeySource::Issuer(issuer),
                    (None, Some(file)) => KeySource::File(file),
                    (None, None) => KeySource::Store(place),
                };
                match source.keys(decoded.claims["iss"].as_str(), now).await? {
                    Ok(keys) => check(&token, &keys, self.audience.as_ref(), now),
                    Err(reason) => Verdict::NotVerified(reason),
                }
            }
            None => Verdict::Invalid(
                "it is not a JWT: three parts, of which two are JSON in base64url".into(),
            ),
        };
        console::result(&verdict.to_string())?;
        Ok(verdict.exit_code())
    }

    fn read_token(&self) -> Result<String, CliError> {
        if self.token != "-" {
            return Ok(self.token.trim().to_owned());
        }
        let mut text = String::new();
        // More than a token may have, for white space around it. A token that is too long is
        // refused later.
        let most = 4 * MAX_TOKEN_LEN as u64;
        let read = std::io::stdin().lock().take(most).read_to_string(&mut text);
        read.map_err(|error| CliError::Failed(format!("cannot read the token: {error}")))?;
        Ok(text.trim().to_owned())
    }
}

/// The content of a token. Nothing is verified.
struct Decoded {
    header: Value,
    claims: Value,
}

impl Decoded {
    fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let [header, claims, _signature] = [parts.next()?, parts.next()?, parts.next()?];
        let json = |part| serde_json::from_slice::<Value>(&base64url::decode(part).ok()?).ok();
        let (header, claims) = (json(header)?, json(claims)?);
        (parts.next().is_none() && header.is_object()).then_some(Self { header, claims })
    }

    fn show(&self, now: UnixTime) -> Result<(), CliError> {
        for part in [&self.header, &self.claims] {
            console::result(&harmless(&format!("{part:#}")))?;
        }
        console::result("")?;
        for (claim, name) in [
            ("iat", "issued"),
            ("auth_time", "signed in"),
            ("nbf", "valid from"),
            ("exp", "expires"),
        ] {
            if let Some(seconds) = self.claims[claim].as_u64() {
                let time = time_text::show(UnixTime::from_seconds(seconds), now);
                console::result(&format!("{name:<10} {time}"))?;
            }
        }
        console::result("")
    }
}

/// Replaces control characters, which a terminal would obey. JSON does not escape all of them.
fn harmless(text: &str) -> String {
    let is_obeyed = |character: char| character.is_control() && character != '\n';
    text.replace(is_obeyed, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_a_token_do_not_reach_the_terminal() {
        let claims = serde_json::json!({ "sub": "\u{1b}[2J \u{9b}2J \u{7f} é" });
        let shown = harmless(&format!("{claims:#}"));
        assert_eq!(shown, "{\n  \"sub\": \"\\u001b[2J \u{fffd}2J \u{fffd} é\"\n}");
    }
}
