//! The rules for policy rules.

use std::time::Duration;

use super::{AcrClass, Effect, MAX_NAME, RuleSpec, Scopes};
use crate::catalog::check::{Field, Review};
use crate::catalog::{EntityKey, GrantKind};
use crate::expression::{Expression, Wanted};
use crate::spelling::{Instead, Quoted, nearest, show_duration};

/// Maximum number of zones, classes or resources of a rule.
const MAX_ENTRIES: usize = 100;

/// Maximum number of hooks of a rule. All of them together have a few seconds.
const MAX_HOOKS: usize = 10;

/// Maximum length of a resource, in characters.
const MAX_RESOURCE: usize = 1024;

impl RuleSpec {
    /// Maximum value of `max_age`.
    const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    pub(super) fn rules(&self, review: &mut Review<'_, '_>) {
        review.label(Field::of("name"), &review.key().name, MAX_NAME);
        self.check_grants(review);
        self.check_scopes(review);
        self.check_lifetimes(review);
        review.users_and_groups(&self.users, &self.groups);
        self.check_circumstances(review);
        self.check_constant(review);
        self.check_hooks(review);
        if self.effect == Effect::Deny {
            self.check_denial(review);
        }
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
        self.check_sign_in(&grants, review);
        let without_user = grants.iter().find(|grant| !grant.is_about_user);
        let Some(grant) = without_user.map(|grant| grant.name) else { return };
        let what = match self.effect {
            Effect::Allow => "gets these scopes by it",
            Effect::Deny => "is denied by it",
        };
        for (key, names) in [("users", &self.users), ("groups", &self.groups)] {
            if !names.is_empty() {
                review.warn(
                    Field::of(key),
                    format_args!(
                        "{key} do not matter to {grant}: each client of the policy {what}, \
                         whoever is named; write a rule of its own for {grant}"
                    ),
                );
            }
        }
    }

    /// Warns of conditions on the sign-in for a grant without one.
    fn check_sign_in(&self, grants: &[&GrantKind], review: &mut Review<'_, '_>) {
        let without_sign_in = grants.iter().find(|grant| !grant.has_sign_in);
        let Some(grant) = without_sign_in.map(|grant| grant.name) else { return };
        let needs_sign_in =
            [("acr_values", !self.acr_values.is_empty()), ("max_age", self.max_age.is_some())];
        let consequence = match self.effect {
            Effect::Allow => "the rule never allows it",
            Effect::Deny => "the rule always denies it, if the other conditions hold",
        };
        for (key, _) in needs_sign_in.into_iter().filter(|(_, is_written)| *is_written) {
            review.warn(
                Field::of(key),
                format_args!(
                    "nobody signs in for {grant}, so that {consequence}; write a rule of its own for {grant}"
                ),
            );
        }
    }

    /// Warns of a condition `when` that reads nothing of the request and never holds.
    fn check_constant(&self, review: &mut Review<'_, '_>) {
        let never = "the rule never matches";
        let (consequence, result) = match self.when.as_ref().and_then(Expression::constant) {
            None | Some(Ok(true)) => return,
            Some(Ok(false)) => (never, "is always false".to_owned()),
            Some(Err(error)) => {
                let consequence = match self.effect {
                    Effect::Allow => never,
                    Effect::Deny => "the rule denies whenever its other conditions hold",
                };
                (consequence, format!("can never be evaluated ({error})"))
            }
        };
        review.warn(
            Field::of("when"),
            format_args!(
                "{consequence}, because this condition {result}; write a condition on the request, or leave it out"
            ),
        );
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
        let limits = Self::MIN_ACCESS_TOKEN_LIFETIME..=Self::MAX_ACCESS_TOKEN_LIFETIME;
        let field = Field::of("access_token_lifetime");
        let is_right = review.lifetime(field, "an access token", access, limits.clone());
        for (scope, cap) in &self.scope_lifetimes {
            let field = || Field::of("scope_lifetimes").name(scope);
            review.scope(field(), scope);
            review.lifetime(field(), "an access token", *cap, limits.clone());
            let is_inside = match &self.scopes {
                Scopes::Any => true,
                Scopes::Named(scopes) => scopes.contains(scope),
            };
            if !is_inside {
                let message = "the rule does not give this scope, so that its lifetime has no effect: \
                               add it to \"scopes\" or leave it out";
                review.warn(field(), format_args!("{message}"));
            }
        }
        let (least, most) = (Self::MIN_REFRESH_TOKEN_WINDOW, Self::MAX_REFRESH_TOKEN_WINDOW);
        if let Some(lifetime) = self.refresh_token_lifetime {
            // As in Okta, a refresh token must not expire before the access token that was issued with it.
            let least = if is_right { least.max(access) } else { least };
            let field = Field::of("refresh_token_lifetime");
            review.lifetime(field, "a refresh token", lifetime, least..=most);
        }
        let field = Field::of("refresh_token_window");
        let window = self.refresh_token_window;
        review.lifetime(field, "the window of a refresh token", window, least..=most);
    }

    fn check_circumstances(&self, review: &mut Review<'_, '_>) {
        for (key, zones) in [("zones", &self.zones), ("not_zones", &self.not_zones)] {
            review.entries(key, zones.len());
            for zone in zones {
                review.reference(Field::of(key).entry(zone), &EntityKey::zone(zone), "");
            }
        }
        review.entries("acr_values", self.acr_values.len());
        for acr in self.acr_values.iter().filter(|acr| AcrClass::parse(acr).is_none()) {
            let instead = Instead { of: acr, known: AcrClass::ALL.iter().map(|(name, _)| *name) };
            review.refuse(
                Field::of("acr_values").entry(acr),
                format_args!("unknown class {}: {instead}", Quoted(acr)),
            );
        }
        review.entries("resources", self.resources.len());
        for resource in &self.resources {
            review.length(Field::of("resources").entry(resource), resource, MAX_RESOURCE);
        }
        if let Some(when) = &self.when {
            review.report(Field::of("when"), when.check_gives(Wanted::Boolean));
        }
        if let Some(age) = self.max_age {
            let limits = Duration::from_secs(1)..=Self::MAX_AGE;
            review.lifetime(Field::of("max_age"), "the age of a sign-in", age, limits);
        }
        if let Some(hours) = self.hours.as_ref().filter(|hours| hours.zone().is_none()) {
            let (written, known) = (&hours.time_zone, super::hours::zone_names());
            let nearest = nearest(written, known.iter().map(String::as_str));
            let instead = nearest.unwrap_or("Europe/Berlin");
            review.refuse(
                Field::of("hours").key("time_zone"),
                format_args!(
                    "unknown time zone {}: write a name of the IANA database, such as {}",
                    Quoted(written),
                    Quoted(instead)
                ),
            );
        }
    }

    fn check_hooks(&self, review: &mut Review<'_, '_>) {
        if self.hooks.len() > MAX_HOOKS {
            let message = format_args!("too many hooks: write at most {MAX_HOOKS}");
            review.refuse(Field::of("hooks"), message);
        }
        review.refuse_duplicates("hook", &self.hooks, |place| Field::of("hooks").at(place));
        for (place, hook) in self.hooks.iter().enumerate() {
            review.reference(Field::of("hooks").at(place), &EntityKey::hook(hook), "");
        }
    }

    /// A deny rule gives nothing, so that it does not say how much it gives.
    fn check_denial(&self, review: &mut Review<'_, '_>) {
        let gives = [
            ("narrow", self.narrow, "scopes"),
            ("scope_lifetimes", !self.scope_lifetimes.is_empty(), "scopes"),
            ("hooks", !self.hooks.is_empty(), "tokens"),
        ];
        for (key, _, what) in gives.into_iter().filter(|(_, is_written, _)| *is_written) {
            let message = format_args!("a deny rule gives no {what}: leave {key:?} out");
            review.refuse(Field::of(key), message);
        }
    }
}

impl Review<'_, '_> {
    fn entries(&mut self, key: &'static str, count: usize) {
        if count > MAX_ENTRIES {
            let message = format_args!("too many entries: write at most {MAX_ENTRIES}");
            self.refuse(Field::of(key), message);
        }
    }

    /// Tells whether a duration is within its limits.
    fn lifetime(
        &mut self,
        field: Field,
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
            field,
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
