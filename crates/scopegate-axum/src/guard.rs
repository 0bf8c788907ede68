//! The decision behind every guard, and what makes a type one.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use scopegate_claims::Requirement;
use scopegate_jose::{Authenticated, Refusal, RefusalCause, Verified};

use crate::AuthRejection;

/// What the layer left on the request.
///
/// It is read and stays, so that a handler may have several guards.
pub(crate) fn authenticated<'a>(
    parts: &'a Parts,
    extractor: fmt::Arguments<'_>,
) -> Result<&'a Authenticated, AuthRejection> {
    parts.extensions.get().ok_or_else(|| {
        tracing::error!(
            %extractor,
            "`{extractor}` found no authentication: the scopegate layer is missing on this route; \
             add it with `.layer(auth)` after the routes that it protects"
        );
        let cause = RefusalCause::Misconfigured(format!("`{extractor}` without the layer").into());
        Refusal::new(cause).into()
    })
}

/// The token of the request, whatever its scopes.
pub(crate) fn token(authenticated: &Authenticated) -> Result<&Arc<Verified>, AuthRejection> {
    authenticated.token().ok_or_else(|| refuse(RefusalCause::NoToken, authenticated))
}

/// The token of the request if it holds what is required.
pub(crate) fn allow(
    parts: &Parts,
    extractor: &'static str,
    requirement: Requirement,
) -> Result<Arc<Verified>, AuthRejection> {
    let authenticated = authenticated(parts, format_args!("{extractor}({requirement})"))?;
    let token = token(authenticated)?;
    let held = token.claims().scopes();
    if requirement.allows(held) {
        return Ok(Arc::clone(token));
    }
    let needed = requirement.needed(held);
    Err(refuse(RefusalCause::InsufficientScope { needed }, authenticated))
}

/// A refusal in the form that the layer was set to.
pub(crate) fn refuse(cause: RefusalCause, authenticated: &Authenticated) -> AuthRejection {
    Refusal::new(cause).with_settings(Arc::clone(authenticated.settings())).into()
}

/// Makes a struct of a token and a rule an extractor.
macro_rules! guard {
    ($name:ident<$rule:ident: $bound:ident>, $requirement:expr) => {
        impl<$rule: $bound> $name<$rule> {
            /// The claims of the token that passed.
            pub fn claims(&self) -> &scopegate_claims::Claims {
                self.token.claims()
            }

            /// The token that passed, with the evidence for it.
            pub fn verified(&self) -> &scopegate_jose::Verified {
                &self.token
            }
        }

        impl<S: Send + Sync, $rule: $bound> axum_core::extract::FromRequestParts<S>
            for $name<$rule>
        {
            type Rejection = crate::AuthRejection;

            async fn from_request_parts(
                parts: &mut http::request::Parts,
                _: &S,
            ) -> Result<Self, crate::AuthRejection> {
                let token = crate::guard::allow(parts, stringify!($name), $requirement)?;
                Ok(Self { token, rule: std::marker::PhantomData })
            }
        }

        impl<$rule: $bound> Clone for $name<$rule> {
            fn clone(&self) -> Self {
                Self { token: std::sync::Arc::clone(&self.token), rule: std::marker::PhantomData }
            }
        }

        impl<$rule: $bound> std::fmt::Debug for $name<$rule> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), $requirement)
            }
        }
    };
}

pub(crate) use guard;
