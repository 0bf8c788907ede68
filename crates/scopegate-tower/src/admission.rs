//! An admitted request, from admission to its answer.

use std::fmt;
use std::sync::{Arc, OnceLock};

use http::{Extensions, Request};
use scopegate_bearer::{Authenticated, Refusal};

use crate::meter;

/// A request that the layer admitted. A guard behind the layer can still refuse it.
pub(crate) struct Admission {
    with: &'static str,
    reader: Option<RefusalReader>,
}

impl Admission {
    /// Admits a request: stores the result in its extensions, and replaces one that was there before.
    pub(crate) fn of<B>(
        request: &mut Request<B>,
        authenticated: Authenticated,
        reader: Option<&RefusalReader>,
    ) -> Self {
        let with = if authenticated.token().is_some() { "token" } else { "anonymous" };
        request.extensions_mut().insert(authenticated);
        if let Some(reader) = reader {
            request.extensions_mut().insert(reader.clone());
        }
        Self { with, reader: reader.cloned() }
    }

    /// Counts the request once it is answered. If a guard refused it, its refusal is copied into
    /// the response's extensions.
    pub(crate) fn answered(&self, extensions: &mut Extensions) {
        if let Some(refusal) = self.reader.as_ref().and_then(|reader| reader.read(extensions)) {
            extensions.insert(refusal);
        }
        if cfg!(feature = "metrics") {
            match extensions.get::<Refusal>() {
                Some(refusal) => meter::request("refused", refusal.reason()),
                None => self.failed(),
            }
        }
    }

    /// Counts a request whose service returned an error instead of an answer.
    pub(crate) fn failed(&self) {
        meter::request("admitted", self.with);
    }
}

/// Reads the refusals that the guards of a gRPC framework put into its responses.
///
/// In HTTP a guard stores its [`Refusal`] in the extensions of the response. The guards of tonic
/// return a `Status`, which tonic stores there instead, and this layer does not know that type. So
/// each request that [`BearerLayer::grpc`](crate::BearerLayer::grpc) admits carries a reader in its
/// extensions, and the author of a framework's guards registers a function with
/// [`read_by`](Self::read_by). Requests that those guards refuse are then counted as refused, and
/// logs and outer layers find the cause. `scopegate-tonic` does this for tonic.
///
/// ```
/// use bytes::Bytes;
/// use http::{Extensions, Request, Response};
/// use http_body_util::Full;
/// use scopegate_tower::{BearerLayer, Refusal, RefusalCause, RefusalReader};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// #[derive(Clone)]
/// struct Status(Option<Refusal>); // the framework's type
///
/// fn read(extensions: &Extensions) -> Option<&Refusal> {
///     extensions.get::<Status>()?.0.as_ref()
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
/// let guarded = |status: Status| service_fn(move |request: Request<()>| {
///     let reader: &RefusalReader = request.extensions().get().unwrap();
///     reader.read_by(read);
///     let mut response = Response::new(Full::<Bytes>::default());
///     response.extensions_mut().insert(status.clone());
///     async { Ok::<_, std::convert::Infallible>(response) }
/// });
/// let ask = async |status: Status| {
///     auth.clone().optional().grpc().layer(guarded(status)).oneshot(Request::new(())).await
/// };
///
/// let refusal = Refusal::new(RefusalCause::RuleNotMet { rule: "own orders only".into() });
/// let response = ask(Status(Some(refusal))).await?;
/// assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "rule_not_met");
///
/// let response = ask(Status(None)).await?;
/// assert!(response.extensions().get::<Refusal>().is_none());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct RefusalReader(Arc<OnceLock<ReadRefusal>>);

type ReadRefusal = fn(&Extensions) -> Option<&Refusal>;

impl RefusalReader {
    /// Registers the function that reads refusals, for all requests of the layer. Only the first
    /// call has an effect.
    pub fn read_by(&self, read: fn(&Extensions) -> Option<&Refusal>) {
        self.0.get_or_init(|| read);
    }

    fn read(&self, extensions: &Extensions) -> Option<Refusal> {
        self.0.get().and_then(|read| read(extensions)).cloned()
    }
}

impl fmt::Debug for RefusalReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusalReader").field("is_set", &self.0.get().is_some()).finish()
    }
}
