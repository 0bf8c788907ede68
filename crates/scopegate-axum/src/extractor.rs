//! The macros that make an extractor of a guard.

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
                let guard = $guard;
                let authenticated =
                    scopegate_bearer::Authenticated::find_in(parts, stringify!($name), guard)?;
                let token = std::sync::Arc::clone(authenticated.allow(guard)?);
                Ok(Self { token, rule: std::marker::PhantomData })
            }
        }

        crate::extractor::documented!([$($generics)*], $name<$rule>, $guard);

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

/// Implements aide's trait for an extractor, if the feature is on.
macro_rules! documented {
    ([$($generics:tt)*], $extractor:ty, $guard:expr) => {
        #[cfg(feature = "aide")]
        impl<$($generics)*> aide::OperationInput for $extractor {
            fn operation_input(
                _: &mut aide::generate::GenContext,
                operation: &mut aide::openapi::Operation,
            ) {
                scopegate_bearer::aide::require($guard, operation);
            }

            fn inferred_early_responses(
                _: &mut aide::generate::GenContext,
                _: &mut aide::openapi::Operation,
            ) -> Vec<(Option<u16>, aide::openapi::Response)> {
                scopegate_bearer::aide::refusals($guard)
            }
        }
    };
}

pub(crate) use {documented, guard};
