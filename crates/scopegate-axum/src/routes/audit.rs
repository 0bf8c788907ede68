//! Finds handlers without a guard.

use std::fmt;

use scopegate_bearer::AuthenticationLayer;

use super::{Operation, RoutesError};
use crate::routes::operation::Requirements;

/// What each route of a service requires, for a check before the service starts.
///
/// Its `Display` is a table for the log:
///
/// ```text
/// GET     /orders         read:orders
/// POST    /orders         write:orders
/// GET     /health         public
/// DELETE  /orders/{id}    UNGUARDED
/// ```
///
/// ```
/// use scopegate_axum::routes::{Routes, RoutesError, get};
/// use scopegate_axum::{RequireScope, scopes};
///
/// scopes! {
///     pub ReadOrders = "read:orders";
/// }
///
/// async fn list(_: RequireScope<ReadOrders>) {}
///
/// async fn export() {}
///
/// let routes = Routes::new().route("/orders", get(list));
/// assert!(routes.audit().refuse_unguarded().is_ok());
///
/// // A forgotten guard is reported at the start of the service.
/// let routes = routes.route("/export", get(export));
/// let error = routes.audit().refuse_unguarded().unwrap_err();
/// assert!(error.to_string().starts_with("nothing guards GET /export"));
/// assert!(matches!(error, RoutesError::Unguarded(routes) if routes.len() == 1));
/// ```
#[derive(Clone, Debug)]
pub struct Audit {
    operations: Vec<Operation>,
    unseen: Vec<String>,
    cors: Vec<&'static str>,
}

impl Audit {
    pub(super) fn new(
        operations: Vec<Operation>,
        unseen: Vec<String>,
        cors: Vec<&'static str>,
    ) -> Self {
        Self { operations, unseen, cors }
    }

    /// All operations that are visible, in the order in which the routes were added.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Operations that require nothing and were not declared public.
    pub fn unguarded(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| operation.is_unguarded())
    }

    /// Plain routers, whose routes are not visible, by the path they were added under.
    pub fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// Returns an error unless every visible operation is guarded or public on purpose.
    ///
    /// # Errors
    ///
    /// [`RoutesError::Unguarded`] with all that are not.
    pub fn refuse_unguarded(self) -> Result<Self, RoutesError> {
        let unguarded: Vec<_> = self.unguarded().cloned().collect();
        match unguarded.is_empty() {
            true => Ok(self),
            false => Err(RoutesError::Unguarded(unguarded)),
        }
    }

    /// Returns an error if operations accept requests without a token, by `Option<Token>` or
    /// `Option<Subject>`, and the layer refuses such requests.
    ///
    /// ```
    /// use scopegate_axum::Token;
    /// use scopegate_axum::routes::{Routes, RoutesError, get};
    /// use scopegate_testkit::TestIssuer;
    ///
    /// async fn catalog(token: Option<Token>) {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let auth = TestIssuer::start("api://orders").await.layer();
    /// let routes = Routes::new().route("/catalog", get(catalog));
    /// let refused = routes.audit().refuse_optional_behind(&auth);
    /// assert!(matches!(refused, Err(RoutesError::OptionalBehindRequired(_))));
    ///
    /// let auth = auth.optional();
    /// assert!(routes.audit().refuse_optional_behind(&auth).is_ok());
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`RoutesError::OptionalBehindRequired`] with the operations.
    pub fn refuse_optional_behind(
        self,
        auth: &impl AuthenticationLayer,
    ) -> Result<Self, RoutesError> {
        let for_anyone = |one: &&Operation| one.is_for_anyone() && !one.is_public();
        let optional: Vec<_> = self.operations.iter().filter(for_anyone).cloned().collect();
        match auth.is_optional() || optional.is_empty() {
            true => Ok(self),
            false => Err(RoutesError::OptionalBehindRequired(optional)),
        }
    }

    /// Returns an error if a CORS layer was added by [`Routes::layer`](super::Routes::layer). It
    /// would be inside of the authentication layer, which refuses preflights.
    ///
    /// A CORS layer outside should expose `WWW-Authenticate`, so that clients in browsers can read
    /// challenges.
    ///
    /// # Errors
    ///
    /// [`RoutesError::CorsInside`] with the names of the layers.
    pub fn refuse_cors_inside(self) -> Result<Self, RoutesError> {
        match self.cors.is_empty() {
            true => Ok(self),
            false => Err(RoutesError::CorsInside(self.cors)),
        }
    }

    /// Returns an error unless all routes are visible.
    ///
    /// # Errors
    ///
    /// [`RoutesError::Unseen`] with the paths of plain routers.
    pub fn refuse_unseen(self) -> Result<Self, RoutesError> {
        match self.unseen.is_empty() {
            true => Ok(self),
            false => Err(RoutesError::Unseen(self.unseen)),
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.operations.iter().map(|one| one.path().len()).max().unwrap_or_default();
        for operation in &self.operations {
            let (method, path) = (operation.method().as_str(), operation.path());
            writeln!(f, "{method:<7} {path:<width$}  {}", Requirements(operation))?;
        }
        for path in &self.unseen {
            writeln!(f, "{path}: a plain router, whose routes cannot be seen")?;
        }
        for layer in &self.cors {
            writeln!(
                f,
                "{layer}: inside of the authentication layer, which refuses preflights: add it to the \
                 router that `protect` returns, and let it expose `WWW-Authenticate`, so that \
                 clients in browsers can read challenges"
            )?;
        }
        Ok(())
    }
}
