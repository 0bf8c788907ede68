//! Everything that decides a request.

use std::net::IpAddr;
use std::sync::Arc;

use scopegate_claims::{ScopeSet, UnixTime};

use crate::catalog::{ClientId, EntityKey, RuleSpec, ServerId, Snapshot, Spec};
use crate::directory::{Authentication, User};
use crate::grants;
use crate::store::{ConsentKey, Store, StoreError};

/// Everything that decides a request. A copy is cheap, so that changes can be tried.
#[derive(Clone, Debug)]
pub(super) struct Inquiry {
    pub(super) catalog: Arc<Snapshot>,
    pub(super) server: String,
    pub(super) client: String,
    pub(super) grant_type: String,
    /// For a refresh: the grant type that began the family, which the rules must list.
    pub(super) rules_grant: Option<String>,
    /// The `scope` parameter.
    pub(super) scope: Option<String>,
    /// The maximum scopes, if there is an earlier grant.
    pub(super) at_most: Option<ScopeSet>,
    pub(super) user: Option<Arc<User>>,
    pub(super) authentication: Option<Authentication>,
    pub(super) address: Option<IpAddr>,
    pub(super) now: UnixTime,
    /// How the client authenticates. `None`: as it is registered.
    pub(super) client_auth: Option<String>,
    pub(super) resources: Vec<String>,
    /// The scopes that the user has consented to.
    pub(super) consented: ScopeSet,
    /// For a token exchange: the server that issued the subject token, if it is another one.
    pub(super) subject_server: Option<String>,
}

/// Stands for a scope or a resource that a request named and the server does not have. Its name is not
/// recorded, because it is unchecked input. No scope and no resource of a server has this name.
pub(super) const NOT_RECORDED: &str = "(not-recorded)";

impl Inquiry {
    pub(super) fn server_id(&self) -> Option<ServerId> {
        ServerId::try_from(self.server.clone()).ok()
    }

    /// The named scopes. Empty if the `scope` parameter is malformed.
    pub(super) fn named_scopes(&self) -> ScopeSet {
        let named = self.scope.as_deref().map(ScopeSet::parse);
        named.and_then(Result::ok).unwrap_or_else(ScopeSet::empty)
    }

    /// A rule of the server.
    pub(super) fn rule(&self, policy: &str, rule: &str) -> Option<RuleSpec> {
        let key = EntityKey::rule(&self.server_id()?, policy, rule);
        match self.catalog.entity(&key)?.spec {
            Spec::Rule(spec) => Some(RuleSpec::clone(&spec)),
            _ => None,
        }
    }

    /// Whether it may be known how the user signed in.
    pub(super) fn has_sign_in(&self) -> bool {
        let grant = grants::grant(&self.grant_type);
        self.user.is_some() && grant.is_some_and(grants::Grant::has_sign_in)
    }

    /// The login of the user, for texts.
    pub(super) fn login(&self) -> &str {
        self.user.as_ref().map_or("nobody", |user| &user.login)
    }
}

/// The scopes that the user has consented to for this client.
pub(super) async fn consented(
    store: &dyn Store,
    inquiry: &Inquiry,
) -> Result<ScopeSet, StoreError> {
    let parties = inquiry.server_id().zip(ClientId::parse(&inquiry.client).ok());
    let Some((user, (server, client))) = inquiry.user.as_ref().zip(parties) else {
        return Ok(ScopeSet::empty());
    };
    let key = ConsentKey { server, client, user: user.id.clone() };
    Ok(store.consent(&key).await?.unwrap_or_else(ScopeSet::empty))
}
