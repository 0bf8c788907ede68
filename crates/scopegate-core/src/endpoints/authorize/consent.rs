//! What a person must agree to before a client gets it.

use scopegate_claims::{Scope, ScopeSet};

use super::AuthorizeError;
use super::draft::{Draft, Prompt};
use crate::authority::Authority;
use crate::catalog::UserId;
use crate::catalog::{AuthorizationServer, Client, ClientConsent, ClientType, Consent, ScopeSpec};
use crate::directory::User;
use crate::policy::Granted;
use crate::store::{Change, ConsentKey};

/// What a person is asked to agree to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsentQuestion {
    /// The client, by the name that people read.
    pub client: String,
    /// Who is asked.
    pub user: User,
    /// The scopes.
    pub scopes: ScopeSet,
    /// The same, and what each allows; empty where that is not said.
    pub described: Vec<(String, String)>,
}

/// What a person answered.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a person agrees or not")]
pub enum ConsentAnswer<'a> {
    /// She agrees to these. It counts only if she is the one who was asked.
    Agreed(&'a UserId, &'a ScopeSet),
    /// She does not.
    Refused(&'a UserId),
}

/// Whether a person must be asked first.
pub(super) enum Outcome {
    /// Nothing more is to be asked; what she said now is to be remembered.
    Agreed(Option<Change>),
    /// She is to be asked.
    Ask(ConsentQuestion),
}

impl Authority {
    /// Finds out whether the person has agreed to all she must agree to.
    pub(super) async fn consent(
        &self,
        draft: &Draft<'_>,
        user: &User,
        granted: &Granted,
        answer: Option<ConsentAnswer<'_>>,
    ) -> Result<Outcome, AuthorizeError> {
        let client = draft.door.client;
        let asks = match draft.asked.prompt.contains(&Prompt::Consent) {
            true => Asks::Anew,
            false => Asks::WhatIsNew,
        };
        let needed = needed(draft.server, client, &granted.scopes, asks);
        if needed.is_empty() {
            return Ok(Outcome::Agreed(None));
        }
        let key = ConsentKey {
            server: draft.server.id.clone(),
            client: client.id.clone(),
            user: user.id.clone(),
        };
        let before = self.store.consent(&key).await?.unwrap_or_else(ScopeSet::empty);
        match answer {
            // What has become more than she was shown is asked again.
            Some(ConsentAnswer::Agreed(by, to))
                if *by == user.id && needed.is_subset(&before.union(to)) =>
            {
                let scopes = before.union(&needed);
                return Ok(Outcome::Agreed(Some(Change::PutConsent {
                    key,
                    scopes,
                    at: draft.now,
                })));
            }
            Some(ConsentAnswer::Refused(by)) if *by == user.id => {
                return Err(AuthorizeError::Denied);
            }
            _ if asks == Asks::WhatIsNew && needed.is_subset(&before) => {
                return Ok(Outcome::Agreed(None));
            }
            _ if draft.asked.prompt.contains(&Prompt::None) => {
                return Err(AuthorizeError::ConsentRequired);
            }
            _ => {}
        }
        Ok(Outcome::Ask(ConsentQuestion {
            client: client.spec.name.clone(),
            user: user.clone(),
            described: described(draft.server, &needed),
            scopes: needed,
        }))
    }
}

/// What a client wants a person to be asked (OpenID Connect Core §3.1.2.1, `prompt`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asks {
    /// All that the client would get, whatever was agreed to before.
    Anew,
    /// What she must agree to and has not yet.
    WhatIsNew,
}

/// The scopes that need consent: all of them if the client says so, else those that are REQUIRED. A web
/// client gets `offline_access` by consent, too (OpenID Connect Core §11).
pub(crate) fn needed(
    server: &AuthorizationServer,
    client: &Client,
    granted: &ScopeSet,
    asks: Asks,
) -> ScopeSet {
    let is_of_the_web = client.spec.client_type == ClientType::Web;
    let is_required = |name: &&str| match spec(server, name).map(|spec| spec.consent) {
        Some(Consent::Required) => true,
        Some(Consent::Flexible | Consent::Implicit) => false,
        None => is_of_the_web && *name == "offline_access",
    };
    match (client.spec.consent, asks) {
        (ClientConsent::Trusted, _) => ScopeSet::empty(),
        (_, Asks::Anew) => granted.clone(),
        (_, Asks::WhatIsNew) => {
            ScopeSet::from_tokens(granted.iter().filter(is_required)).expect("they are scopes")
        }
    }
}

/// What the scopes of OpenID Connect allow.
const OF_OPENID: [(&str, &str); 6] = [
    ("openid", "Know who you are"),
    ("profile", "See your name and your profile"),
    ("email", "See your e-mail address"),
    ("address", "See your postal address"),
    ("phone", "See your phone number"),
    ("offline_access", "Keep this access while you are away"),
];

/// Scopes, and what they allow, as far as that is known.
pub(crate) fn described(server: &AuthorizationServer, scopes: &ScopeSet) -> Vec<(String, String)> {
    let described = scopes.iter().map(|name| {
        let of_openid = || OF_OPENID.iter().find(|(known, _)| *known == name);
        let description = match spec(server, name) {
            Some(spec) => &spec.description,
            None => of_openid().map_or("", |(_, description)| description),
        };
        (name.to_owned(), description.to_owned())
    });
    described.collect()
}

fn spec<'a>(server: &'a AuthorizationServer, name: &str) -> Option<&'a ScopeSpec> {
    Scope::parse(name).ok().and_then(|scope| server.scopes.get(&scope))
}
