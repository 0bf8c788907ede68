//! The verified token of a request, with a service's own claims.

use std::any::{Any, type_name};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use scopegate_claims::Claims;
use scopegate_jose::{ExtraClaims, Verified};
use serde::de::DeserializeOwned;

use crate::{Authenticated, Refusal, RefusalCause};

/// The verified token of a request, whatever its scopes.
///
/// It derefs to [`Claims`]. `X` is the type of your own claims; by default there are none. They are
/// read from the token when it is extracted. If the layer already read this type
/// (`.extra_claims::<X>()`), they are not read again. A token whose claims do not fit `X` is
/// answered with 401 `invalid_token`, and the log names the claim.
///
/// With axum it is an extractor; the documentation of `scopegate-axum` has examples.
/// `Option<Token<X>>` is `None` if the layer is optional and the request has no token. An invalid
/// token is refused by the layer.
pub struct Token<X: OwnClaims = ()> {
    authenticated: Authenticated,
    token: Arc<Verified>,
    /// `None` stands for `()`, which needs no memory.
    extra: Option<Arc<X>>,
}

/// A type of your own claims: one that serde reads from a token.
///
/// Every type with `#[derive(serde::Deserialize)]` that borrows nothing implements it. With another
/// type, the compiler says what is missing:
///
/// ```compile_fail,E0277
/// struct Tenant;
///
/// fn read(token: scopegate_bearer::Token<Tenant>) {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the claims of a token",
    label = "not a type of claims",
    note = "add `#[derive(serde::Deserialize)]` to it; it must own its data, and be `Send` and `Sync`"
)]
pub trait OwnClaims: DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<X: DeserializeOwned + Send + Sync + 'static> OwnClaims for X {}

impl<X: OwnClaims> Token<X> {
    /// The token of a request.
    ///
    /// # Errors
    ///
    /// The refusal to answer with: 401 without a token, or if its claims do not fit `X`.
    pub fn of(authenticated: &Authenticated) -> Result<Self, Refusal> {
        Self::read(authenticated).map_err(|cause| authenticated.refuse(cause))
    }

    pub(crate) fn read(authenticated: &Authenticated) -> Result<Self, RefusalCause> {
        let token = authenticated.token().ok_or(RefusalCause::NoToken)?;
        let extra = match is_unit::<X>() {
            true => None,
            false => match token.extra().and_then(ExtraClaims::downcast::<X>) {
                Some(read_by_the_layer) => Some(read_by_the_layer),
                None => {
                    let extra = token.deserialize::<X>().map_err(RefusalCause::InvalidToken)?;
                    Some(Arc::new(extra))
                }
            },
        };
        Ok(Self { authenticated: authenticated.clone(), token: Arc::clone(token), extra })
    }
}

impl<X: OwnClaims> Token<X> {
    /// The common claims of access tokens.
    pub fn claims(&self) -> &Claims {
        self.token.claims()
    }

    /// Your own claims.
    pub fn extra(&self) -> &X {
        let none: &'static dyn Any = &();
        let extra = self.extra.as_deref().or_else(|| none.downcast_ref());
        extra.expect("they are left out only for `()`")
    }

    /// The token with its evidence.
    pub fn verified(&self) -> &Verified {
        &self.token
    }

    /// A refusal of this request, with the realm, the body and the challenge of its layer.
    ///
    /// For rules that need more than the token, such as whose order this is. A text is the name of
    /// a rule that is not met, for the log: 403 without naming a scope.
    ///
    /// ```
    /// use scopegate_bearer::{Refusal, Token};
    ///
    /// struct Order {
    ///     tenant: String,
    /// }
    ///
    /// fn show(token: &Token, order: &Order) -> Result<(), Refusal> {
    ///     match token.subject() == Some(order.tenant.as_str()) {
    ///         true => Ok(()),
    ///         false => Err(token.refuse("own orders only")),
    ///     }
    /// }
    /// ```
    pub fn refuse(&self, cause: impl Into<RefusalCause>) -> Refusal {
        self.authenticated.refuse(cause)
    }
}

fn is_unit<X: 'static>() -> bool {
    let none: &dyn Any = &();
    none.is::<X>()
}

impl<X: OwnClaims> Deref for Token<X> {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        self.claims()
    }
}

impl<X: OwnClaims> Clone for Token<X> {
    fn clone(&self) -> Self {
        let Self { authenticated, token, extra } = self;
        Self {
            authenticated: authenticated.clone(),
            token: Arc::clone(token),
            extra: extra.clone(),
        }
    }
}

impl<X: OwnClaims> fmt::Debug for Token<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token<{}>", type_name::<X>())
    }
}
