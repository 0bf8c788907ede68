//! `scopegate token inspect`

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use scopegate_claims::{Audience, Clock, Issuer, SystemClock, UnixTime};
use scopegate_jose::{MAX_TOKEN_LEN, base64url};
use serde_json::{Value, json};

use super::issuer_keys::{Home, KeySource};
use super::origin::Origin;
use super::verdict::{Outcome, Reason, Verdict, check};
use crate::cli::failure::CliError;
use crate::cli::{Workplace, console, time_text};

/// Show what a token says, by which rule it was granted, and whether it still holds
///
/// Prints the header, the claims and the times, and one verdict: VALID, NOT VERIFIED (there was no
/// key to check it with) or INVALID, with every reason. The keys come from the store that the
/// configuration names, unless --issuer or --jwks is given. Only the store knows whether the token was
/// revoked, whether its family, its user and its client are still active, and which rule granted it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate token mint --client orders-reader | scopegate token inspect
  scopegate token inspect - < token.txt
  scopegate token inspect --issuer https://id.example.com/oauth2/default < token.txt
  scopegate token inspect --audience api://orders --json < token.txt

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

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let token = self.read_token()?;
        let now = SystemClock.now();
        let Some(decoded) = Decoded::read(&token) else {
            let text = "it is not a JWT: three parts, of which two are JSON in base64url";
            let verdict = Verdict::unsigned(Outcome::Invalid, Reason::new("malformed", text));
            return self.finish(None, None, &verdict, now);
        };
        let source = match (&self.issuer, &self.jwks) {
            (Some(issuer), _) => KeySource::Issuer(issuer),
            (None, Some(file)) => KeySource::File(file),
            (None, None) => KeySource::Store(place),
        };
        let (verdict, origin) = match source.keys(decoded.claims["iss"].as_str(), now).await? {
            Err(reason) => {
                let reason = Reason::new("no_key", reason);
                (Verdict::unsigned(Outcome::NotVerified, reason), None)
            }
            Ok((keys, home)) => {
                let verdict = check(&token, &keys, self.audience.as_ref(), now);
                match (home, verdict.claims.as_deref()) {
                    (Some(Home { store, base, server }), Some(claims)) => {
                        let origin = Origin::look_up(&store, &base, &server, claims).await;
                        store.close().await;
                        let origin = origin?;
                        let reasons = origin.reasons(claims, now);
                        (verdict.with_reasons(reasons), Some(origin))
                    }
                    (home, _) => {
                        if let Some(home) = home {
                            home.store.close().await;
                        }
                        (verdict, None)
                    }
                }
            }
        };
        self.finish(Some(&decoded), origin.as_ref(), &verdict, now)
    }

    fn finish(
        &self,
        decoded: Option<&Decoded>,
        origin: Option<&Origin>,
        verdict: &Verdict,
        now: UnixTime,
    ) -> Result<ExitCode, CliError> {
        if self.json {
            let shown = json(decoded, origin, verdict, now);
            console::result(&harmless(&format!("{shown:#}")))?;
            return Ok(verdict.exit_code());
        }
        if let Some(decoded) = decoded {
            decoded.show(now)?;
            if let Some(origin) = origin {
                console::result(&harmless(&origin.line(now)))?;
            }
            console::result("")?;
        }
        console::result(&harmless(&verdict.to_string()))?;
        Ok(verdict.exit_code())
    }

    fn read_token(&self) -> Result<String, CliError> {
        if self.token != "-" {
            console::notice(
                "warning: a token on the command line is visible to other users of this machine, and stays in \
                 the history of the shell: give it on the standard input",
            );
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
        Ok(())
    }
}

/// Everything as one object.
fn json(
    decoded: Option<&Decoded>,
    origin: Option<&Origin>,
    verdict: &Verdict,
    now: UnixTime,
) -> Value {
    let claims = decoded.map(|decoded| &decoded.claims);
    let time = |claim: &str| {
        let seconds = claims.and_then(|claims| claims[claim].as_u64());
        seconds.map(UnixTime::from_seconds)
    };
    let expires_in = time("exp").map(|end| {
        let seconds = |from: UnixTime, to: UnixTime| {
            i64::try_from(to.since(from).as_secs()).unwrap_or(i64::MAX)
        };
        if end >= now { seconds(now, end) } else { -seconds(end, now) }
    });
    let mut shown = json!({
        "verdict": verdict.outcome,
        "reasons": verdict.reasons,
        "notes": verdict.notes,
        "signed_by": verdict.signed_by,
        "header": decoded.map(|decoded| &decoded.header),
        "claims": claims,
        "issued_at": time("iat").map(time_text::rfc3339),
        "valid_from": time("nbf").map(time_text::rfc3339),
        "expires_at": time("exp").map(time_text::rfc3339),
        "expires_in": expires_in,
    });
    let origin = origin.map_or_else(|| json!({ "rule": null, "standing": null }), Origin::json);
    if let (Some(shown), Value::Object(origin)) = (shown.as_object_mut(), origin) {
        shown.extend(origin);
    }
    shown
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
