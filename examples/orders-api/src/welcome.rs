//! The text that the demo prints at start: commands to paste into a shell.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use crate::data_folder::DataFolder;
use crate::partner;

/// The text that the demo prints at start.
///
/// Each command is on one line and works in a shell of its own: tokens are passed between commands
/// in files. The explanations are comments, so that everything can be pasted at once. They contain
/// no quotes and brackets, because some shells interpret those even in comments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Welcome<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) origin: Origin,
    pub(crate) data: &'a DataFolder,
}

/// Where the issuer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// In another process.
    Elsewhere,
    /// In this process.
    Here,
}

impl Welcome<'_> {
    /// Prints the text.
    pub(crate) fn print(self) -> anyhow::Result<()> {
        let commands = match self.origin {
            Origin::Elsewhere => self.with_another_issuer(),
            Origin::Here => self.with_our_issuer()?,
        };
        let mut out = io::stdout().lock();
        let printed = write!(out, "{}\n{commands}\n# Ctrl-C stops the demo.\n", self.places());
        match printed.and_then(|()| out.flush()) {
            // The reader closed the pipe.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            printed => Ok(printed?),
        }
    }

    fn places(self) -> String {
        let Self { address, issuer, audience, origin, data } = self;
        let issued = match origin {
            Origin::Elsewhere => "It trusts",
            Origin::Here => "Its issuer",
        };
        let path = data.path().display();
        let kept = match data {
            DataFolder::Kept(_) => format!("{path}"),
            DataFolder::Temporary(_) => format!("{path} until the demo stops"),
        };
        format!(
            "# The orders API   http://{address}\n\
             # {issued:<15}  {issuer}, for {audience}\n\
             # Kept in          {kept}\n"
        )
    }

    fn with_our_issuer(self) -> anyhow::Result<Commands> {
        let (api, issuer) = (format!("http://{}", self.address), self.issuer);
        let token = format!("{issuer}/v1/token");
        let reader = quoted(&self.data.path().join("reader.token"));
        let writer = quoted(&self.data.path().join("writer.token"));
        let device = quoted(&self.data.path().join("device.json"));
        let bearer = |file: &str| format!("-H \"Authorization: Bearer $(cat {file})\"");
        let (may_read, may_write) = (bearer(&reader), bearer(&writer));
        let keep = |file: &str| format!("grep -o 'eyJ[^\"]*' | tee {file}");
        let (keep_reader, keep_writer) = (keep(&reader), keep(&writer));
        let order = r#"{"customer":"Harbour Books","item":"Desk lamp","quantity":2,"unit_price_cents":4990}"#;
        let assertion = partner::assertion(issuer)?;

        let mut commands = Commands::new("Paste these lines into another terminal, in this order.");
        commands.add(
            "A token that may read, for a client that sends its secret by HTTP Basic",
            format!(
                "curl -s -u orders-reader:orders-reader-demo-secret-not-for-production \
                 -d grant_type=client_credentials -d scope=read:orders {token} | {keep_reader}"
            ),
        );
        commands.add(
            "A token that may also write, for a client that sends its secret in the form",
            format!(
                "curl -s -d client_id=orders-post \
                 -d client_secret=orders-post-demo-secret-not-for-production \
                 -d grant_type=client_credentials -d scope=read:orders+write:orders {token} \
                 | {keep_writer}"
            ),
        );
        commands.add("List orders", format!("curl -sw '\\n' {may_read} '{api}/orders?limit=3'"));
        commands.add("Show one", format!("curl -sw '\\n' {may_read} {api}/orders/42"));
        commands.add(
            "Place one",
            format!(
                "curl -siw '\\n' {may_write} -H 'Content-Type: application/json' \
                 -d '{order}' {api}/orders"
            ),
        );
        commands.add(
            "Refused with 403: this token may only read",
            format!("curl -siw '\\n' -X DELETE {may_read} {api}/orders/42"),
        );
        commands.add("Refused with 401: no token", format!("curl -siw '\\n' {api}/orders"));
        commands.add(
            "Refused with 401: not a token of this issuer",
            format!("curl -siw '\\n' -H 'Authorization: Bearer not-a-token' {api}/orders"),
        );
        commands.add(
            "What a client can learn that knows only the address of the API",
            format!("curl -sw '\\n' {api}/.well-known/oauth-protected-resource"),
        );
        commands.add(
            "A token for a partner that signs an assertion with its key. It can be used once, within an hour",
            format!(
                "curl -sw '\\n' -d grant_type=client_credentials -d scope=read:orders \
                 -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
                 -d client_assertion={assertion} {token}"
            ),
        );
        // The scripts exist only next to the sources.
        let flows = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("flows");
        if flows.exists() {
            let sign_in = quoted(&flows.join("authorization-code.sh"));
            commands.add(
                "A user signs in, step by step. The same folder has a script for every other flow",
                format!("env ISSUER={issuer} API={api} {sign_in}"),
            );
        }
        commands.add(
            "A device without a browser asks for a code. Open the last address, as alice with alice-demo-password",
            format!(
                "curl -sw '\\n' -d client_id=orders-device -d scope=read:orders \
                 {issuer}/v1/device/authorize | tee {device}"
            ),
        );
        commands.add(
            "It polls for its token: authorization_pending, until alice has approved it",
            format!(
                "curl -sw '\\n' -d client_id=orders-device \
                 -d grant_type=urn:ietf:params:oauth:grant-type:device_code \
                 -d device_code=$(cut -d '\"' -f 4 {device}) {token}"
            ),
        );
        Ok(commands)
    }

    fn with_another_issuer(self) -> Commands {
        let api = format!("http://{}", self.address);
        let mut commands = Commands::new("Set TOKEN to a token with the scope read:orders.");
        commands.add(
            "List orders",
            format!("curl -siw '\\n' -H \"Authorization: Bearer $TOKEN\" '{api}/orders?limit=3'"),
        );
        commands.add("Refused with 401: no token", format!("curl -siw '\\n' {api}/orders"));
        commands
    }
}

/// Commands with their explanations.
struct Commands {
    preface: &'static str,
    lines: Vec<(&'static str, String)>,
}

impl Commands {
    fn new(preface: &'static str) -> Self {
        Self { preface, lines: Vec::new() }
    }

    fn add(&mut self, explanation: &'static str, command: String) {
        self.lines.push((explanation, command));
    }
}

impl fmt::Display for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}", self.preface)?;
        for (explanation, command) in &self.lines {
            write!(f, "\n# {explanation}\n{command}\n")?;
        }
        Ok(())
    }
}

/// A path, quoted as one shell word.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_as_one_word() {
        assert_eq!(quoted(Path::new("/tmp/orders-api-1/a.token")), "/tmp/orders-api-1/a.token");
        assert_eq!(quoted(Path::new("/tmp/it's mine")), r"'/tmp/it'\''s mine'");
    }
}
