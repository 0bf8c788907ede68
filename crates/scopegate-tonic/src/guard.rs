//! One rule for all methods of a service.

use std::fmt;

use scopegate_bearer::IntoGuard;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::{authenticated, status};

/// Guards all methods of a service: `OrdersServer::with_interceptor(orders, guard(ReadOrders))`.
///
/// ```
/// use scopegate_bearer::role;
/// use scopegate_testkit::TestIssuer;
/// use scopegate_tonic::guard;
/// use tonic::{Code, Request, service::Interceptor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let mut admins_only = guard(role("admin"));
/// let mut ask = |role: &str| {
///     let mut request = Request::new(());
///     request.extensions_mut().insert(issuer.token().claim("roles", [role]).authenticated());
///     admins_only.call(request)
/// };
/// assert!(ask("admin").is_ok());
/// assert_eq!(ask("reader").unwrap_err().code(), Code::PermissionDenied);
///
/// // Without the layer every request is refused.
/// let refused = admins_only.call(Request::new(())).unwrap_err();
/// assert_eq!(refused.code(), Code::Internal);
/// # }
/// ```
pub fn guard(guard: impl IntoGuard) -> Guard {
    Guard { guard: guard.into_guard() }
}

/// The interceptor that [`guard`] makes.
#[derive(Clone, Copy)]
pub struct Guard {
    guard: scopegate_bearer::Guard,
}

impl Interceptor for Guard {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let admitted = authenticated(&request, "guard", self.guard)?.admits(self.guard);
        match admitted {
            Ok(()) => Ok(request),
            Err(refusal) => Err(status(&refusal)),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "guard({})", self.guard)
    }
}
