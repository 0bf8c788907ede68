//! Writing claims in a dialect.

use serde::Serialize;

use super::Claims;
use crate::{Audiences, Dialect, NameSet, ScopeSet, UnixTime};

/// The members of an access token, in the order in which they are written.
#[derive(Serialize)]
pub(super) struct Written<'a, X, S> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ver: Option<u8>,
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a Audiences>,
    exp: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<S>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    amr: &'a [Box<str>],
    #[serde(skip_serializing_if = "NameSet::is_empty")]
    roles: &'a NameSet,
    #[serde(skip_serializing_if = "NameSet::is_empty")]
    groups: &'a NameSet,
    #[serde(flatten)]
    extra: &'a X,
}

impl<'a, X: Serialize> Written<'a, X, ()> {
    /// With [`Dialect::Both`], a claim with two names is written under both.
    #[expect(clippy::new_ret_no_self, reason = "the type of `scp` cannot be named")]
    pub(super) fn new(claims: &'a Claims, dialect: Dialect, extra: &'a X) -> impl Serialize + 'a {
        let (okta, rfc9068) = (dialect.writes_okta(), dialect.writes_rfc9068());
        let scopes = Some(claims.scopes()).filter(|scopes| !scopes.is_empty());
        Written {
            ver: okta.then_some(1),
            iss: claims.issuer(),
            sub: claims.subject(),
            aud: claims.audiences(),
            exp: claims.expires_at(),
            iat: claims.issued_at(),
            nbf: claims.not_before(),
            jti: claims.token_id(),
            client_id: claims.client_id().filter(|_| rfc9068),
            cid: claims.client_id().filter(|_| okta),
            uid: claims.user_id().filter(|_| okta),
            scope: scopes.filter(|_| rfc9068).map(ScopeSet::as_str),
            scp: scopes.filter(|_| okta).map(ScopeSet::as_array),
            auth_time: claims.auth_time(),
            acr: claims.acr(),
            amr: &claims.amr,
            roles: claims.roles(),
            groups: claims.groups(),
            extra,
        }
    }
}
