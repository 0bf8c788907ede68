//! A rule of an access policy, compiled when the catalog is loaded.

use std::sync::OnceLock;

use jiff::tz::TimeZone;

use super::zones::{Networks, Zones};
use crate::catalog::{BuiltIn, Resource, RuleSpec};

/// A rule of an access policy, with the values that are derived from its spec.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The spec of the rule.
    pub spec: RuleSpec,
    /// Which clients and users it applies to, if it is a built-in rule of the org server.
    pub built_in: Option<BuiltIn>,
    zones: Networks,
    not_zones: Networks,
    time_zone: Option<TimeZone>,
    resources: Box<[Box<str>]>,
    conditions: OnceLock<u32>,
}

impl Rule {
    /// The name of the grant type of a rule that is for any.
    pub(super) const ANY_GRANT: &'static str = "*";

    /// A rule of the catalog.
    pub(super) fn new(name: &str, spec: RuleSpec, zones: &Zones) -> Self {
        let resources = spec.resources.iter().map(|text| Resource::new(text).as_compared().into());
        Self {
            name: name.to_owned(),
            built_in: None,
            zones: zones.networks_of(&spec.zones),
            not_zones: zones.networks_of(&spec.not_zones),
            time_zone: spec.hours.as_ref().and_then(|hours| hours.zone()),
            resources: resources.collect(),
            conditions: OnceLock::new(),
            spec,
        }
    }

    /// A rule of the org server.
    pub(crate) fn built_in(name: &str, spec: RuleSpec, built_in: BuiltIn) -> Self {
        Self { built_in: Some(built_in), ..Self::new(name, spec, &Zones::default()) }
    }

    /// The grant types that it applies to, or [`ANY_GRANT`](Self::ANY_GRANT).
    pub(super) fn grant_types(&self) -> impl Iterator<Item = &str> {
        let any = self.built_in.map(|_| Self::ANY_GRANT);
        any.into_iter().chain(self.spec.grant_types.iter().map(String::as_str))
    }

    /// The networks that a request must come from.
    pub fn zones(&self) -> &Networks {
        &self.zones
    }

    /// The networks that a request must not come from.
    pub fn not_zones(&self) -> &Networks {
        &self.not_zones
    }

    /// The time zone of its hours. `None` if there are no hours, or if the database has no such time zone.
    pub fn time_zone(&self) -> Option<&TimeZone> {
        self.time_zone.as_ref()
    }

    /// Tells whether a requested resource is one of its resources.
    pub fn has_resource(&self, resource: &Resource<'_>) -> bool {
        self.resources.iter().any(|own| **own == *resource.as_compared())
    }

    /// The conditions that it has, as bits. They are computed once, because a request tries many rules.
    pub(crate) fn conditions(&self, compute: impl FnOnce(&Self) -> u32) -> u32 {
        *self.conditions.get_or_init(|| compute(self))
    }
}
