//! A changed rule, or circumstances that a rule wants.

use std::cmp::Reverse;
use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{ScopeSet, UnixTime};

use super::of_parties::group_of;
use super::{Changes, Fix};
use crate::catalog::{
    ClientSpec, Clients, Effect, EntityKey, EntityKind, RuleSpec, Scopes, ServerId, Spec,
};
use crate::directory::{Authentication, User};
use crate::explain::decide::{parties, wanted};
use crate::explain::described::methods;
use crate::explain::explanation::ShownRule;
use crate::explain::inquiry::Inquiry;
use crate::explain::show_time;
use crate::explain::tried;
use crate::grants::{self, Grant};
use crate::spelling::show_duration;

/// Maximum number of rules that are changed, those that were nearest to matching.
const MAX_RULES: usize = 20;

/// Maximum number of groups that are suggested for one rule.
pub(super) const MAX_GROUPS: usize = 2;

/// Addresses that are tried against zones that exclude: those that are reserved for documentation.
pub(super) const ELSEWHERE: [IpAddr; 2] = [
    IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 1)),
    IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// The changes that let one of the rules that were tried match, those that were nearest first.
pub(super) fn of_tried_rules(inquiry: &Inquiry, only: Option<&(String, String)>) -> Vec<Fix> {
    let Some(server) = inquiry.server_id() else { return Vec::new() };
    let Ok(parties) = parties(inquiry) else { return Vec::new() };
    let Ok(wanted) = wanted(inquiry, &parties) else { return Vec::new() };
    let mut rules = tried::rules(inquiry, &parties, &wanted);
    rules.retain(|rule| {
        let is_wanted =
            only.is_none_or(|(policy, name)| (policy, name) == (&rule.policy, &rule.rule));
        is_wanted && rule.effect == Effect::Allow
    });
    rules.sort_by_key(|rule| Reverse(rule.progress));
    rules.truncate(MAX_RULES);
    let fixes = rules.iter().flat_map(|tried| {
        let rule = Tried::find(inquiry, &server, tried);
        rule.map_or_else(Vec::new, |rule| rule.fixes(&parties.rules_grant))
    });
    fixes.collect()
}

/// A rule that was tried and did not match.
struct Tried<'i> {
    inquiry: &'i Inquiry,
    server: &'i ServerId,
    shown: &'i ShownRule,
    spec: RuleSpec,
}

impl<'i> Tried<'i> {
    fn find(inquiry: &'i Inquiry, server: &'i ServerId, shown: &'i ShownRule) -> Option<Self> {
        let spec = inquiry.rule(&shown.policy, &shown.rule)?;
        Some(Self { inquiry, server, shown, spec })
    }

    fn name(&self) -> String {
        format!("{}/{}", self.shown.policy, self.shown.rule)
    }

    /// The changes that let the condition hold that failed.
    fn fixes(&self, grant_type: &str) -> Vec<Fix> {
        let condition = self.shown.failed.as_ref().map_or("", |failed| failed.condition.as_str());
        match condition {
            "clients" => self.with_client().into_iter().collect(),
            "grant_types" => self.with_grant(grant_type).into_iter().collect(),
            "groups" => self.with_user(),
            "scopes" => self.with_scopes().into_iter().collect(),
            "zones" => self.in_zone(),
            "not_zones" => self.elsewhere(),
            "hours" => self.at_another_time().into_iter().collect(),
            "client_auth" => self.with_client_auth(),
            "acr_values" => self.with_stronger_sign_in(),
            "max_age" => self.with_new_sign_in().into_iter().collect(),
            "resources" => self.for_resource(),
            "when" => vec![self.changed(
                format!("change the condition `when` of the rule `{}`", self.name()),
                |spec| spec.when = None,
            )],
            _ => Vec::new(),
        }
    }

    fn fix(&self, says: String, changes: Changes, inquiry: Inquiry) -> Fix {
        let rule = Some((self.shown.policy.clone(), self.shown.rule.clone()));
        Fix { says, changes, rule, inquiry }
    }

    /// The grant type, unless the rule is for other subjects: a rule for clients alone says nothing about users,
    /// and the other way round.
    fn with_grant(&self, grant_type: &str) -> Option<Fix> {
        let is_about_user = |name: &str| grants::grant(name).map(Grant::is_about_user);
        let mut own = self.spec.grant_types.iter();
        if !own.any(|own| is_about_user(own) == is_about_user(grant_type)) {
            return None;
        }
        let says = format!("add the grant type `{grant_type}` to the rule `{}`", self.name());
        Some(self.changed(says, |spec| {
            spec.grant_types.insert(grant_type.to_owned());
        }))
    }

    /// The inquiry after a change of the rule.
    fn changed(&self, says: String, change: impl FnOnce(&mut RuleSpec)) -> Fix {
        let mut spec = self.spec.clone();
        change(&mut spec);
        let key = EntityKey::rule(self.server, &self.shown.policy, &self.shown.rule);
        self.fix(says, Changes::Catalog, self.inquiry.with_entity(&key, Spec::from(spec)))
    }

    fn with_client(&self) -> Option<Fix> {
        let policy = &self.shown.policy;
        let key = EntityKey::of_server(EntityKind::Policy, self.server, policy);
        let Spec::Policy(mut spec) = self.inquiry.catalog.entity(&key)?.spec else { return None };
        let client = self.inquiry.catalog.client(&self.inquiry.client).ok()??;
        let Clients::Named(clients) = &mut spec.clients else { return None };
        clients.insert(client.id.clone());
        let says = format!("add the client `{}` to the policy `{policy}`", client.id);
        let changed = self.inquiry.with_entity(&key, Spec::Policy(spec));
        Some(self.fix(says, Changes::Catalog, changed))
    }

    fn with_user(&self) -> Vec<Fix> {
        let groups = self.spec.groups.iter().take(MAX_GROUPS);
        let mut fixes: Vec<_> = groups
            .map(|group| {
                let Fix { says, changes, inquiry, .. } = group_of(self.inquiry, group);
                self.fix(says, changes, inquiry)
            })
            .collect();
        if fixes.is_empty() {
            let login = self.inquiry.login();
            let says = format!("add {login} to the users of the rule `{}`", self.name());
            fixes.push(self.changed(says, |spec| {
                spec.users.insert(User::exact_login_key(login));
            }));
        }
        fixes
    }

    /// The scopes that are asked for and missing in the rule.
    fn with_scopes(&self) -> Option<Fix> {
        let Scopes::Named(own) = &self.spec.scopes else { return None };
        let server = self.inquiry.catalog.server(self.server).ok()??;
        let named = self.inquiry.named_scopes();
        let asked = match (named.is_empty(), &self.inquiry.at_most) {
            (false, _) => &named,
            (true, Some(most)) => most,
            (true, None) => &server.default_scopes,
        };
        let is_of_server = |name: &&str| server.scopes.keys().any(|scope| scope.as_str() == *name);
        let missing = asked.difference(own);
        let missing: Vec<_> = missing.iter().filter(is_of_server).collect();
        let scopes = own.union(&ScopeSet::from_tokens(missing.iter().copied()).ok()?);
        let shown: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
        let says = format!("add {} to the rule `{}`", shown.join(" and "), self.name());
        (!missing.is_empty())
            .then(|| self.changed(says, |spec| spec.scopes = Scopes::Named(scopes)))
    }

    fn in_zone(&self) -> Vec<Fix> {
        let zones = self.spec.zones.iter().filter_map(|zone| {
            let Spec::Zone(spec) = self.inquiry.catalog.entity(&EntityKey::zone(zone))?.spec else {
                return None;
            };
            let network = spec.networks.first()?;
            let says = format!("ask from an address in the zone `{zone}`, such as {network}");
            let address = Some(network.first_address());
            Some(self.fix(says, Changes::Request, Inquiry { address, ..self.inquiry.clone() }))
        });
        zones.take(MAX_GROUPS).collect()
    }

    fn elsewhere(&self) -> Vec<Fix> {
        let elsewhere = ELSEWHERE.iter().map(|address| {
            let zones: Vec<_> = self.spec.not_zones.iter().map(String::as_str).collect();
            let says = format!("ask from an address outside of {}", zones.join(", "));
            self.fix(
                says,
                Changes::Request,
                Inquiry { address: Some(*address), ..self.inquiry.clone() },
            )
        });
        elsewhere.collect()
    }

    /// The next hour at which the rule applies, within eight days.
    fn at_another_time(&self) -> Option<Fix> {
        const HOUR: Duration = Duration::from_secs(3600);
        let hours = self.spec.hours.as_ref()?;
        let zone = hours.zone()?;
        let now = self.inquiry.now;
        let later = (1..=8 * 24).map(|number| now.plus(HOUR * number));
        let time = later.into_iter().find(|time| hours.contain(&zone, *time) == Some(true))?;
        let wanted = self.shown.failed.as_ref().map_or("", |failed| failed.wanted.as_str());
        let says = format!("ask at another time: {wanted}, such as at {}", show_time(time));
        Some(self.fix(says, Changes::Request, at(self.inquiry, time)))
    }

    fn with_client_auth(&self) -> Vec<Fix> {
        let methods = self.spec.client_auth.iter().filter_map(|method| {
            let client = self.inquiry.catalog.client(&self.inquiry.client).ok()??;
            let spec = ClientSpec { auth: *method, ..client.spec.clone() };
            let key = EntityKey::client(&client.id);
            let changed = self.inquiry.with_entity(&key, spec.into());
            let says = format!("register the client `{}` for `{}`", client.id, method.as_str());
            let changed = Inquiry { client_auth: None, ..changed };
            Some(self.fix(says, Changes::Catalog, changed))
        });
        methods.collect()
    }

    fn with_stronger_sign_in(&self) -> Vec<Fix> {
        if !self.inquiry.has_sign_in() {
            return Vec::new();
        }
        let classes = self.spec.acr_values.iter().map(|acr| {
            let says = format!("sign in again with `{acr}`: the rule `{}` wants it", self.name());
            self.fix(says, Changes::Request, self.signed_in(Some(acr)))
        });
        classes.collect()
    }

    fn with_new_sign_in(&self) -> Option<Fix> {
        let most = show_duration(self.spec.max_age?);
        if !self.inquiry.has_sign_in() {
            return None;
        }
        let says = format!("sign in again: the rule `{}` wants max_age {most}", self.name());
        Some(self.fix(says, Changes::Request, self.signed_in(None)))
    }

    fn signed_in(&self, acr: Option<&str>) -> Inquiry {
        signed_in(self.inquiry, acr)
    }

    fn for_resource(&self) -> Vec<Fix> {
        let resources = self.spec.resources.iter().take(MAX_GROUPS).map(|resource| {
            let says = format!("ask for the resource {resource}");
            let resources = vec![resource.clone()];
            self.fix(says, Changes::Request, Inquiry { resources, ..self.inquiry.clone() })
        });
        resources.collect()
    }
}

/// The inquiry after a new sign-in, with another class if one is given.
pub(super) fn signed_in(inquiry: &Inquiry, acr: Option<&str>) -> Inquiry {
    let before = inquiry.authentication.as_ref();
    let kept = before.filter(|before| acr.is_none_or(|acr| acr == before.acr));
    let acr = acr.or_else(|| before.map(|before| before.acr.as_str())).unwrap_or_default();
    let authentication = Authentication {
        at: inquiry.now,
        acr: acr.to_owned(),
        amr: kept.map_or_else(|| methods(acr), |before| before.amr.clone()),
        session: None,
    };
    Inquiry { authentication: Some(authentication), ..inquiry.clone() }
}

/// The inquiry at another time. The sign-in stays as old as it was.
pub(super) fn at(inquiry: &Inquiry, time: UnixTime) -> Inquiry {
    let authentication = inquiry.authentication.clone();
    let authentication = authentication
        .map(|auth| Authentication { at: auth.at.plus(time.since(inquiry.now)), ..auth });
    Inquiry { now: time, authentication, ..inquiry.clone() }
}
