//! What extractors require of a request, as data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use scopegate_claims::{Requirement, UnixTime};
use scopegate_jose::{Authenticated, Refusal, RefusalCause, Verified};

use crate::AuthRejection;

/// What an extractor requires of a request, as data: for the check, the log and the OpenAPI
/// document.
///
/// Its `Display` is readable text: `read:orders`, `role admin`, `any token`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Guard {
    /// A token with these scopes.
    Scopes(Requirement),
    /// A token with this role.
    Role(&'static str),
    /// A token with this group.
    Group(&'static str),
    /// A token whose user signed in strongly enough, or recently enough, or both.
    #[non_exhaustive]
    Authentication {
        /// The accepted values of `acr`; any value if this is empty.
        acr_values: &'static [&'static str],
        /// How long ago the user may have signed in.
        max_age: Option<Duration>,
    },
    /// A token that meets a rule of the service's own.
    Rule(&'static str),
    /// Any token.
    Token,
    /// A token or none.
    OptionalToken,
    /// Nothing: the handler is public on purpose.
    Public,
}

impl Guard {
    /// Checks a verified token against this guard.
    fn check(&self, authenticated: &Authenticated, token: &Verified) -> Result<(), RefusalCause> {
        let claims = token.claims();
        let rule = |met: bool| match met {
            true => Ok(()),
            false => Err(RefusalCause::RuleNotMet { rule: self.to_string().into() }),
        };
        match *self {
            Self::Scopes(requirement) if requirement.allows(claims.scopes()) => Ok(()),
            Self::Scopes(requirement) => {
                let needed = requirement.needed(claims.scopes());
                Err(RefusalCause::InsufficientScope { needed })
            }
            Self::Role(role) => rule(claims.roles().contains(role)),
            Self::Group(group) => rule(claims.groups().contains(group)),
            Self::Authentication { acr_values, max_age } => {
                let strong = acr_values.is_empty()
                    || claims.acr().is_some_and(|acr| acr_values.contains(&acr));
                let fresh = max_age
                    .is_none_or(|age| is_fresh(claims.auth_time(), age, authenticated.time()));
                match strong && fresh {
                    true => Ok(()),
                    false => Err(RefusalCause::InsufficientAuthentication { acr_values, max_age }),
                }
            }
            // These are decided in the extractor, because they need more than the common claims.
            Self::Rule(_) | Self::Token | Self::OptionalToken | Self::Public => Ok(()),
        }
    }
}

/// A token without a sign-in time is not fresh.
fn is_fresh(signed_in: Option<UnixTime>, max_age: Duration, now: UnixTime) -> bool {
    signed_in.is_some_and(|at| at.plus(max_age) >= now)
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scopes(requirement) => requirement.fmt(f),
            Self::Role(role) => write!(f, "role {role}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Authentication { acr_values, max_age } => {
                let acr = acr_values.join(" or ");
                match max_age.map(|age| age.as_secs()) {
                    None => write!(f, "signed in by {acr}"),
                    Some(age) if acr.is_empty() => write!(f, "signed in within {age} s"),
                    Some(age) => write!(f, "signed in by {acr} within {age} s"),
                }
            }
            Self::Rule(name) => f.write_str(name),
            Self::Token => f.write_str("any token"),
            Self::OptionalToken => f.write_str("a token or none"),
            Self::Public => f.write_str("public"),
        }
    }
}

/// An extractor, as the log shows it: `RequireScope(read:orders)`.
struct Described(&'static str, Guard);

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(name, Guard::Token | Guard::OptionalToken | Guard::Public) => f.write_str(name),
            Self(name, guard) => write!(f, "{name}({guard})"),
        }
    }
}

/// What the layer stored on the request.
///
/// It is only read and not removed, so that a handler may have several guards.
pub(crate) fn authenticated<'a>(
    extensions: &'a Extensions,
    name: &'static str,
    guard: Guard,
) -> Result<&'a Authenticated, AuthRejection> {
    extensions.get().ok_or_else(|| missing(extensions, name, guard))
}

#[cold]
fn missing(extensions: &Extensions, name: &'static str, guard: Guard) -> AuthRejection {
    let extractor = Described(name, guard);
    let cause = RefusalCause::Misconfigured(format!("`{extractor}` without the layer").into());
    if crate::probe::record(extensions, guard) {
        return Refusal::new(cause).into();
    }
    tracing::error!(
        %extractor,
        "`{extractor}` found no authentication: the scopegate layer is missing on this route; \
         add it with `.layer(auth)` after the routes that it protects"
    );
    Refusal::new(cause).into()
}

/// The token of the request, whatever its scopes.
pub(crate) fn token(authenticated: &Authenticated) -> Result<&Arc<Verified>, AuthRejection> {
    authenticated.token().ok_or_else(|| refuse(RefusalCause::NoToken, authenticated))
}

/// The token of the request, if it meets the guard.
pub(crate) fn allow(
    extensions: &Extensions,
    name: &'static str,
    guard: Guard,
) -> Result<Arc<Verified>, AuthRejection> {
    let authenticated = authenticated(extensions, name, guard)?;
    let token = token(authenticated)?;
    match guard.check(authenticated, token) {
        Ok(()) => Ok(Arc::clone(token)),
        Err(cause) => Err(refuse(cause, authenticated)),
    }
}

/// A refusal with the layer's realm and body.
pub(crate) fn refuse(cause: RefusalCause, authenticated: &Authenticated) -> AuthRejection {
    authenticated.refuse(cause).into()
}

/// Implements an extractor for a struct with a token and a rule.
macro_rules! guard {
    ($name:ident<$rule:ident>, [$($generics:tt)*], $guard:expr) => {
        impl<$($generics)*> $name<$rule> {
            /// The claims of the admitted token.
            pub fn claims(&self) -> &scopegate_claims::Claims {
                self.token.claims()
            }

            /// The admitted token, with its evidence.
            pub fn verified(&self) -> &scopegate_jose::Verified {
                &self.token
            }
        }

        impl<S: Send + Sync, $($generics)*> axum_core::extract::FromRequestParts<S>
            for $name<$rule>
        {
            type Rejection = crate::AuthRejection;

            async fn from_request_parts(
                parts: &mut http::request::Parts,
                _: &S,
            ) -> Result<Self, crate::AuthRejection> {
                let token = crate::guard::allow(&parts.extensions, stringify!($name), $guard)?;
                Ok(Self { token, rule: std::marker::PhantomData })
            }
        }

        impl<$($generics)*> Clone for $name<$rule> {
            fn clone(&self) -> Self {
                Self { token: std::sync::Arc::clone(&self.token), rule: std::marker::PhantomData }
            }
        }

        impl<$($generics)*> std::fmt::Debug for $name<$rule> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), $guard)
            }
        }
    };
}

pub(crate) use guard;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_fresh_up_to_max_age_and_an_unknown_one_never() {
        let at = UnixTime::from_seconds;
        let age = Duration::from_secs(300);
        assert!(is_fresh(Some(at(1_000)), age, at(1_300)));
        assert!(!is_fresh(Some(at(1_000)), age, at(1_301)));
        assert!(is_fresh(Some(at(1_000)), age, at(990)), "the issuer's clock is a little ahead");
        assert!(!is_fresh(None, age, at(1_000)));
    }

    #[test]
    fn guards_are_displayed_as_readable_text() {
        let acr_values: &[_] = &["urn:mfa", "urn:pwd"];
        let max_age = Some(Duration::from_secs(300));
        for (guard, text) in [
            (Guard::Scopes(Requirement::scope("a")), "a"),
            (Guard::Role("admin"), "role admin"),
            (Guard::Group("/staff"), "group /staff"),
            (
                Guard::Authentication { acr_values, max_age: None },
                "signed in by urn:mfa or urn:pwd",
            ),
            (
                Guard::Authentication { acr_values, max_age },
                "signed in by urn:mfa or urn:pwd within 300 s",
            ),
            (Guard::Authentication { acr_values: &[], max_age }, "signed in within 300 s"),
            (Guard::Rule("the premium plan"), "the premium plan"),
            (Guard::OptionalToken, "a token or none"),
        ] {
            assert_eq!(guard.to_string(), text);
        }
    }
}
