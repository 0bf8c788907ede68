//! What a service leaves open.

use std::fmt;

use super::{Operation, RoutesError};
use crate::routes::operation::Asked;

/// What each route of a service asks for, to be looked at before it starts.
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
/// use scopegate_axum::{RequireScope, scoped};
///
/// #[scoped]
/// async fn list(_: RequireScope<"read:orders">) {}
///
/// async fn export() {}
///
/// let routes = Routes::new().route("/orders", get(list));
/// assert!(routes.audit().refuse_unguarded().is_ok());
///
/// // Whoever forgets a guard learns it at the start of the service.
/// let routes = routes.route("/export", get(export));
/// let error = routes.audit().refuse_unguarded().unwrap_err();
/// assert!(error.to_string().starts_with("nothing guards GET /export"));
/// assert!(matches!(error, RoutesError::Unguarded(routes) if routes.len() == 1));
/// ```
#[derive(Clone, Debug)]
pub struct Audit {
    operations: Vec<Operation>,
    unseen: Vec<String>,
}

impl Audit {
    pub(super) fn new(operations: Vec<Operation>, unseen: Vec<String>) -> Self {
        Self { operations, unseen }
    }

    /// All that can be seen, in the order of routing.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// What asks for nothing, without anybody having said that this is the intent.
    pub fn unguarded(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| operation.is_unguarded())
    }

    /// What cannot be seen: plain routers, by the path they were put at.
    pub fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// Goes on only if everything that can be seen is guarded, or public by intent.
    ///
    /// # Errors
    ///
    /// [`RoutesError::Unguarded`] with all that is not.
    pub fn refuse_unguarded(self) -> Result<Self, RoutesError> {
        let unguarded: Vec<_> = self.unguarded().cloned().collect();
        match unguarded.is_empty() {
            true => Ok(self),
            false => Err(RoutesError::Unguarded(unguarded)),
        }
    }

    /// Goes on only if everything can be seen.
    ///
    /// # Errors
    ///
    /// [`RoutesError::Unseen`] with where plain routers are.
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
            writeln!(f, "{method:<7} {path:<width$}  {}", Asked(operation))?;
        }
        for path in &self.unseen {
            writeln!(f, "{path}: a plain router, whose routes cannot be seen")?;
        }
        Ok(())
    }
}
