//! `none`: a public client sends its client id and no credentials (RFC 6749 §2.1).

use std::borrow::Cow;

use super::{Method, Presented, Proof, Proved};
use crate::catalog::{Client, ClientAuth, Credential};

/// The method. The client is not authenticated. Redirect URIs and PKCE keep its codes from other clients.
#[derive(Debug)]
pub(super) struct NoProof;

impl Method for NoProof {
    fn auth(&self) -> ClientAuth {
        ClientAuth::None
    }

    fn credential(&self) -> Credential {
        Credential::Nothing
    }

    fn is_attempted(&self, presented: &Presented<'_>) -> bool {
        presented.form.value("client_id").is_some() && !presented.shows_proof()
    }

    fn claimed_id<'a>(&self, presented: &Presented<'a>) -> Result<Cow<'a, str>, &'static str> {
        presented.form.value("client_id").map(Cow::Borrowed).ok_or("no client_id")
    }

    fn prove(&self, _: &Proof<'_>, client: Option<&Client>) -> Result<Proved, &'static str> {
        client.map(|_| Proved::default()).ok_or("unknown client")
    }
}
