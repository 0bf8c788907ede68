//! A service's own rule over the claims of a token.

use crate::{Authenticated, Guard, OwnClaims, RefusalCause, Rule, Token};

/// A rule of a service's own about verified tokens.
///
/// `Extra` is the type of your own claims, or `()` if the rule needs only the common claims.
///
/// ```
/// use scopegate_bearer::{ClaimRule, Token, claim};
///
/// /// Who may see the orders of every tenant.
/// struct Support;
///
/// impl ClaimRule for Support {
///     const NAME: &'static str = "support";
///     type Extra = ();
///
///     fn allows(token: &Token) -> bool {
///         let roles = token.roles();
///         roles.contains("support") || roles.contains("admin")
///     }
/// }
///
/// assert_eq!(claim::<Support>().to_string(), "support");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a rule over claims",
    label = "not a rule",
    note = "implement `ClaimRule` for it: `fn allows(token: &Token<Self::Extra>) -> bool`",
    note = "for a scope, a role or a group write `RequireScope`, `RequireRole` or `RequireGroup`"
)]
pub trait ClaimRule: Send + Sync + 'static {
    /// The name of the rule, for the log and the OpenAPI document.
    const NAME: &'static str;

    /// The type of your own claims.
    type Extra: OwnClaims;

    /// Whether a verified token meets the rule.
    ///
    /// It must not panic: nothing catches a panic, so it ends the task of the connection, and with
    /// HTTP/2 all other requests of that connection.
    fn allows(token: &Token<Self::Extra>) -> bool;
}

/// A token that the rule `C` allows, as a guard.
pub const fn claim<C: ClaimRule>() -> Guard {
    Guard::Rule(Rule::decided_by(C::NAME, |authenticated| check::<C>(authenticated).map(|_| ())))
}

/// The token with the claims that the rule read, if the rule allows it.
pub(crate) fn check<C: ClaimRule>(
    authenticated: &Authenticated,
) -> Result<Token<C::Extra>, RefusalCause> {
    let token = Token::<C::Extra>::read(authenticated)?;
    match C::allows(&token) {
        true => Ok(token),
        false => Err(RefusalCause::RuleNotMet { rule: C::NAME.into() }),
    }
}
