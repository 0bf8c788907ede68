//! What extractors require of a request, as data.

use std::fmt;
use std::time::Duration;

use scopegate_claims::{Requirement, UnixTime};
use scopegate_jose::{Authenticated, RefusalCause, Verified};

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
    pub(crate) fn check(
        &self,
        authenticated: &Authenticated,
        token: &Verified,
    ) -> Result<(), RefusalCause> {
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
