//! The scopes that a request asks for.

use scopegate_claims::ScopeSet;

use super::Malformed;
use crate::catalog::{AuthorizationServer, STANDARD_SCOPES};

/// The longest `scope` parameter, in bytes.
const MAX_SCOPE_PARAMETER: usize = 4096;

/// The scopes that a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a request names scopes, or does not")]
pub enum Wanted {
    /// None are named: as many of these as the rules allow.
    AtMost(ScopeSet),
    /// None are named: it is for the server to choose.
    Default,
    /// These.
    Named(ScopeSet),
}

impl Wanted {
    pub(super) const NO_DEFAULT_SCOPES: Malformed = Malformed::Scope(
        "The authorization server has no default scopes: name the scopes you need.",
    );
    pub(super) const UNKNOWN_SCOPE: Malformed =
        Malformed::Scope("The authorization server does not have all of these scopes.");

    /// Reads the `scope` parameter.
    ///
    /// # Errors
    ///
    /// [`Malformed::Scope`] if it breaks the grammar or is too long.
    pub fn parse(parameter: Option<&str>) -> Result<Self, Malformed> {
        let Some(text) = parameter else { return Ok(Self::Default) };
        if text.len() > MAX_SCOPE_PARAMETER {
            return Err(Malformed::Scope("The scope parameter is too long."));
        }
        let scopes = ScopeSet::parse(text)
            .map_err(|_| Malformed::Scope("The scope parameter is malformed."))?;
        Ok(if scopes.is_empty() { Self::Default } else { Self::Named(scopes) })
    }

    /// Reads the `scope` parameter of a request for a person. What she gets of it is decided later.
    ///
    /// # Errors
    ///
    /// [`Malformed::Scope`] too if the server does not have all of them, or has no default
    /// ones where none are named.
    pub(crate) fn of_person(
        server: &AuthorizationServer,
        parameter: Option<&str>,
    ) -> Result<Self, Malformed> {
        let wanted = Self::parse(parameter)?;
        // The scopes of the org server are for its administrators, not for persons.
        let is_own = |name: &str| {
            !server.id.is_org() && server.scopes.keys().any(|scope| scope.as_str() == name)
        };
        match &wanted {
            Self::Named(scopes)
                if !scopes.iter().all(|name| STANDARD_SCOPES.contains(&name) || is_own(name)) =>
            {
                Err(Self::UNKNOWN_SCOPE)
            }
            Self::Default if server.default_scopes.is_empty() => Err(Self::NO_DEFAULT_SCOPES),
            Self::Named(_) | Self::Default | Self::AtMost(_) => Ok(wanted),
        }
    }

    /// The same, but never more than was granted before (RFC 6749 §6).
    ///
    /// # Errors
    ///
    /// [`Malformed::Scope`] if others are named.
    pub fn within(self, at_most: Option<&ScopeSet>) -> Result<Self, Malformed> {
        match (self, at_most) {
            (wanted, None) => Ok(wanted),
            (Self::Default, Some(before)) => Ok(Self::AtMost(before.clone())),
            (Self::AtMost(some), Some(before)) => Ok(Self::AtMost(some.intersection(before))),
            (Self::Named(named), Some(before)) if named.is_subset(before) => Ok(Self::Named(named)),
            (Self::Named(_), Some(_)) => {
                Err(Malformed::Scope("Some of these scopes were not granted in the first place."))
            }
        }
    }

    /// The scopes that are named, as text to be recorded: only those that the server has. Others are a
    /// text of a stranger.
    pub(crate) fn known_to(&self, server: &AuthorizationServer) -> String {
        let Self::Named(scopes) = self else { return String::new() };
        let is_known = |name: &str| {
            STANDARD_SCOPES.contains(&name)
                || server.scopes.keys().any(|scope| scope.as_str() == name)
        };
        scopes.iter().filter(|name| is_known(name)).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s6_what_was_granted_before_is_never_exceeded() {
        let scopes = |text| ScopeSet::parse(text).unwrap();
        let before = scopes("a b");
        let within = |text| Wanted::parse(text).unwrap().within(Some(&before));
        assert_eq!(within(None).unwrap(), Wanted::AtMost(before.clone()));
        assert_eq!(within(Some("b")).unwrap(), Wanted::Named(scopes("b")));
        assert!(matches!(within(Some("b c")), Err(Malformed::Scope(_))));
        assert_eq!(
            Wanted::parse(Some("c")).unwrap().within(None).unwrap(),
            Wanted::Named(scopes("c"))
        );
    }
}
