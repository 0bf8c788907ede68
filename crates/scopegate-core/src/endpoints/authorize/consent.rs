//! The scopes to which a user must consent before a client gets them.

use scopegate_claims::{Scope, ScopeSet};

use super::AuthorizeError;
use super::draft::{Draft, Prompt};
use crate::authority::Authority;
use crate::catalog::{
    AuthorizationServer, Client, ClientConsent, ClientType, Consent, ScopeSpec, UserId,
};
use crate::directory::User;
use crate::policy::Granted;
use crate::store::{Change, ConsentKey};

/// A question for a user: do they consent to these scopes?
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsentQuestion {
    /// The display name of the client.
    pub client: String,
    /// The user who is asked.
    pub user: User,
    /// The scopes.
    pub scopes: ScopeSet,
    /// Each scope with its description. The description may be empty.
    pub described: Vec<(String, String)>,
    /// The scopes that the user may leave out.
    pub optional: ScopeSet,
}

/// The answer of a user. It counts only if this user is still signed in.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a user consents or does not")]
pub enum ConsentAnswer<'a> {
    /// This user consents to these scopes. Optional scopes that are not among them are not granted.
    Agreed(&'a UserId, &'a ScopeSet),
    /// This user does not consent.
    Refused(&'a UserId),
}

/// Whether a user must be asked first.
pub(super) enum Outcome {
    /// The user has consented, except to the scopes that they left out. The change stores a consent that was
    /// just given.
    Agreed { change: Option<Change>, left_out: ScopeSet },
    /// The user must be asked.
    Ask(ConsentQuestion),
}

impl Authority {
    /// Checks whether the user has consented to all scopes that need it.
    pub(super) async fn consent(
        &self,
        draft: &Draft<'_>,
        user: &User,
        granted: &Granted,
        answer: Option<ConsentAnswer<'_>>,
    ) -> Result<Outcome, AuthorizeError> {
        let client = draft.recipient.client;
        let consent_for = match draft.parsed.prompt.contains(&Prompt::Consent) {
            true => ConsentFor::AllScopes,
            false => ConsentFor::RequiredScopes,
        };
        let needed = needed(draft.server, client, &granted.scopes, consent_for);
        if needed.is_empty() {
            return Ok(Outcome::agreed_before());
        }
        let key = ConsentKey {
            server: draft.server.id.clone(),
            client: client.id.clone(),
            user: user.id.clone(),
        };
        let before = self.store.consent(&key).await?.unwrap_or_else(ScopeSet::empty);
        let optional = optional(draft.server, client, &needed);
        let left_out = |to: &ScopeSet| optional.difference(to);
        match answer {
            // If more scopes are needed now than the user was shown, they are asked again.
            Some(ConsentAnswer::Agreed(by, to))
                if *by == user.id
                    && needed.difference(&left_out(to)).is_subset(&before.union(to)) =>
            {
                let left_out = left_out(to);
                let scopes = before.union(&needed).difference(&left_out);
                let change = Some(Change::PutConsent { key, scopes, at: draft.now });
                return Ok(Outcome::Agreed { change, left_out });
            }
            Some(ConsentAnswer::Refused(by)) if *by == user.id => {
                return Err(AuthorizeError::Denied);
            }
            _ if consent_for == ConsentFor::RequiredScopes && needed.is_subset(&before) => {
                return Ok(Outcome::agreed_before());
            }
            _ if draft.parsed.prompt.contains(&Prompt::None) => {
                return Err(AuthorizeError::ConsentRequired);
            }
            _ => {}
        }
        Ok(Outcome::Ask(ConsentQuestion {
            client: client.spec.name.clone(),
            user: user.clone(),
            described: described(draft.server, &needed),
            scopes: needed,
            optional,
        }))
    }
}

impl Outcome {
    fn agreed_before() -> Self {
        Self::Agreed { change: None, left_out: ScopeSet::empty() }
    }
}

/// The scopes of a page that a user may leave out. A trusted client gets all its scopes.
pub(crate) fn optional(
    server: &AuthorizationServer,
    client: &Client,
    shown: &ScopeSet,
) -> ScopeSet {
    if client.spec.consent == ClientConsent::Trusted {
        return ScopeSet::empty();
    }
    let is_optional = |name: &&str| spec(server, name).is_some_and(|spec| spec.optional);
    ScopeSet::from_tokens(shown.iter().filter(is_optional))
        .expect("members of a scope set are scopes")
}

/// Whether a token with these scopes would be of no use: `offline_access` alone gives nothing to refresh.
pub(crate) fn is_nothing(scopes: &ScopeSet) -> bool {
    scopes.iter().all(|name| name == "offline_access")
}

/// The scopes for which a user is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ConsentFor {
    /// All granted scopes, for `prompt=consent` (OpenID Connect Core §3.1.2.1).
    AllScopes,
    /// Only the scopes that need consent.
    RequiredScopes,
}

/// The scopes among `granted` to which the user must consent. For [`ConsentFor::RequiredScopes`] they are those
/// with consent `REQUIRED`, and `offline_access` for a web client (OpenID Connect Core §11). A trusted client
/// needs no consent.
pub(crate) fn needed(
    server: &AuthorizationServer,
    client: &Client,
    granted: &ScopeSet,
    consent_for: ConsentFor,
) -> ScopeSet {
    let is_web_client = client.spec.client_type == ClientType::Web;
    let is_required = |name: &&str| match spec(server, name).map(|spec| spec.consent) {
        Some(Consent::Required) => true,
        Some(Consent::Flexible | Consent::Implicit) => false,
        None => is_web_client && *name == "offline_access",
    };
    match (client.spec.consent, consent_for) {
        (ClientConsent::Trusted, _) => ScopeSet::empty(),
        (_, ConsentFor::AllScopes) => granted.clone(),
        (_, ConsentFor::RequiredScopes) => {
            ScopeSet::from_tokens(granted.iter().filter(is_required))
                .expect("members of a scope set are scopes")
        }
    }
}

/// The descriptions of the OpenID Connect scopes.
const OF_OPENID: [(&str, &str); 6] = [
    ("openid", "Know who you are"),
    ("profile", "See your name and your profile"),
    ("email", "See your e-mail address"),
    ("address", "See your postal address"),
    ("phone", "See your phone number"),
    ("offline_access", "Keep this access while you are away"),
];

/// Each scope with its description. The description is empty if there is none.
pub(crate) fn described(server: &AuthorizationServer, scopes: &ScopeSet) -> Vec<(String, String)> {
    let described = scopes.iter().map(|name| {
        let of_openid = || OF_OPENID.iter().find(|(known, _)| *known == name);
        let description = match spec(server, name) {
            Some(spec) => spec.shown(),
            None => of_openid().map_or("", |(_, description)| description).to_owned(),
        };
        (name.to_owned(), description)
    });
    described.collect()
}

fn spec<'a>(server: &'a AuthorizationServer, name: &str) -> Option<&'a ScopeSpec> {
    Scope::parse(name).ok().and_then(|scope| server.scopes.get(&scope))
}
