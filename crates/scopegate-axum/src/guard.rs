//! What extractors ask of a request, as data, and the decision behind every guard.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use scopegate_claims::{Requirement, UnixTime};
use scopegate_jose::{Authenticated, Refusal, RefusalCause, Verified};

use crate::AuthRejection;

/// What an extractor asks of a request, as data: for the check, the log and documents.
///
/// Its `Display` is for people: `read:orders`, `role admin`, `any token`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Guard {
    /// A token with these scopes.
    Scopes(Requirement),
    /// A token with this role.
    Role(&'static str),
    /// A token with this group.
    Group(&'static str),
    /// A token of a user who signed in strongly or recently enough.
    #[non_exhaustive]
    Authentication {
        /// The ways of signing in that will do; any, if there are none.
        acr_values: &'static [&'static str],
        /// How long ago it may have been.
        max_age: Option<Duration>,
    },
    /// A token that a rule of the service's own lets in.
    Rule(&'static str),
    /// Any token.
    Token,
    /// A token or none.
    OptionalToken,
    /// Nothing, by intent.
    Public,
}

impl Guard {
    /// Looks for what is asked in a token that is good.
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
            // The extractor decides by more than the claims that all tokens have.
            Self::Rule(_) | Self::Token | Self::OptionalToken | Self::Public => Ok(()),
        }
    }
}

/// A token that does not say when its user signed in is not fresh.
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

/// An extractor for the log: `RequireScope(read:orders)`.
struct Described(&'static str, Guard);

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(name, Guard::Token | Guard::OptionalToken | Guard::Public) => f.write_str(name),
            Self(name, guard) => write!(f, "{name}({guard})"),
        }
    }
}

/// What the layer left on the request.
///
/// It is read and stays, so that a handler may have several guards.
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
    if crate::probe::answer(extensions, guard) {
        return Refusal::new(cause).into();
    }
    tracing::error!(
        %extractor,
        "`{extractor}` found no authentication: the scopegate layer is missing on this route; \
         add it with `.layer(auth)` after the routes that it protects"
    );
    Refusal::new(cause).into()
}

/// The token of the request, whatever it holds.
pub(crate) fn token(authenticated: &Authenticated) -> Result<&Arc<Verified>, AuthRejection> {
    authenticated.token().ok_or_else(|| refuse(RefusalCause::NoToken, authenticated))
}

/// The token of the request if it holds what is asked for.
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

/// A refusal in the form that the layer was set to.
pub(crate) fn refuse(cause: RefusalCause, authenticated: &Authenticated) -> AuthRejection {
    authenticated.refuse(cause).into()
}

/// Makes a struct of a token and a rule an extractor.
macro_rules! guard {
    ($name:ident<$rule:ident>, [$($generics:tt)*], $guard:expr) => {
        impl<$($generics)*> $name<$rule> {
            /// The claims of the token that passed.
            pub fn claims(&self) -> &scopegate_claims::Claims {
                self.token.claims()
            }

            /// The token that passed, with the evidence for it.
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
    fn a_sign_in_is_fresh_to_the_last_second_and_unknown_is_not_fresh() {
        let at = UnixTime::from_seconds;
        let age = Duration::from_secs(300);
        assert!(is_fresh(Some(at(1_000)), age, at(1_300)));
        assert!(!is_fresh(Some(at(1_000)), age, at(1_301)));
        assert!(is_fresh(Some(at(1_000)), age, at(990)), "the issuer's clock is a little ahead");
        assert!(!is_fresh(None, age, at(1_000)));
    }

    #[test]
    fn people_read_what_is_asked() {
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
