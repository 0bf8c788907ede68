//! Circumstances in which a deny rule does not match, and as a last resort the rule without effect.

use std::time::Duration;

use super::of_rule::{ELSEWHERE, MAX_GROUPS, at, signed_in};
use super::{Changes, Fix};
use crate::catalog::{AcrClass, EntityKey, RuleSpec, ServerId, Spec, Status};
use crate::explain::decide::{parties, wanted};
use crate::explain::explanation::ShownRule;
use crate::explain::inquiry::Inquiry;
use crate::explain::{show_time, tried};

/// The changes that keep the deny rule from matching that denied. If another policy was changed before, the rule
/// itself stays as it is.
pub(super) fn changes(inquiry: &Inquiry, only: Option<&(String, String)>) -> Vec<Fix> {
    let Some(denying) = Denying::find(inquiry) else { return Vec::new() };
    let conditions = denying.shown.conditions.iter();
    let mut fixes: Vec<_> =
        conditions.flat_map(|condition| denying.against(&condition.condition)).collect();
    if only.is_none_or(|(policy, _)| *policy == denying.shown.policy) {
        fixes.push(denying.deactivated());
    }
    fixes
}

/// The deny rule that matched.
struct Denying<'i> {
    inquiry: &'i Inquiry,
    server: ServerId,
    shown: ShownRule,
    spec: RuleSpec,
}

impl<'i> Denying<'i> {
    fn find(inquiry: &'i Inquiry) -> Option<Self> {
        let server = inquiry.server_id()?;
        let parties = parties(inquiry).ok()?;
        let wanted = wanted(inquiry, &parties).ok()?;
        let rules = tried::rules(inquiry, &parties, &wanted);
        let shown = rules.into_iter().rev().find(|rule| rule.matched)?;
        let spec = inquiry.rule(&shown.policy, &shown.rule)?;
        Some(Self { inquiry, server, shown, spec })
    }

    /// Changes after which a condition does not hold.
    fn against(&self, condition: &str) -> Vec<Fix> {
        match condition {
            "groups" => self.without_group(),
            "resources" => self.without_resource(),
            "zones" => self.outside(),
            "not_zones" => self.inside(),
            "acr_values" => self.with_other_sign_in(),
            "hours" => self.at_another_time().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn request(&self, says: String, inquiry: Inquiry) -> Fix {
        Fix { says, changes: Changes::Request, rule: None, inquiry }
    }

    fn inside(&self) -> Vec<Fix> {
        let zones = self.spec.not_zones.iter().filter_map(|zone| {
            let Spec::Zone(spec) = self.inquiry.catalog.entity(&EntityKey::zone(zone))?.spec else {
                return None;
            };
            let network = spec.networks.first()?;
            let says = format!("ask from an address in the zone `{zone}`, such as {network}");
            let address = Some(network.first_address());
            Some(self.request(says, Inquiry { address, ..self.inquiry.clone() }))
        });
        zones.take(MAX_GROUPS).collect()
    }

    fn outside(&self) -> Vec<Fix> {
        let zones: Vec<_> = self.spec.zones.iter().map(String::as_str).collect();
        let says = format!("ask from an address outside of {}", zones.join(", "));
        let elsewhere = ELSEWHERE.iter().map(|address| {
            let address = Some(*address);
            self.request(says.clone(), Inquiry { address, ..self.inquiry.clone() })
        });
        elsewhere.collect()
    }

    /// The next hour at which the rule does not apply, within eight days.
    fn at_another_time(&self) -> Option<Fix> {
        const HOUR: Duration = Duration::from_secs(3600);
        let hours = self.spec.hours.as_ref()?;
        let zone = hours.zone()?;
        let mut later = (1..=8 * 24).map(|number| self.inquiry.now.plus(HOUR * number));
        let time = later.find(|time| hours.contain(&zone, *time) == Some(false))?;
        let says = format!("ask at another time, such as at {}", show_time(time));
        Some(self.request(says, at(self.inquiry, time)))
    }

    fn with_other_sign_in(&self) -> Vec<Fix> {
        if !self.inquiry.has_sign_in() {
            return Vec::new();
        }
        let is_denied =
            |acr: &str| self.spec.acr_values.iter().any(|denied| AcrClass::satisfies(acr, denied));
        let classes = AcrClass::ALL.iter().filter(|(acr, _)| !is_denied(acr)).map(|(acr, _)| {
            self.request(format!("sign in with `{acr}`"), signed_in(self.inquiry, Some(acr)))
        });
        classes.collect()
    }

    fn without_resource(&self) -> Vec<Fix> {
        let fixes = self.inquiry.resources.iter().map(|resource| {
            let rest = self.inquiry.resources.iter().filter(|other| *other != resource);
            let changed = Inquiry { resources: rest.cloned().collect(), ..self.inquiry.clone() };
            self.request(format!("ask without the resource {resource}"), changed)
        });
        fixes.collect()
    }

    fn without_group(&self) -> Vec<Fix> {
        let Some(user) = &self.inquiry.user else { return Vec::new() };
        let denied = self.spec.groups.intersection(&user.groups).take(MAX_GROUPS);
        let fixes = denied.map(|group| Fix {
            says: format!("take {} out of the group `{group}`", self.inquiry.login()),
            changes: Changes::User,
            rule: None,
            inquiry: self.inquiry.with_user(|user| {
                user.groups.remove(group);
            }),
        });
        fixes.collect()
    }

    fn deactivated(&self) -> Fix {
        let ShownRule { policy, rule, .. } = &self.shown;
        let key = EntityKey::rule(&self.server, policy, rule);
        let spec = RuleSpec { status: Status::Inactive, ..self.spec.clone() };
        Fix {
            says: format!("deactivate the deny rule `{policy}/{rule}`"),
            changes: Changes::DenyRule,
            rule: Some((policy.clone(), rule.clone())),
            inquiry: self.inquiry.with_entity(&key, Spec::from(spec)),
        }
    }
}
