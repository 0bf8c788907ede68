//! `client_secret_basic`: the secret in the Authorization header (RFC 6749 §2.3.1).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{Method, Presented, Proof, check_secret};
use crate::catalog::{Client, ClientAuth};
use crate::store::Change;

/// The method.
#[derive(Debug)]
pub(super) struct ClientSecretBasic;

impl Method for ClientSecretBasic {
    fn auth(&self) -> ClientAuth {
        ClientAuth::ClientSecretBasic
    }

    fn is_attempted(&self, presented: &Presented<'_>) -> bool {
        presented.authorization.is_some()
    }

    fn claimed_id<'a>(&self, presented: &Presented<'a>) -> Result<Cow<'a, str>, &'static str> {
        let credentials = Credentials::read(presented)?;
        form_decoded(credentials.id()).map(|id| id.into_owned().into())
    }

    fn prove(
        &self,
        proof: &Proof<'_>,
        client: Option<&Client>,
    ) -> Result<Vec<Change>, &'static str> {
        let credentials = Credentials::read(proof.presented)?;
        check_secret(&form_decoded(credentials.secret())?, proof, client)
    }
}

/// The id and the secret, joined by a colon; each was form-encoded before.
struct Credentials {
    text: String,
    colon: usize,
}

impl Credentials {
    fn read(presented: &Presented<'_>) -> Result<Self, &'static str> {
        let value = presented.authorization.ok_or("no Authorization header")?.0;
        let (scheme, encoded) = value.split_once(' ').ok_or("malformed Authorization header")?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return Err("another scheme than Basic");
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
