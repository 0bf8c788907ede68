//! The rules for hooks.

use std::ops::RangeInclusive;
use std::time::Duration;

use url::{Host, Url};

use super::{HookAuth, HookCache, HookOauth, HookSpec, HookTarget, HttpHook, OnFailure, SqlHook};
use crate::catalog::check::{Field, Review};
use crate::catalog::{SettableClaim, TokenKind, is_reserved};
use crate::spelling::{Quoted, show_short_duration};

/// Maximum length of the name of a hook, a connection, a header, a claim or a column, in characters.
const MAX_NAME: usize = 100;

/// Maximum length of a URL or of the value of a header, in characters.
const MAX_URL: usize = 1024;

/// Maximum number of further headers.
const MAX_HEADERS: usize = 20;

/// Maximum length of a query, in characters.
const MAX_QUERY: usize = 8192;

/// Maximum number of parameters of a query.
const MAX_PARAMETERS: usize = 20;

/// Maximum number of claims of a query.
const MAX_CLAIMS: usize = 50;

const DEADLINE: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(10);
const TTL: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60);
const STALE: RangeInclusive<Duration> = Duration::from_secs(1)..=HookSpec::MAX_STALE;

/// The headers that the server writes itself.
const OWN_HEADERS: [&str; 14] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

impl HookSpec {
    pub(super) fn rules(&self, review: &mut Review<'_, '_>) {
        review.label(Field::of("name"), &review.key().name, MAX_NAME);
        match &self.target {
            HookTarget::Http(http) => http.rules(review),
            HookTarget::Program => {}
            HookTarget::Sql(sql) => sql.rules(self, review),
        }
        if let Some(deadline) = self.deadline {
            duration(review, Field::of("deadline"), deadline, &DEADLINE);
        }
        if let Some(HookCache { ttl, stale, .. }) = &self.cache {
            duration(review, Field::of("cache").key("ttl"), *ttl, &TTL);
            if let Some(stale) = stale {
                duration(review, Field::of("cache").key("stale"), *stale, &STALE);
            }
        }
        if self.failure == OnFailure::Stale && self.cache.is_none() {
            review.refuse_missing("cache", "failure = \"stale\"");
        }
        if self.independent && matches!(self.target, HookTarget::Sql(_)) {
            let message = "a query is always independent of other hooks: leave it out";
            review.refuse(Field::of("independent"), format_args!("{message}"));
        }
    }
}

impl HttpHook {
    fn rules(&self, review: &mut Review<'_, '_>) {
        check_url(review, Field::of("url"), &self.url);
        match &self.auth {
            Some(HookAuth::Header { name, .. }) => {
                check_header(review, Field::of("auth").key("header"), name);
            }
            Some(HookAuth::Oauth(HookOauth { token_url, client_id, scope, .. })) => {
                let field = || Field::of("auth").key("oauth");
                check_url(review, field().key("token_url"), token_url);
                review.label(field().key("client_id"), client_id, MAX_URL);
                if let Some(scope) = scope {
                    review.label(field().key("scope"), scope, MAX_URL);
                }
            }
            Some(HookAuth::Signature(_)) | None => {}
        }
        if self.headers.len() > MAX_HEADERS {
            let message = format_args!("too many headers: write at most {MAX_HEADERS}");
            review.refuse(Field::of("headers"), message);
        }
        for (name, value) in &self.headers {
            check_header(review, Field::of("headers").name(name), name);
            let is_visible = |byte: u8| matches!(byte, b' '..=b'~');
            if value.is_empty() || value.len() > MAX_URL || !value.bytes().all(is_visible) {
                review.refuse(
                    Field::of("headers").name(name),
                    format_args!(
                        "not the value of a header: write 1 to {MAX_URL} visible ASCII characters"
                    ),
                );
            }
        }
    }
}

impl SqlHook {
    fn rules(&self, hook: &HookSpec, review: &mut Review<'_, '_>) {
        review.label(Field::of("connection"), &self.connection, MAX_NAME);
        if self.query.trim().is_empty() {
            review.refuse(Field::of("query"), format_args!("\"query\" is empty: write a select"));
        }
        review.length(Field::of("query"), &self.query, MAX_QUERY);
        if self.parameters.len() > MAX_PARAMETERS {
            let message = format_args!("too many parameters: write at most {MAX_PARAMETERS}");
            review.refuse(Field::of("parameters"), message);
        }
        if self.claims.is_empty() || self.claims.len() > MAX_CLAIMS {
            review.refuse(
                Field::of("claims"),
                format_args!("write 1 to {MAX_CLAIMS} claims, each as claim = \"column\""),
            );
        }
        if self.tokens.is_empty() {
            let message = "\"tokens\" is empty: write [\"access\"], [\"id\"] or both";
            review.refuse(Field::of("tokens"), format_args!("{message}"));
        }
        for (claim, column) in &self.claims {
            let field = || Field::of("claims").name(claim);
            review.label(field(), claim, MAX_NAME);
            review.label(field(), column, MAX_NAME);
            let sets_it = |kind: &TokenKind| {
                let settable = SettableClaim::ALL.iter().find(|(name, _)| name == claim);
                let is_allowed = *kind == TokenKind::Access
                    && settable.is_some_and(|(_, claim)| hook.may_set.contains(claim));
                is_reserved(*kind, claim) && !is_allowed
            };
            if self.tokens.iter().any(sets_it) {
                review.refuse(
                    field(),
                    format_args!(
                        "the claim {} is set by the server itself: write another name",
                        Quoted(claim)
                    ),
                );
            }
        }
    }
}

/// Tokens and secrets are sent there, so that it must be https. Plain http does not leave a loopback address.
fn check_url(review: &mut Review<'_, '_>, field: Field, text: &str) {
    let url = Url::parse(text).ok().filter(|_| text.len() <= MAX_URL);
    let is_good = url.is_some_and(|url| {
        let is_plain = url.username().is_empty() && url.password().is_none();
        let has_good_scheme = match (url.scheme(), url.host()) {
            ("https", Some(_)) => true,
            ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
            ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
            ("http", Some(Host::Domain(name))) => name == "localhost",
            (_, _) => false,
        };
        is_plain && has_good_scheme && url.fragment().is_none()
    });
    if !is_good {
        review.refuse(
            field,
            format_args!(
                "not the place of a hook: write an https URL without user name and fragment, or http on \
                 a loopback address"
            ),
        );
    }
}

fn check_header(review: &mut Review<'_, '_>, field: Field, name: &str) {
    // The characters of a token (RFC 9110 §5.6.2).
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let shown = Quoted(name);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_token) {
        let message = format_args!("{shown} is no name of a header: write letters, digits and `-`");
        return review.refuse(field, message);
    }
    if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        let message = format_args!("the server writes the header {shown} itself: write another");
        review.refuse(field, message);
    }
}

fn duration(
    review: &mut Review<'_, '_>,
    field: Field,
    written: Duration,
    limits: &RangeInclusive<Duration>,
) {
    if !limits.contains(&written) {
        let [written, least, most] =
            [written, *limits.start(), *limits.end()].map(show_short_duration);
        review.refuse(
            field,
            format_args!(
                "{} is out of range: write {} to {}",
                Quoted(&written),
                Quoted(&least),
                Quoted(&most)
            ),
        );
    }
}
