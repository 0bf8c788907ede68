//! `hours`: the rule applies at this time.

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::{Day, Rule, local_time};

/// The condition. It cannot be evaluated if this version does not know the time zone.
#[derive(Debug)]
pub(super) struct TimeIsInHours;

impl Condition for TimeIsInHours {
    fn name(&self) -> &'static str {
        "hours"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        rule.spec.hours.is_some()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        let hours = case.rule.spec.hours.as_ref().zip(case.rule.time_zone());
        let is_inside = hours.and_then(|(hours, zone)| hours.contain(zone, case.facts.now));
        is_inside.map_or(Verdict::Unknown, Verdict::of)
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Circumstances
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        let Some(hours) = &case.rule.spec.hours else { return "any time".to_owned() };
        let days = shown::list(hours.days.iter().copied().map(Day::as_str), "each day");
        format!("{days} {} to {} {}", hours.from, hours.to, hours.time_zone)
    }

    fn found(&self, case: &Case<'_>) -> String {
        let zone = case.rule.spec.hours.as_ref().map_or("", |hours| &hours.time_zone);
        match case.rule.time_zone().and_then(|zone| local_time(zone, case.facts.now)) {
            Some((day, time)) => format!("{} {time} {zone}", day.as_str()),
            None => format!("the unknown time zone {zone}"),
        }
    }
}
