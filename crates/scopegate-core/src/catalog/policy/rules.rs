//! The rules for policy rules.

use std::time::Duration;

use super::{MAX_NAME, RuleSpec, Scopes};
use crate::catalog::check::{Field, Review};
use crate::spelling::{Quoted, show_duration};

impl RuleSpec {
    pub(super) fn rules(&self, review: &mut Review<'_, '_>) {
        review.label(Field::of("name"), &review.key().name, MAX_NAME);
        self.check_grants(review);
        self.check_scopes(review);
        self.check_lifetimes(review);
        review.users_and_groups(&self.users, &self.groups);
    }

    fn check_grants(&self, review: &mut Review<'_, '_>) {
        let field = || Field::of("grant_types");
        if self.grant_types.is_empty() {
            let message = "\"grant_types\" is empty: write [\"client_credentials\"]";
            review.refuse(field(), format_args!("{message}"));
        }
        review.grant_types(&self.grant_types);
        let grants = review.grants_of(&self.grant_types);
        for grant in grants.iter().filter(|grant| grant.continues_family) {
            let message = "a refresh goes by the rules for the grant that gave the refresh token: \
                           leave it out";
            review.refuse(field().entry(grant.name), format_args!("{message}"));
        }
        let without_user = grants.iter().find(|grant| !grant.is_about_user);
        let Some(grant) = without_user.map(|grant| grant.name) else { return };
        for (key, names) in [("users", &self.users), ("groups", &self.groups)] {
            if !names.is_empty() {
                review.warn(
                    Field::of(key),
                    format_args!(
                        "{key} do not matter to {grant}: each client of the policy gets these scopes by it, \
                         whoever is named; write a rule of its own for {grant}"
                    ),
                );
            }
        }
    }

    fn check_scopes(&self, review: &mut Review<'_, '_>) {
        let Scopes::Named(scopes) = &self.scopes else { return };
        if scopes.is_empty() {
            let message = "\"scopes\" is empty: write scopes, or [\"*\"] for all";
            review.refuse(Field::of("scopes"), format_args!("{message}"));
        }
        for scope in scopes.iter() {
            review.scope(Field::of("scopes").entry(scope), scope);
        }
    }

    fn check_lifetimes(&self, review: &mut Review<'_, '_>) {
        let access = self.access_token_lifetime;
        let is_right = review.lifetime(
            "access_token_lifetime",
            "an access token",
            access,
            Self::MIN_ACCESS_TOKEN_LIFETIME..=Self::MAX_ACCESS_TOKEN_LIFETIME,
        );
        let (least, most) = (Self::MIN_REFRESH_TOKEN_WINDOW, Self::MAX_REFRESH_TOKEN_WINDOW);
        if let Some(lifetime) = self.refresh_token_lifetime {
            // As in Okta, a refresh token must not expire before the access token that was issued with it.
            let least = if is_right { least.max(access) } else { least };
            review.lifetime("refresh_token_lifetime", "a refresh token", lifetime, least..=most);
        }
        review.lifetime(
            "refresh_token_window",
            "the window of a refresh token",
            self.refresh_token_window,
            least..=most,
        );
    }
}

impl Review<'_, '_> {
    /// Tells whether a duration is within its limits.
    fn lifetime(
        &mut self,
        key: &'static str,
        of: &str,
        lifetime: Duration,
        limits: std::ops::RangeInclusive<Duration>,
    ) -> bool {
        if limits.contains(&lifetime) {
            return true;
        }
        let relation = if lifetime < *limits.start() { "short" } else { "long" };
        let [written, least, most] = [lifetime, *limits.start(), *limits.end()].map(show_duration);
        self.refuse(
            Field::of(key),
            format_args!(
                "{} is too {relation} for {of}: write {} to {}",
                Quoted(&written),
                Quoted(&least),
                Quoted(&most)
            ),
        );
        false
    }
}
