//! The verified token itself, with a service's own claims.

use std::any::{Any, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use scopegate_claims::Claims;
use scopegate_jose::{Authenticated, ExtraClaims, RefusalCause, Verified};

use crate::guard::Guard;
use crate::{AuthRejection, decision};

const NAME: &str = "Token";

/// The verified token of the request, whatever its scopes.
///
/// It derefs to [`Claims`]. `X` is the type of your own claims that the layer reads; by default
/// there are none. If the layer reads another type, that is a mistake in the program: the answer is
/// 500, and the log names both types.
///
/// `Option<Token<X>>` is `None` if the layer is optional and the request has no token. An invalid
/// token is refused by the layer.
///
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::Token;
///
/// #[derive(serde::Deserialize)]
/// struct Tenant {
///     tenant: String,
/// }
///
/// async fn list(token: Token<Tenant>) -> String {
///     format!("orders of {} for {:?}", token.extra().tenant, token.client_id())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let auth = tower::layer::util::Identity::new();
/// let app = Router::new().route("/orders", get(list)).layer(auth);
///
/// assert_eq!(ask(&app, Some("")).await, 200);
/// assert_eq!(ask(&app, None).await, 401);
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<Tenant>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
///
/// For handlers that accept a token but do not require one:
///
/// ```
/// # use axum::{Router, routing::get};
/// # use scopegate_axum::Token;
/// async fn list(token: Option<Token>) -> &'static str {
///     if token.is_some() { "all orders" } else { "public orders" }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let auth = tower::layer::util::Identity::new();
/// let app = Router::new().route("/orders", get(list)).layer(auth);
///
/// assert_eq!(ask(&app, Some("")).await, 200);
/// assert_eq!(ask(&app, None).await, 200);
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
pub struct Token<X: Send + Sync + 'static = ()> {
    token: Arc<Verified>,
    of: PhantomData<fn() -> X>,
}

impl<X: Send + Sync + 'static> Token<X> {
    /// The common claims of access tokens.
    pub fn claims(&self) -> &Claims {
        self.token.claims()
    }

    /// Your own claims, as the layer read them.
    pub fn extra(&self) -> &X {
        find(self.token.extra()).expect("the type was compared when the token was extracted")
    }

    /// The token with its evidence.
    pub fn verified(&self) -> &Verified {
        &self.token
    }

    pub(crate) fn of(
        token: &Arc<Verified>,
        authenticated: &Authenticated,
    ) -> Result<Self, AuthRejection> {
        let extra = token.extra();
        if find::<X>(extra).is_some() {
            return Ok(Self { token: Arc::clone(token), of: PhantomData });
        }
        let (asked, read) = (type_name::<X>(), extra.map_or("none", ExtraClaims::type_name));
        tracing::error!(
            extractor = NAME,
            asked,
            read,
            "`Token<{asked}>` asks for other extra claims than the layer reads ({read}); \
             build the layer with `.extra_claims::<{asked}>()`"
        );
        let problem = format!("`Token<{asked}>`, but the layer reads {read}");
        Err(decision::refuse(RefusalCause::Misconfigured(problem.into()), authenticated))
    }
}

/// The extra claims, if they are of type `X`. `()` is always found and stands for no extra claims.
fn find<X: 'static>(extra: Option<&ExtraClaims>) -> Option<&X> {
    let none: &'static dyn Any = &();
    none.downcast_ref().or_else(|| extra?.downcast_ref())
}

impl<X: Send + Sync + 'static> Deref for Token<X> {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        self.claims()
    }
}

impl<S: Send + Sync, X: Send + Sync + 'static> FromRequestParts<S> for Token<X> {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        let authenticated = decision::authenticated(&parts.extensions, NAME, Guard::Token)?;
        Self::of(decision::token(authenticated)?, authenticated)
    }
}

impl<S: Send + Sync, X: Send + Sync + 'static> OptionalFromRequestParts<S> for Token<X> {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, AuthRejection> {
        let authenticated = decision::authenticated(&parts.extensions, NAME, Guard::OptionalToken)?;
        authenticated.token().map(|token| Self::of(token, authenticated)).transpose()
    }
}

impl<X: Send + Sync + 'static> Clone for Token<X> {
    fn clone(&self) -> Self {
        Self { token: Arc::clone(&self.token), of: PhantomData }
    }
}

impl<X: Send + Sync + 'static> fmt::Debug for Token<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token<{}>", type_name::<X>())
    }
}
