//! The decision behind every guard, and the macro that makes an extractor of it.

use std::fmt;
use std::sync::Arc;

use http::Extensions;
use scopegate_jose::{Authenticated, Refusal, RefusalCause, Verified};

use crate::guard::Guard;
use crate::{AuthRejection, probe};

/// What the layer stored on the request.
///
/// It is only read and not removed, so that a handler may have several guards.
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
    if probe::record(extensions, guard) {
        return Refusal::new(cause).into();
    }
    tracing::error!(
        %extractor,
        "`{extractor}` found no authentication: the scopegate layer is missing on this route; \
         add it with `.layer(auth)` after the routes that it protects"
    );
    Refusal::new(cause).into()
}

/// The token of the request, whatever its scopes.
pub(crate) fn token(authenticated: &Authenticated) -> Result<&Arc<Verified>, AuthRejection> {
    authenticated.token().ok_or_else(|| refuse(RefusalCause::NoToken, authenticated))
}

/// The token of the request, if it meets the guard.
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

/// A refusal with the layer's realm and body.
pub(crate) fn refuse(cause: RefusalCause, authenticated: &Authenticated) -> AuthRejection {
    authenticated.refuse(cause).into()
}

/// An extractor, as the log shows it: `RequireScope(read:orders)`.
struct Described(&'static str, Guard);

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(name, Guard::Token | Guard::OptionalToken | Guard::Public) => f.write_str(name),
            Self(name, guard) => write!(f, "{name}({guard})"),
        }
    }
}

/// Implements an extractor for a struct with a token and a rule.
macro_rules! guard {
    ($name:ident<$rule:ident>, [$($generics:tt)*], $guard:expr) => {
        impl<$($generics)*> $name<$rule> {
            /// The claims of the admitted token.
            pub fn claims(&self) -> &scopegate_claims::Claims {
                self.token.claims()
            }

            /// The admitted token, with its evidence.
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
                let token = crate::decision::allow(&parts.extensions, stringify!($name), $guard)?;
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
