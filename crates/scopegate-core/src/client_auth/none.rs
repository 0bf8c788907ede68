//! `none`: a public client only says who it is (RFC 6749 §2.1).

use std::borrow::Cow;

use super::{Method, Presented, Proof, Proved};
use crate::catalog::{Client, ClientAuth};

/// The method: there is no proof. PKCE and redirect URIs bind what such a client gets to it.
#[derive(Debug)]
pub(super) struct NoProof;

/// What makes a request one of another method.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

impl Method for NoProof {
    fn auth(&self) -> ClientAuth {
        ClientAuth::None
    }

    fn is_attempted(&self, presented: &Presented<'_>) -> bool {
        let Presented { authorization, form } = presented;
        let shows_nothing = || CREDENTIALS.iter().all(|name| form.value(name).is_none());
        authorization.is_none() && form.value("client_id").is_some() && shows_nothing()
    }

    fn claimed_id<'a>(&self, presented: &Presented<'a>) -> Result<Cow<'a, str>, &'static str> {
        presented.form.value("client_id").map(Cow::Borrowed).ok_or("no client_id")
    }

    fn prove(&self, _: &Proof<'_>, client: Option<&Client>) -> Result<Proved, &'static str> {
        client.map(|_| Proved::default()).ok_or("unknown client")
    }
}
