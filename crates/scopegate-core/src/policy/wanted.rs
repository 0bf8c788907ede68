//! The scopes that a request asks for.

use scopegate_claims::ScopeSet;

use super::Malformed;
use crate::catalog::{AuthorizationServer, STANDARD_SCOPES};

/// The longest `scope` parameter, in bytes.
const MAX_SCOPE_PARAMETER: usize = 4096;

/// The scopes that a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a request names scopes or does not")]
pub enum Wanted {
    /// The request names no scope: those of the earlier grant that the rules still allow.
    AtMost(ScopeSet),
    /// The request names no scope: the server's default scopes.
    Default,
    /// The request names these scopes.
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
    /// [`Malformed::Scope`] if the parameter is malformed or too long.
    pub fn parse(parameter: Option<&str>) -> Result<Self, Malformed> {
        let Some(text) = parameter else { return Ok(Self::Default) };
        if text.len() > MAX_SCOPE_PARAMETER {
            return Err(Malformed::Scope("The scope parameter is too long."));
        }
        let scopes = ScopeSet::parse(text)
            .map_err(|_| Malformed::Scope("The scope parameter is malformed."))?;
        Ok(if scopes.is_empty() { Self::Default } else { Self::Named(scopes) })
    }

    /// Reads the `scope` parameter of a request in which a user takes part. The rules decide later, once the
    /// user is known.
    ///
    /// # Errors
    ///
    /// [`Malformed::Scope`] if the parameter is malformed or too long, if the server does not have all
    /// named scopes, or if no scope is named and the server has no default scopes.
    pub(crate) fn of_user(
        server: &AuthorizationServer,
        parameter: Option<&str>,
    ) -> Result<Self, Malformed> {
        let wanted = Self::parse(parameter)?;
        // The scopes of the org server are for admin clients, not for users.
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

    /// Limits the scopes to those that were granted before (RFC 6749 §6).
    ///
    /// # Errors
    ///
    /// [`Malformed::Scope`] if other scopes are named.
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

    /// The named scopes that the server has, separated by spaces, for the audit log. Unknown names are left
    /// out, because they are unchecked input.
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
    fn s6_a_request_never_exceeds_what_was_granted_before() {
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

    #[test]
    fn a_scope_parameter_may_have_4096_bytes_and_an_empty_one_names_no_scope() {
        let many = format!("{}a", "ab ".repeat((MAX_SCOPE_PARAMETER - 1) / 3));
        assert_eq!(many.len(), 4096);
        let too_long = Malformed::Scope("The scope parameter is too long.");
        assert_ne!(Wanted::parse(Some(&many)), Err(too_long));
        assert_eq!(Wanted::parse(Some(&format!("{many}c"))), Err(too_long));
        for none in [None, Some(""), Some(" ")] {
            assert_eq!(Wanted::parse(none), Ok(Wanted::Default));
        }
        assert!(matches!(Wanted::parse(Some("a\"b")), Err(Malformed::Scope(_))));
    }

    #[test]
    fn two_limits_give_their_intersection() {
        let scopes = |text| ScopeSet::parse(text).unwrap();
        let within = Wanted::AtMost(scopes("a b")).within(Some(&scopes("b c")));
        assert_eq!(within, Ok(Wanted::AtMost(scopes("b"))));
    }

    #[tokio::test]
    async fn a_request_with_a_user_may_name_only_scopes_of_the_server() {
        let catalog = crate::testing::World::new().await.authority.catalog();
        let server = |id| catalog.server(&crate::testing::server_id(id)).unwrap().unwrap();
        let of = |id, scope| Wanted::of_user(server(id), scope);
        for good in [None, Some("read"), Some("openid read secret"), Some("openid profile")] {
            assert_eq!(of("default", good), Wanted::parse(good), "{good:?}");
        }
        for bad in ["unknown", "openid unknown", "groups", "Read"] {
            assert_eq!(of("default", Some(bad)), Err(Wanted::UNKNOWN_SCOPE), "{bad}");
        }
        assert_eq!(of("org", None), Err(Wanted::NO_DEFAULT_SCOPES));
        assert_eq!(of("org", Some("okta.apps.read")), Err(Wanted::UNKNOWN_SCOPE));
        assert!(of("org", Some("openid")).is_ok());
    }

    #[tokio::test]
    async fn only_scopes_that_the_server_has_are_recorded() {
        let catalog = crate::testing::World::new().await.authority.catalog();
        let server = catalog.server(&crate::testing::server_id("default")).unwrap().unwrap();
        let known = |scope| Wanted::parse(scope).unwrap().known_to(server);
        assert_eq!(known(Some("openid read nonsense write")), "openid read write");
        assert_eq!((known(None), known(Some("nonsense"))), (String::new(), String::new()));
        assert_eq!(Wanted::AtMost(ScopeSet::parse("read").unwrap()).known_to(server), "");
    }
}
