//! The request extension that a layer sets.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, Uri};
use scopegate_claims::{Clock, SystemClock, UnixTime};
use scopegate_jose::{ExtraClaims, Verified};

use crate::{
    ChallengeSettings, ClaimRule, Guard, IntoGuard, Probe, Refusal, RefusalCause, RequestHead,
    Token, claim_rule,
};

/// The request extension that a layer sets: the verified token, or none if the layer is optional.
///
/// It is not generic, so that code which only checks scopes need not name the type of the extra
/// claims.
///
/// ```
/// use scopegate_bearer::{Authenticated, Guard, role};
/// use std::sync::Arc;
///
/// let anonymous = Authenticated::anonymous(Arc::default());
/// assert_eq!(anonymous.allow(Guard::Token).unwrap_err().status(), 401);
/// assert_eq!(anonymous.allow(role("admin")).unwrap_err().status(), 401);
/// assert!(anonymous.token().is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Authenticated {
    token: Option<Arc<Verified>>,
    settings: Arc<ChallengeSettings>,
    at: Option<UnixTime>,
    head: Option<Arc<RequestHead>>,
}

impl Authenticated {
    /// A request with a verified token.
    pub fn new(token: Arc<Verified>, settings: Arc<ChallengeSettings>) -> Self {
        Self { token: Some(token), settings, at: None, head: None }
    }

    /// A request without a token, in a layer that allows this.
    pub fn anonymous(settings: Arc<ChallengeSettings>) -> Self {
        Self { token: None, settings, at: None, head: None }
    }

    /// What the layer stored on a request. It is only read and not removed, so that a request may
    /// pass several guards.
    ///
    /// `by` names the guard that looks for it, for the log.
    ///
    /// # Errors
    ///
    /// If the layer is missing, that is a mistake in the program: 500 and an error in the log. A 401
    /// would wrongly blame the client.
    pub fn find<'a>(
        extensions: &'a Extensions,
        by: &'static str,
        guard: Guard,
    ) -> Result<&'a Self, Refusal> {
        extensions.get().ok_or_else(|| missing(extensions, &GuardedBy(by, guard), None))
    }

    /// What the layer stored on a request, as [`find`](Self::find) does. If the layer is missing,
    /// the log also has the method and the path of the request.
    ///
    /// # Errors
    ///
    /// As for [`find`](Self::find).
    pub fn find_in<'a>(
        parts: &'a Parts,
        by: &'static str,
        guard: Guard,
    ) -> Result<&'a Self, Refusal> {
        let Parts { method, uri, extensions, .. } = parts;
        Self::find_with(extensions, method, uri, by, guard)
    }

    /// What the layer stored on a request that is not taken apart, as [`find_in`](Self::find_in)
    /// does.
    ///
    /// # Errors
    ///
    /// As for [`find`](Self::find).
    pub fn find_on<'a, B>(
        request: &'a Request<B>,
        by: &'static str,
        guard: Guard,
    ) -> Result<&'a Self, Refusal> {
        let (method, uri) = (request.method(), request.uri());
        Self::find_with(request.extensions(), method, uri, by, guard)
    }

    fn find_with<'a>(
        extensions: &'a Extensions,
        method: &Method,
        uri: &Uri,
        by: &'static str,
        guard: Guard,
    ) -> Result<&'a Self, Refusal> {
        extensions.get().ok_or_else(|| {
            // Without the layer nobody knows which headers hold tokens, so none is copied.
            let head = RequestHead::new(method, uri, &HeaderMap::new());
            missing(extensions, &GuardedBy(by, guard), Some(head))
        })
    }

    /// Sets the time of the request, as read from the layer's clock.
    #[must_use]
    pub fn at(mut self, time: UnixTime) -> Self {
        self.at = Some(time);
        self
    }

    /// Sets the head of the request, for logs and bodies of refusals.
    ///
    /// A layer sets it only if [`ChallengeSettings::reads_head`] is true.
    #[must_use]
    pub fn with_head(mut self, head: Arc<RequestHead>) -> Self {
        self.head = Some(head);
        self
    }

    /// The time of the request: as set by the layer, or else the current system time.
    pub fn time(&self) -> UnixTime {
        self.at.unwrap_or_else(|| SystemClock.now())
    }

    /// The token if it meets the guard, otherwise the refusal.
    ///
    /// The guards of all protocols call this, so that they all give the same answers. A guard is a
    /// scope rule, [`role`](crate::role), [`group`](crate::group), [`acr`](crate::acr),
    /// [`fresh`](crate::fresh), [`claim`](crate::claim), or any other [`Guard`].
    ///
    /// # Errors
    ///
    /// The refusal to answer with: 401 without a token, else what the guard says.
    pub fn allow(&self, guard: impl IntoGuard) -> Result<&Arc<Verified>, Refusal> {
        let token = self.token.as_ref().ok_or_else(|| self.refuse(RefusalCause::NoToken))?;
        match guard.into_guard().check(token, self) {
            Ok(()) => Ok(token),
            Err(cause) => Err(self.refuse(cause)),
        }
    }

    /// Whether the request meets the guard, for a route that needs nothing of the token itself.
    ///
    /// It decides as [`allow`](Self::allow) does, but [`Guard::Public`] and
    /// [`Guard::OptionalToken`] also admit a request without a token.
    ///
    /// ```
    /// use scopegate_bearer::{Authenticated, Guard};
    /// use std::sync::Arc;
    ///
    /// let anonymous = Authenticated::anonymous(Arc::default());
    /// assert!(anonymous.admits(Guard::OptionalToken).is_ok());
    /// assert_eq!(anonymous.admits(Guard::Token).unwrap_err().status(), 401);
    /// ```
    ///
    /// # Errors
    ///
    /// The refusal to answer with: 401 without a token, else what the guard says.
    pub fn admits(&self, guard: impl IntoGuard) -> Result<(), Refusal> {
        match guard.into_guard() {
            Guard::Public | Guard::OptionalToken => Ok(()),
            guard => self.allow(guard).map(|_| ()),
        }
    }

    /// The token with your own claims, if the rule `C` allows it.
    ///
    /// It decides as [`allow`](Self::allow) does with the guard [`claim::<C>()`](crate::claim), and
    /// also returns the claims that the rule read.
    ///
    /// # Errors
    ///
    /// The refusal to answer with: 401 without a token, or if its claims do not fit; 403 if the rule
    /// does not allow it.
    pub fn allow_claim<C: ClaimRule>(&self) -> Result<Token<C::Extra>, Refusal> {
        claim_rule::check::<C>(self).map_err(|cause| self.refuse(cause))
    }

    /// A refusal of this request, with the realm and the body of its layer.
    pub fn refuse(&self, cause: impl Into<RefusalCause>) -> Refusal {
        let mut refusal = Refusal::new(cause).with_settings(Arc::clone(&self.settings));
        if let Some(token) = &self.token {
            refusal = refusal.with_token(Arc::clone(token));
        }
        match &self.head {
            Some(head) => refusal.with_head(Arc::clone(head)),
            None => refusal,
        }
    }

    /// The token, if the request has one.
    pub fn token(&self) -> Option<&Arc<Verified>> {
        self.token.as_ref()
    }

    /// The claims of a custom type, if the layer reads them.
    pub fn extra(&self) -> Option<&ExtraClaims> {
        self.token.as_ref()?.extra()
    }

    /// The settings for refusals.
    pub fn settings(&self) -> &Arc<ChallengeSettings> {
        &self.settings
    }
}

#[cold]
fn missing(extensions: &Extensions, by: &GuardedBy, head: Option<RequestHead>) -> Refusal {
    let refusal =
        Refusal::new(RefusalCause::Misconfigured(format!("`{by}` without the layer").into()));
    if !Probe::record(extensions, by.1) {
        tracing::error!(
            extractor = %by,
            method = head.as_ref().map(|head| head.method().as_str()),
            path = head.as_ref().map(RequestHead::path_for_log),
            "`{by}` found no authentication: the scopegate layer is missing on this route, or is \
             inside of `{by}`; add it around the routes that it protects: in axum with \
             `.layer(auth)` after the routes, in tonic with `.layer(scopegate_tonic::layer(&auth))`"
        );
    }
    match head {
        Some(head) => refusal.with_head(Arc::new(head)),
        None => refusal,
    }
}

/// A guard, as the log shows it: `RequireScope(read:orders)`.
struct GuardedBy(&'static str, Guard);

impl fmt::Display for GuardedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(name, Guard::Token | Guard::OptionalToken | Guard::Public) => f.write_str(name),
            Self(name, guard) => write!(f, "{name}({guard})"),
        }
    }
}
