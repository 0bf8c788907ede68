//! The arguments of a handler, probed for the guards among them.

use std::any::{TypeId, type_name};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum_core::body::Body;
use axum_core::extract::{FromRequest, FromRequestParts};
use http::Request;

use crate::{AuthRejection, GuardRejection};
use scopegate_bearer::{Guard, Probe, Rule};

/// The arguments of a handler, in the form in which axum names them.
///
/// Implemented for functions and closures of up to 16 extractors of any type. Other crates cannot
/// implement it.
#[diagnostic::on_unimplemented(
    message = "the guards of this handler cannot be determined",
    label = "not a function of extractors",
    note = "write a function or a closure, such as `async || \"text\"`, or give the route to \
            `Routes::unseen`"
)]
pub trait Arguments<S>: sealed::Sealed {
    /// The guards among the arguments.
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
                $(guards.extend(probe_parts::<$first, S>(state));)*
                guards.extend(probe_whole::<$last, S, M>(state));
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

fn probe_parts<E: FromRequestParts<S> + 'static, S: 'static>(state: &S) -> Vec<Guard> {
    if !is_ours::<E::Rejection>() {
        return Vec::new();
    }
    let (probe, request) = request();
    let (mut parts, _) = request.into_parts();
    let extracted = poll_once(E::from_request_parts(&mut parts, state));
    recorded_guards::<E>(&probe, matches!(extracted, Some(Ok(_))))
}

fn probe_whole<E, S, M>(state: &S) -> Vec<Guard>
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
    recorded_guards::<E>(&probe, matches!(extracted, Some(Ok(_))))
}

/// Whether an extractor is a guard of this crate. Other extractors are never run here.
fn is_ours<R: 'static>() -> bool {
    [TypeId::of::<AuthRejection>(), TypeId::of::<GuardRejection>()].contains(&TypeId::of::<R>())
}

fn request() -> (Probe, Request<Body>) {
    let (probe, mut request) = (Probe::new(), Request::new(Body::empty()));
    request.extensions_mut().insert(probe.clone());
    (probe, request)
}

/// Guards of this crate never wait. A pending future is a foreign guard that waits before it runs
/// one of ours.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// The guards that an extractor recorded. If it refused without recording one, it is reported as a
/// rule of its own.
fn recorded_guards<E>(probe: &Probe, admitted: bool) -> Vec<Guard> {
    match probe.guards() {
        guards if guards.is_empty() && !admitted => {
            vec![Guard::Rule(Rule::named(type_name::<E>()))]
        }
        guards => guards,
    }
}
