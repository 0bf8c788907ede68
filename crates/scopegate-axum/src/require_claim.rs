//! The guard that applies a service's own rule.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use crate::AuthRejection;
use crate::extractor::documented;
use scopegate_bearer::{Authenticated, ClaimRule, Token, claim};

/// Admits a token that the rule `C` allows.
///
/// It derefs to the admitted [`Token`]. A refusal is a 403 that does not mention the rule; its name
/// is in the [`Refusal`](scopegate_bearer::Refusal), for the log. A token whose
/// claims do not fit `Extra` is answered with 401 `invalid_token`.
///
/// The audit of a `Routes` shows it as the name of the rule.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::{ClaimRule, RequireClaim, Token};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// #[derive(serde::Deserialize)]
/// struct Tenant {
///     tenant: String,
/// }
///
/// struct OurTenant;
///
/// impl ClaimRule for OurTenant {
///     const NAME: &'static str = "our tenant";
///     type Extra = Tenant;
///
///     fn allows(token: &Token<Tenant>) -> bool {
///         token.extra().tenant == "acme"
///     }
/// }
///
/// async fn list(auth: RequireClaim<OurTenant>) -> String {
///     format!("orders of {}", auth.extra().tenant)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = Router::new().route("/orders", get(list)).layer(issuer.layer());
/// let ask = async |tenant: &str| {
///     let token = issuer.token().claim("tenant", tenant).sign();
///     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
/// };
///
/// assert_eq!(ask("acme").await, 200);
/// assert_eq!(ask("globex").await, 403);
/// # }
/// ```
pub struct RequireClaim<C: ClaimRule> {
    token: Token<C::Extra>,
    rule: PhantomData<fn() -> C>,
}

impl<C: ClaimRule> RequireClaim<C> {
    /// The admitted token.
    pub fn token(&self) -> &Token<C::Extra> {
        &self.token
    }
}

impl<C: ClaimRule> Deref for RequireClaim<C> {
    type Target = Token<C::Extra>;

    fn deref(&self) -> &Token<C::Extra> {
        &self.token
    }
}

impl<S: Send + Sync, C: ClaimRule> FromRequestParts<S> for RequireClaim<C> {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        let authenticated = Authenticated::find_in(parts, "RequireClaim", claim::<C>())?;
        Ok(Self { token: authenticated.allow_claim::<C>()?, rule: PhantomData })
    }
}

documented!([C: ClaimRule], RequireClaim<C>, claim::<C>());

impl<C: ClaimRule> Clone for RequireClaim<C> {
    fn clone(&self) -> Self {
        Self { token: self.token.clone(), rule: PhantomData }
    }
}

impl<C: ClaimRule> fmt::Debug for RequireClaim<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequireClaim({})", C::NAME)
    }
}
