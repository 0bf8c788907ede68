//! `client_secret_basic`: the secret in the Authorization header (RFC 6749 §2.3.1).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{Method, Presented, Proof, Proved, WRONG_SECRET, is_secret_of};
use crate::catalog::{Client, ClientAuth, Credential};

/// The method.
///
/// Many clients do not form-encode their secret, which fails if the secret contains `%` or `+`. So a secret
/// that is wrong after decoding is also tried without decoding. The client id is always decoded, so that a
/// header never names two clients.
#[derive(Debug)]
pub(super) struct ClientSecretBasic;

impl Method for ClientSecretBasic {
    fn auth(&self) -> ClientAuth {
        ClientAuth::ClientSecretBasic
    }

    fn credential(&self) -> Credential {
        Credential::Secret
    }

    fn is_basic(&self) -> bool {
        true
    }

    fn is_attempted(&self, presented: &Presented<'_>) -> bool {
        presented.authorization.is_some()
    }

    fn claimed_id<'a>(&self, presented: &Presented<'a>) -> Result<Cow<'a, str>, &'static str> {
        let credentials = Credentials::read(presented)?;
        let id = form_decoded(credentials.id())?.into_owned();
        match id.contains(':') {
            true => Err("Basic credentials of a client id with a colon"),
            false => Ok(id.into()),
        }
    }

    fn prove(&self, proof: &Proof<'_>, client: Option<&Client>) -> Result<Proved, &'static str> {
        let credentials = Credentials::read(proof.presented)?;
        let sent = credentials.secret();
        let decoded = Some(sent).filter(|sent| has_whole_escapes(sent));
        let decoded = decoded.and_then(|sent| form_decoded(sent).ok());
        // Both are always compared, so that the time does not show which of them matched.
        let decoded_matches = is_secret_of(client, decoded.as_deref().unwrap_or(sent), proof);
        let sent_matches = is_secret_of(client, sent, proof);
        match (decoded_matches & decoded.is_some(), sent_matches) {
            (true, _) => Ok(Proved::default()),
            (false, true) => Ok(Proved { is_unencoded: true, ..Proved::default() }),
            (false, false) => Err(WRONG_SECRET),
        }
    }
}

/// The client id and the secret, joined by a colon. Each was form-encoded before they were joined.
struct Credentials {
    text: String,
    colon: usize,
}

impl Credentials {
    fn read(presented: &Presented<'_>) -> Result<Self, &'static str> {
        let value = presented.authorization.ok_or("no Authorization header")?.0;
        let (scheme, encoded) = value.split_once(' ').ok_or("malformed Authorization header")?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return Err("the authentication scheme is not Basic");
        }
        let bytes = base64_simd::STANDARD
            .decode_to_vec(encoded.trim_matches(' '))
            .map_err(|_| "Basic credentials are not base64")?;
        let text = String::from_utf8(bytes).map_err(|_| "Basic credentials are not UTF-8")?;
        let colon = text.find(':').ok_or("Basic credentials have no colon")?;
        Ok(Self { text, colon })
    }

    fn id(&self) -> &str {
        &self.text[..self.colon]
    }

    fn secret(&self) -> &str {
        &self.text[self.colon + 1..]
    }
}

fn form_decoded(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let decoded = match text.contains('+') {
        true => percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .map(Cow::into_owned)
            .map(Cow::Owned),
        false => percent_decode_str(text).decode_utf8(),
    };
    decoded.map_err(|_| "Basic credentials are not form-encoded UTF-8")
}

/// Whether two hexadecimal digits follow each `%`.
fn has_whole_escapes(text: &str) -> bool {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    text.split('%').skip(1).all(is_escape)
}
