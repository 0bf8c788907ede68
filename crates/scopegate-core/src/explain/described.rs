//! A request that an administrator describes.

use std::net::IpAddr;
use std::sync::Arc;

use scopegate_claims::{ScopeSet, UnixTime};

use super::inquiry::{Inquiry, consented};
use super::{CannotTell, Explanation};
use crate::authority::Authority;
use crate::catalog::{AcrClass, Snapshot, UserId};
use crate::directory::{Authentication, User};
use crate::grants;
use crate::people::session::PASSWORD_ACR;
use crate::store::{Store, UserKey};

/// A request that an administrator describes. It is decided as if it were sent, and leaves no trace.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
    /// The authentication methods of the sign-in (RFC 8176). Empty: those of its class.
    pub amr: Vec<String>,
    /// When the user signed in. `None`: at the time of the request, if a user signs in.
    pub auth_time: Option<UnixTime>,
    /// How the client authenticates. `None`: as it is registered.
    pub client_auth: Option<String>,
    /// The `resource` parameters (RFC 8707).
    pub resources: Vec<String>,
    /// For a token exchange: the server that issued the subject token. `None`: the same server.
    pub subject_server: Option<String>,
}

impl Authority {
    /// Explains how a request would be decided.
    ///
    /// # Errors
    ///
    /// [`CannotTell`] if the description is not enough, or if the storage fails.
    pub async fn explain(&self, request: &DescribedRequest) -> Result<Explanation, CannotTell> {
        let (inquiry, notes) = self.inquiry(request).await?;
        let mut explanation = Explanation::of(&inquiry).await;
        if explanation.depends_on_unknown_address() {
            explanation.notes.insert(0, "assumed: the address is unknown (--address)".to_owned());
        }
        explanation.notes.splice(0..0, notes);
        Ok(explanation)
    }

    /// The inquiry of a description, and what it assumes.
    pub(super) async fn inquiry(
        &self,
        request: &DescribedRequest,
    ) -> Result<(Inquiry, Vec<String>), CannotTell> {
        let now = request.at.unwrap_or_else(|| self.clock.now());
        let mut notes = Vec::new();
        let grant = grants::grant(&request.grant_type);
        request.check_sign_in(grant)?;
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
        let authentication = authentication(request, user.as_ref(), now);
        notes.extend(request.assumed(user.as_ref(), authentication.as_ref()));
        let user = user.map(Arc::new);
        let mut inquiry = request.inquiry(self.catalog(), user, authentication, now);
        inquiry.consented = consented(&*self.store, &inquiry).await?;
        Ok((inquiry, notes))
    }
}

impl DescribedRequest {
    /// Whether something is said about the sign-in of the user.
    fn describes_sign_in(&self) -> bool {
        self.acr.is_some() || self.auth_time.is_some() || !self.amr.is_empty()
    }

    /// Refuses a sign-in that the grant cannot have, and a class that does not exist: the decision would be one
    /// that no request gets.
    fn check_sign_in(&self, grant: Option<&dyn grants::Grant>) -> Result<(), CannotTell> {
        if self.describes_sign_in() && grant.is_some_and(|grant| !grant.has_sign_in()) {
            return Err(CannotTell::NoSignIn(self.grant_type.clone()));
        }
        match self.acr.as_ref().filter(|acr| AcrClass::parse(acr).is_none()) {
            Some(unknown) => Err(CannotTell::UnknownClass(unknown.clone())),
            None => Ok(()),
        }
    }

    /// What is assumed about the sign-in.
    fn assumed(
        &self,
        user: Option<&User>,
        authentication: Option<&Authentication>,
    ) -> Option<String> {
        let (login, authentication) = (&user?.login, authentication?);
        if !self.describes_sign_in() {
            return Some(format!(
                "assumed: {login} has just signed in with a password (--acr, --auth-time)"
            ));
        }
        let methods = authentication.amr.join(", ");
        (self.acr.is_some() && self.amr.is_empty())
            .then(|| format!("assumed: the methods of this sign-in are {methods} (--amr)"))
    }

    fn inquiry(
        &self,
        catalog: Arc<Snapshot>,
        user: Option<Arc<User>>,
        authentication: Option<Authentication>,
        now: UnixTime,
    ) -> Inquiry {
        Inquiry {
            catalog,
            server: self.server.clone(),
            client: self.client.clone(),
            grant_type: self.grant_type.clone(),
            rules_grant: None,
            scope: self.scope.clone(),
            at_most: None,
            user,
            authentication,
            address: self.address,
            now,
            client_auth: self.client_auth.clone(),
            resources: self.resources.clone(),
            consented: ScopeSet::empty(),
            subject_server: self.subject_server.clone(),
        }
    }
}

impl Explanation {
    /// Explains how a request would be decided by a catalog, without a storage. The request's `user` is not read:
    /// the user is given. They have consented to nothing. `now` is the time of a request without one.
    pub(crate) async fn of_described(
        catalog: Arc<Snapshot>,
        user: Option<User>,
        request: &DescribedRequest,
        now: UnixTime,
    ) -> Self {
        let now = request.at.unwrap_or(now);
        let authentication = authentication(request, user.as_ref(), now);
        Self::of(&request.inquiry(catalog, user.map(Arc::new), authentication, now)).await
    }
}

/// How the user signed in, if they do.
fn authentication(
    request: &DescribedRequest,
    user: Option<&User>,
    now: UnixTime,
) -> Option<Authentication> {
    let grant = grants::grant(&request.grant_type);
    let signs_in = grant.is_some_and(|grant| grant.needs_user() || grant.continues_family());
    let may_sign_in = grant.is_none_or(grants::Grant::has_sign_in);
    let is_told = request.describes_sign_in() && may_sign_in;
    user.filter(|_| signs_in || is_told).map(|_| {
        let acr = request.acr.as_deref().unwrap_or(PASSWORD_ACR);
        Authentication {
            at: request.auth_time.unwrap_or(now),
            acr: acr.to_owned(),
            amr: if request.amr.is_empty() { methods(acr) } else { request.amr.clone() },
            session: None,
        }
    })
}

/// The authentication methods of a sign-in of which only the class is known.
pub(super) fn methods(acr: &str) -> Vec<String> {
    let methods = AcrClass::parse(acr).map_or(&[][..], AcrClass::methods);
    methods.iter().map(|&method| method.to_owned()).collect()
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
