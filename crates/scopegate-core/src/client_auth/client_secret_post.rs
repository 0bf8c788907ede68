//! `client_secret_post`: the secret in the form (RFC 6749 §2.3.1).

use std::borrow::Cow;

use super::{Method, Presented, Proof, Proved, WRONG_SECRET, is_secret_of};
use crate::catalog::{Client, ClientAuth, Credential};

/// The method.
#[derive(Debug)]
pub(super) struct ClientSecretPost;

impl Method for ClientSecretPost {
    fn auth(&self) -> ClientAuth {
        ClientAuth::ClientSecretPost
    }

    fn credential(&self) -> Credential {
        Credential::Secret
    }

    fn is_attempted(&self, presented: &Presented<'_>) -> bool {
        presented.form.value("client_secret").is_some()
    }

    fn claimed_id<'a>(&self, presented: &Presented<'a>) -> Result<Cow<'a, str>, &'static str> {
        presented
            .form
            .value("client_id")
            .map(Cow::Borrowed)
            .ok_or("client_secret without client_id")
    }

    fn prove(&self, proof: &Proof<'_>, client: Option<&Client>) -> Result<Proved, &'static str> {
        let secret = proof.presented.form.value("client_secret").ok_or("no client_secret")?;
        match is_secret_of(client, secret, proof) {
            true => Ok(Proved::default()),
            false => Err(WRONG_SECRET),
        }
    }
}
