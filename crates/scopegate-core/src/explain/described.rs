//! A request that an administrator describes.

use std::net::IpAddr;
use std::sync::Arc;

use scopegate_claims::{ScopeSet, UnixTime};

use super::inquiry::{Inquiry, consented};
use super::{CannotTell, Explanation};
use crate::authority::Authority;
use crate::catalog::UserId;
use crate::directory::{Authentication, User};
use crate::grants;
use crate::store::{Store, UserKey};

/// A request that an administrator describes. It is decided as if it were sent, and leaves no trace.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct DescribedRequest {
    /// The id of the authorization server.
    pub server: String,
    /// The id of the client.
    pub client: String,
    /// The grant type.
    pub grant_type: String,
    /// The `scope` parameter.
    pub scope: Option<String>,
    /// The login or the id of the user.
    pub user: Option<String>,
    /// The address that the request comes from.
    pub address: Option<IpAddr>,
    /// The time. `None`: now.
    pub at: Option<UnixTime>,
    /// The authentication context class of the user's sign-in. `None`: a password, if a user signs in.
    pub acr: Option<String>,
    /// When the user signed in. `None`: at the time of the request, if a user signs in.
    pub auth_time: Option<UnixTime>,
    /// How the client authenticates. `None`: as it is registered.
    pub client_auth: Option<String>,
    /// The `resource` parameters (RFC 8707).
    pub resources: Vec<String>,
    /// For a token exchange: the server that issued the subject token. `None`: the same server.
    pub subject_server: Option<String>,
}

/// The class of a sign-in by password.
const PASSWORD: &str = "urn:okta:loa:1fa:pwd";

impl Authority {
    /// Explains how a request would be decided.
    ///
    /// # Errors
    ///
    /// [`CannotTell`] if the description is not enough, or if the storage fails.
    pub async fn explain(&self, request: &DescribedRequest) -> Result<Explanation, CannotTell> {
        let (inquiry, notes) = self.inquiry(request).await?;
        let mut explanation = Explanation::of(&inquiry).await;
        explanation.notes.splice(0..0, notes);
        Ok(explanation)
    }

    /// The inquiry of a description, and what it assumes.
    async fn inquiry(
        &self,
        request: &DescribedRequest,
    ) -> Result<(Inquiry, Vec<String>), CannotTell> {
        let now = request.at.unwrap_or_else(|| self.clock.now());
        let mut notes = Vec::new();
        let grant = grants::grant(&request.grant_type);
        let signs_in = grant.is_some_and(|grant| grant.needs_user() || grant.continues_family());
        let needs_user = signs_in || request.grant_type == grants::jwt_bearer::GRANT_TYPE;
        let is_alone = grant.is_some_and(|grant| !grant.is_about_user());
        let user = match &request.user {
            Some(name) if is_alone => {
                notes
                    .push(format!("{} is without a user: `{name}` is ignored", request.grant_type));
                None
            }
            Some(name) => Some(known_user(&*self.store, name).await?),
            None if needs_user => return Err(CannotTell::NeedsUser(request.grant_type.clone())),
            None => None,
        };
        if grant.is_some_and(grants::Grant::continues_family) && request.scope.is_none() {
            return Err(CannotTell::NeedsScopes);
        }
        let is_told = request.acr.is_some() || request.auth_time.is_some();
        let authentication =
            user.as_ref().filter(|_| signs_in || is_told).map(|_| Authentication {
                at: request.auth_time.unwrap_or(now),
                acr: request.acr.clone().unwrap_or_else(|| PASSWORD.to_owned()),
                amr: if is_told { Vec::new() } else { vec!["pwd".to_owned()] },
                session: None,
            });
        if let Some(user) = user.as_ref().filter(|_| signs_in && !is_told) {
            notes.push(format!(
                "assumed: {} has just signed in with a password (--acr, --auth-time)",
                user.login
            ));
        }
        let mut inquiry = Inquiry {
            catalog: self.catalog(),
            server: request.server.clone(),
            client: request.client.clone(),
            grant_type: request.grant_type.clone(),
            rules_grant: None,
            scope: request.scope.clone(),
            at_most: None,
            user: user.map(Arc::new),
            authentication,
            address: request.address,
            now,
            client_auth: request.client_auth.clone(),
            resources: request.resources.clone(),
            consented: ScopeSet::empty(),
            subject_server: request.subject_server.clone(),
        };
        inquiry.consented = consented(&*self.store, &inquiry).await?;
        Ok((inquiry, notes))
    }
}

/// A user by their login, or else by their id.
async fn known_user(store: &dyn Store, name: &str) -> Result<User, CannotTell> {
    if let Some(user) = store.user(UserKey::Login(name)).await? {
        return Ok(user);
    }
    let by_id = match UserId::parse(name) {
        Ok(id) => store.user(UserKey::Id(&id)).await?,
        Err(_) => None,
    };
    by_id.ok_or_else(|| CannotTell::UnknownUser(name.to_owned()))
}
