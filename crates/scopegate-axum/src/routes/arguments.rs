//! The arguments of a handler, asked for what they ask of a request.

use std::any::{TypeId, type_name};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum_core::body::Body;
use axum_core::extract::{FromRequest, FromRequestParts};
use http::Request;

use crate::AuthRejection;
use crate::guard::Guard;
use crate::probe::Probe;

/// The arguments of a handler, in the form that axum gives them.
///
/// Functions and closures of up to 16 extractors have it, whatever those extractors are; nobody else
/// can implement it.
#[diagnostic::on_unimplemented(
    message = "what this handler asks for cannot be seen",
    label = "not a function of extractors",
    note = "write a function or a closure, such as `async || \"text\"`, or give the route to \
            `Routes::unseen`"
)]
pub trait Arguments<S>: sealed::Sealed {
    /// What the guards among them ask for.
    #[doc(hidden)]
    fn guards(state: &S) -> Vec<Guard>;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for ((),) {}

impl<S> Arguments<S> for ((),) {
    fn guards(_: &S) -> Vec<Guard> {
        Vec::new()
    }
}

macro_rules! arguments {
    ($($($first:ident)* , $last:ident;)+) => {$(
        impl<M, $($first,)* $last> sealed::Sealed for (M, $($first,)* $last,) {}

        #[diagnostic::do_not_recommend]
        impl<S, M, $($first,)* $last> Arguments<S> for (M, $($first,)* $last,)
        where
            S: 'static,
            $($first: FromRequestParts<S> + 'static,)*
            $last: FromRequest<S, M> + 'static,
            M: 'static,
        {
            fn guards(state: &S) -> Vec<Guard> {
                let mut guards = Vec::new();
                $(guards.extend(ask_parts::<$first, S>(state));)*
                guards.extend(ask_whole::<$last, S, M>(state));
                guards
            }
        }
    )+};
}

arguments! {
    , A;
    A, B;
    A B, C;
    A B C, D;
    A B C D, E;
    A B C D E, F;
    A B C D E F, G;
    A B C D E F G, H;
    A B C D E F G H, I;
    A B C D E F G H I, J;
    A B C D E F G H I J, K;
    A B C D E F G H I J K, L;
    A B C D E F G H I J K L, N;
    A B C D E F G H I J K L N, O;
    A B C D E F G H I J K L N O, P;
    A B C D E F G H I J K L N O P, Q;
}

fn ask_parts<E: FromRequestParts<S> + 'static, S: 'static>(state: &S) -> Vec<Guard> {
    if !is_ours::<E::Rejection>() {
        return Vec::new();
    }
    let (probe, request) = request();
    let (mut parts, _) = request.into_parts();
    let extracted = poll_once(E::from_request_parts(&mut parts, state));
    said_by::<E>(&probe, matches!(extracted, Some(Ok(_))))
}

fn ask_whole<E, S, M>(state: &S) -> Vec<Guard>
where
    E: FromRequest<S, M> + 'static,
    S: 'static,
    M: 'static,
{
    if !is_ours::<E::Rejection>() {
        return Vec::new();
    }
    let (probe, request) = request();
    let extracted = poll_once(E::from_request(request, state));
    said_by::<E>(&probe, matches!(extracted, Some(Ok(_))))
}

/// Tells guards from the extractors of others, which are never run for this.
fn is_ours<R: 'static>() -> bool {
    TypeId::of::<R>() == TypeId::of::<AuthRejection>()
}

fn request() -> (Probe, Request<Body>) {
    let (probe, mut request) = (Probe::default(), Request::new(Body::empty()));
    request.extensions_mut().insert(probe.clone());
    (probe, request)
}

/// Our guards never wait. What does is somebody's own guard, which waits before it asks one of ours.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// What an extractor said; one that refuses as guards do without asking any of ours is a rule.
fn said_by<E>(probe: &Probe, let_in: bool) -> Vec<Guard> {
    match probe.said() {
        said if said.is_empty() && !let_in => vec![Guard::Rule(type_name::<E>())],
        said => said,
    }
}
