//! What can be required of a request, as data.

use std::fmt;
use std::time::Duration;

use scopegate_claims::{Requirement, ScopeRule, UnixTime};
use scopegate_jose::Verified;

use crate::{Authenticated, RefusalCause};

/// What is required of a request, as data: for the decision, the log and the OpenAPI document.
///
/// Every scope rule is a guard. Others are made by [`role`], [`group`], [`acr`], [`fresh`] and
/// [`claim`](crate::claim). [`Authenticated::allow`] decides.
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
    Rule(Rule),
    /// Any token.
    Token,
    /// A token or none.
    OptionalToken,
    /// Nothing: the handler is public on purpose.
    Public,
}

/// A token with this role.
pub const fn role(name: &'static str) -> Guard {
    Guard::Role(name)
}

/// A token with this group.
pub const fn group(name: &'static str) -> Guard {
    Guard::Group(name)
}

/// A token whose user signed in with one of these levels, the preferred one first (RFC 9470).
///
/// # Panics
///
/// If there is no value, or one holds a space: `acr_values` separates values by spaces. In a
/// constant this is a compile error.
pub const fn acr(values: &'static [&'static str]) -> Guard {
    assert!(!values.is_empty(), "`acr` needs a value");
    let mut at = 0;
    while at < values.len() {
        let bytes = values[at].as_bytes();
        let mut byte = 0;
        while byte < bytes.len() {
            assert!(bytes[byte] > b' ', "a value of `acr` must not contain spaces");
            byte += 1;
        }
        at += 1;
    }
    Guard::Authentication { acr_values: values, max_age: None }
}

/// A token whose user signed in at most this long ago (RFC 9470). A token without `auth_time` is
/// not fresh.
pub const fn fresh(max_age: Duration) -> Guard {
    Guard::Authentication { acr_values: &[], max_age: Some(max_age) }
}

/// What can be given as a guard: a scope rule, or a [`Guard`].
///
/// Everything that converts into a [`Guard`] implements it. It exists so that the compiler can say
/// how a guard is written when something else is given, such as the name of a scope:
///
/// ```compile_fail,E0277
/// fn allowed(authenticated: &scopegate_bearer::Authenticated) -> bool {
///     authenticated.allow("read:orders").is_ok()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guard",
    label = "not a guard",
    note = "declare the scope: `scopes! {{ pub ReadOrders = \"read:orders\"; }}`, and give `ReadOrders`; or \
            write it in place: `scope!(\"read:orders\")`",
    note = "for a role write `role(\"admin\")`"
)]
pub trait IntoGuard {
    /// The guard, as data.
    fn into_guard(self) -> Guard;
}

#[diagnostic::do_not_recommend]
impl<G: Into<Guard>> IntoGuard for G {
    fn into_guard(self) -> Guard {
        self.into()
    }
}

impl<R: ScopeRule> From<R> for Guard {
    fn from(_: R) -> Self {
        Self::Scopes(R::REQUIREMENT)
    }
}

impl Guard {
    /// Whether it requires more of a token than scopes, which documents can only describe as text.
    pub fn is_beyond_scopes(&self) -> bool {
        match self {
            Self::Role(_) | Self::Group(_) | Self::Authentication { .. } | Self::Rule(_) => true,
            Self::Scopes(_) | Self::Token | Self::OptionalToken | Self::Public => false,
        }
    }

    /// Checks a verified token against this guard.
    pub(crate) fn check(
        &self,
        token: &Verified,
        authenticated: &Authenticated,
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
            Self::Rule(rule) => rule.check(authenticated),
            Self::Token | Self::OptionalToken | Self::Public => Ok(()),
        }
    }
}

/// A token without a sign-in time is not fresh.
fn is_fresh(signed_in: Option<UnixTime>, max_age: Duration, now: UnixTime) -> bool {
    signed_in.is_some_and(|at| at.plus(max_age) >= now)
}

/// A rule of a service's own, by its name.
#[derive(Clone, Copy)]
pub struct Rule {
    name: &'static str,
    check: Option<Check>,
}

type Check = fn(&Authenticated) -> Result<(), RefusalCause>;

impl Rule {
    /// A rule that is decided elsewhere, for documents. [`Authenticated::allow`] refuses it.
    pub const fn named(name: &'static str) -> Self {
        Self { name, check: None }
    }

    pub(crate) const fn decided_by(name: &'static str, check: Check) -> Self {
        Self { name, check: Some(check) }
    }

    /// The name of the rule.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn check(&self, authenticated: &Authenticated) -> Result<(), RefusalCause> {
        match self.check {
            Some(check) => check(authenticated),
            None => {
                let problem = format!("the rule `{}` is only a name", self.name);
                Err(RefusalCause::Misconfigured(problem.into()))
            }
        }
    }
}

/// Rules are equal if their names are.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Rule {}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.name).finish()
    }
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
            Self::Rule(rule) => f.write_str(rule.name),
            Self::Token => f.write_str("any token"),
            Self::OptionalToken => f.write_str("a token or none"),
            Self::Public => f.write_str("public"),
        }
    }
}

#[cfg(test)]
mod tests;
