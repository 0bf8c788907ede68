//! The explanation of a request, as text: the verdict, the reason, what to do, and then the details.

use std::fmt;

use serde_json::Value;

use super::explanation::{
    Explanation, FailedCheck, GrantedTokens, Kind, MatchedCondition, ShownClaim, ShownRule,
    ShownToken, duration,
};
use super::hooks::ShownHook;
use super::inquiry::Inquiry;
use super::refusal::{Cause, Refusal};
use super::show_time;
use crate::catalog::{Effect, STANDARD_SCOPES};
use crate::error::{CallError, OAuthError};
use crate::policy::Outcome;

/// The conditions of rules that are for other requests. Such rules are only counted.
const FOR_OTHERS: [&str; 2] = ["clients", "grant_types"];

/// Maximum number of rules in the text. The JSON has all of them.
const MAX_RULES: usize = 40;

/// Maximum width of a column that is aligned, in characters.
const MAX_COLUMN: usize = 50;

/// Why a request is refused, in one sentence.
pub(super) fn reason(inquiry: &Inquiry, refusal: &Refusal, rules: &[ShownRule]) -> String {
    let Inquiry { server, client, grant_type, .. } = inquiry;
    let Refusal { cause, wanted, found, .. } = refusal;
    let user = inquiry.login();
    match cause {
        Cause::Policies(Outcome::Deny { rule }) => denied(rule, rules),
        Cause::Policies(Outcome::NoMatch | Outcome::Allow(_)) => no_match(inquiry, rules),
        Cause::Policies(Outcome::Malformed(_)) | Cause::Scope(_) | Cause::SignInScopes => {
            of_scopes(inquiry, refusal)
        }
        Cause::Claims => found.clone(),
        Cause::ClientAuth => {
            format!("the client `{client}` is registered for `{wanted}`, and it used `{found}`")
        }
        Cause::ClientGrant => {
            format!("the client `{client}` may not use `{grant_type}`: its grant types are {found}")
        }
        Cause::ClientFirstGrant(_) => {
            format!("the client `{client}` may not use the grant that began the family")
        }
        Cause::ClientSecret => {
            format!("`{grant_type}` needs a client that authenticates, and `{client}` does not")
        }
        Cause::ClientStatus => format!("the client `{client}` is {found}"),
        Cause::ClientType => {
            format!(
                "`{grant_type}` needs a client that keeps a secret, and `{client}` is a {found} client"
            )
        }
        Cause::Consent(missing) => {
            format!("{user} has not consented to `{missing}` for the client `{client}`")
        }
        Cause::Grant => {
            format!("the server `{server}` does not have the grant type `{grant_type}`")
        }
        Cause::NotAssigned => {
            let users = assigned(inquiry).unwrap_or_else(|| format!("only {wanted}"));
            format!("{users} can use the client `{client}`, and {user} is not among them")
        }
        Cause::OutOfService => format!("this version cannot read a stored row: {found}"),
        Cause::ServerStatus => format!("the server `{server}` is INACTIVE"),
        Cause::Target => {
            format!("{found} selects no audience of the server `{server}`: it has {wanted}")
        }
        Cause::TrustedIssuer => {
            format!(
                "the server `{server}` trusts no issuer whose assertions `{client}` may present"
            )
        }
        Cause::TrustedServer => {
            format!("the server `{server}` does not trust the tokens of `{found}`")
        }
        Cause::UnknownClient => format!("there is no client `{client}`"),
        Cause::UnknownServer => format!("there is no server `{server}`"),
        Cause::UserStatus => format!("the user {user} is INACTIVE"),
    }
}

/// Why the scopes of a request cannot be granted by any rule.
fn of_scopes(inquiry: &Inquiry, refusal: &Refusal) -> String {
    let Inquiry { server, grant_type, .. } = inquiry;
    let (named, own) = (inquiry.named_scopes(), &refusal.wanted);
    let own: Vec<_> = own.split(", ").collect();
    let is_standard = |name: &str| STANDARD_SCOPES.contains(&name);
    let is_org = inquiry.server_id().is_some_and(|id| id.is_org());
    let unknown =
        named.iter().filter(|name| !own.contains(name) && !STANDARD_SCOPES.contains(name));
    let unknown: Vec<_> = unknown.map(|name| format!("`{name}`")).collect();
    match &refusal.error {
        CallError::ConsentRequired => {
            let scopes = &refusal.found;
            format!("{scopes} needs the consent of a user, and `{grant_type}` is without one")
        }
        _ if !is_org && inquiry.user.is_none() && named.iter().any(is_standard) => {
            let standard = named.iter().filter(|name| is_standard(name));
            let standard: Vec<_> = standard.map(|name| format!("`{name}`")).collect();
            let (standard, needs) = (standard.join(" and "), standard.len());
            let needs = if needs == 1 { "needs" } else { "need" };
            format!("{standard} {needs} a user, and `{grant_type}` is without one")
        }
        // The messages of clients are sentences.
        error if is_org || matches!(refusal.cause, Cause::SignInScopes) => {
            OAuthError::from(error).description.to_owned()
        }
        _ if inquiry.scope.is_none() => {
            format!("the request names no scope, and the server `{server}` has no default scopes")
        }
        error if unknown.is_empty() => OAuthError::from(error).description.to_owned(),
        _ => format!(
            "the server `{server}` does not have {}: its scopes are {}",
            unknown.join(" and "),
            refusal.wanted
        ),
    }
}

/// Why a deny rule matched. That a condition cannot be evaluated is easily overlooked.
fn denied(name: &str, rules: &[ShownRule]) -> String {
    let denying = rules.iter().rev().find(|rule| rule.matched);
    let conditions = denying.map_or(&[][..], |rule| &rule.conditions);
    let unknown = conditions.iter().filter(|condition| condition.unknown);
    let unknown: Vec<_> = unknown.map(|it| format!("`{}` ({})", it.condition, it.found)).collect();
    match unknown.is_empty() {
        true => format!("the rule `{name}` denies it"),
        false => format!(
            "the rule `{name}` denies it, because it cannot evaluate {}: what is unknown is denied",
            unknown.join(" and ")
        ),
    }
}

/// The users who can use the client of an inquiry.
fn assigned(inquiry: &Inquiry) -> Option<String> {
    let client = &inquiry.catalog.client(&inquiry.client).ok()??.spec;
    let named = |one: &str, more: &str, names: Vec<&str>| match names.as_slice() {
        [] => None,
        [name] => Some(format!("{one} {name}")),
        [first @ .., last] => Some(format!("{more} {} and {last}", first.join(", "))),
    };
    let groups = client.groups.iter().map(String::as_str).collect();
    let groups = named("users of the group", "users of the groups", groups);
    let users = client.users.iter().map(String::as_str).collect();
    let users = named("the user", "the users", users);
    let both: Vec<_> = groups.into_iter().chain(users).collect();
    (!both.is_empty()).then(|| format!("only {}", both.join(" and ")))
}

/// Why no rule matches: what the rule lacked that was nearest to matching.
fn no_match(inquiry: &Inquiry, rules: &[ShownRule]) -> String {
    let Inquiry { server, client, .. } = inquiry;
    // A deny rule gives nothing, so that it is not the reason.
    let allowing = rules.iter().filter(|rule| rule.effect == Effect::Allow);
    let nearest = allowing.rev().max_by_key(|rule| rule.progress);
    let Some((rule, failed)) = nearest.and_then(|rule| rule.failed.as_ref().map(|it| (rule, it)))
    else {
        return format!("the server `{server}` has no rules that allow anything");
    };
    let name = format!("{}/{}", rule.policy, rule.rule);
    match failed.condition.as_str() {
        "clients" => format!("no policy of the server `{server}` names the client `{client}`"),
        "grant_types" => {
            format!("no rule for the client `{client}` lists the grant type `{}`", failed.found)
        }
        "scopes" => {
            let has_user = inquiry.user.is_some();
            let given: Vec<_> = failed.wanted.split(", ").collect();
            let is_missing = |asked: &&str| {
                !given.contains(asked) && (!has_user || !STANDARD_SCOPES.contains(asked))
            };
            let missing: Vec<_> = failed.found.split(", ").filter(is_missing).collect();
            format!("the rule `{name}` gives {}, and not {}", failed.wanted, missing.join(", "))
        }
        _ => format!("the rule `{name}` fails at {}", failed_text(failed)),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![self.verdict(), String::new()];
        lines.push(format!("request   {}", self.request));
        if let Some(reason) = &self.reason {
            lines.push(format!("because   {reason}"));
        }
        if let Some(granted) = &self.granted {
            lines.extend(self.granted_lines(granted));
        }
        lines.extend(self.notes.iter().map(|note| format!("note      {note}")));
        if !self.suggestions.is_empty() {
            let of = if self.suggestions.len() == 1 { "" } else { ", one of" };
            lines.extend([String::new(), format!("to allow it{of}")]);
            lines.extend(self.suggestions.iter().map(|suggestion| format!("  - {suggestion}")));
        }
        for (title, token) in [("access token", ShownToken::Access), ("ID token", ShownToken::Id)] {
            lines.extend(claim_lines(
                title,
                self.claims.iter().filter(|claim| claim.token == token),
            ));
        }
        lines.extend(self.hook_lines());
        lines.extend(self.rule_lines());
        // Names may be written by others: they must not move the cursor of a terminal.
        let is_shown = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
        let lines: Vec<String> =
            lines.iter().map(|line| line.chars().map(is_shown).collect()).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Explanation {
    fn verdict(&self) -> String {
        let error = self.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        let granted = self.granted.as_ref().map(|granted| &granted.rule);
        let denies = self.rules.iter().rev().find(|rule| rule.matched);
        match (self.outcome, granted, denies) {
            (Kind::Allow, Some(rule), _) => format!("ALLOWED by the rule `{rule}`"),
            (Kind::Allow, None, _) => "ALLOWED".to_owned(),
            (Kind::NoMatch, _, _) => format!("REFUSED: no rule matches{error}"),
            (Kind::Deny, _, Some(rule)) if self.refused_by.is_none() => {
                format!("DENIED by the rule `{}/{}`{error}", rule.policy, rule.rule)
            }
            (Kind::Deny, _, _) => format!("REFUSED, not by a rule{error}"),
            (Kind::Malformed, _, _) => format!("REFUSED: the request itself is wrong{error}"),
        }
    }

    fn granted_lines(&self, granted: &GrantedTokens) -> Vec<String> {
        let mut lines = vec![format!("scopes    {}", granted.scopes.join(" "))];
        if let Some(seconds) = granted.access_token_lifetime {
            lines.push(format!("lifetime  {}", duration(seconds)));
        }
        if let Some(window) = granted.refresh_token_window {
            let most = granted.refresh_token_lifetime;
            let most = most.map_or_else(|| "without limit".to_owned(), duration);
            lines.push(format!("refresh   {most}, unused at most {}", duration(window)));
        }
        lines
    }

    fn hook_lines(&self) -> Vec<String> {
        if self.hooks.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), "hooks, in order".to_owned()];
        let names = width(self.hooks.iter().map(|hook| hook.name.as_str()));
        for ShownHook { name, outcome, failure, micros } in &self.hooks {
            let outcome = outcome.map_or("not called", |outcome| outcome.as_str());
            let failure = failure.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            let took = micros.map(|micros| format!(", {micros} µs")).unwrap_or_default();
            lines.push(format!("  {name:names$}  {outcome}{failure}{took}"));
        }
        lines
    }

    fn rule_lines(&self) -> Vec<String> {
        let is_for_others = |rule: &&ShownRule| {
            let failed = rule.failed.as_ref();
            failed.is_some_and(|failed| FOR_OTHERS.contains(&failed.condition.as_str()))
        };
        let (others, own): (Vec<_>, Vec<_>) = self.rules.iter().partition(is_for_others);
        if self.rules.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), "rules, in order".to_owned()];
        let names: Vec<_> = own.iter().map(|rule| rule_name(rule)).collect();
        let width = width(names.iter().map(String::as_str));
        for (rule, name) in own.iter().zip(&names).take(MAX_RULES) {
            let result = match (&rule.failed, rule.effect) {
                (None, Effect::Allow) => "matches: allows".to_owned(),
                (None, Effect::Deny) => "matches: denies".to_owned(),
                (Some(failed), _) => failed_text(failed),
            };
            lines.push(format!("  {name:width$}  {result}"));
            let conditions = rule.conditions.iter();
            let own = conditions.filter(|it| !FOR_OTHERS.contains(&it.condition.as_str()));
            lines.extend(own.map(|it| format!("    {}", matched_text(it))));
        }
        if own.len() > MAX_RULES {
            lines.push(format!("  and {} more: see --json", own.len() - MAX_RULES));
        }
        match others.len() {
            0 => {}
            1 => lines.push("  and one that is for other clients or grant types".to_owned()),
            count => lines.push(format!("  and {count} that are for other clients or grant types")),
        }
        lines
    }
}

/// The name of a rule. That it denies is part of it: its conditions mean the opposite.
fn rule_name(rule: &ShownRule) -> String {
    let denies = if rule.effect == Effect::Deny { " (deny)" } else { "" };
    format!("{}/{}{denies}", rule.policy, rule.rule)
}

fn matched_text(matched: &MatchedCondition) -> String {
    let MatchedCondition { condition, wanted, found, unknown } = matched;
    let is_told = found.contains("cannot be evaluated");
    let unknown = if *unknown && !is_told { " (cannot be evaluated)" } else { "" };
    format!("{condition}: denies {wanted}; found {found}{unknown}")
}

fn failed_text(failed: &FailedCheck) -> String {
    let FailedCheck { condition, wanted, found, unknown } = failed;
    let is_told = found.contains("cannot be evaluated");
    let unknown = if *unknown && !is_told { " (cannot be evaluated)" } else { "" };
    // A trace that was stored has no values.
    match wanted.is_empty() && found.is_empty() {
        true => format!("{condition}: does not hold"),
        false => format!("{condition}: wants {wanted}; found {found}{unknown}"),
    }
}

fn claim_lines<'c>(title: &str, claims: impl Iterator<Item = &'c ShownClaim>) -> Vec<String> {
    let claims: Vec<_> = claims.map(|claim| (claim, claim_value(claim))).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let names = width(claims.iter().map(|(claim, _)| claim.name.as_str()));
    let values = width(claims.iter().map(|(_, value)| value.as_str()));
    let line = |(claim, value): &(&ShownClaim, String)| {
        format!("  {:names$}  {value:values$}  {}", claim.name, claim.source)
    };
    let mut lines = vec![String::new(), title.to_owned()];
    lines.extend(claims.iter().map(line));
    lines
}

/// A value as JSON. A point in time is shown as such.
fn claim_value(claim: &ShownClaim) -> String {
    match (claim.name.as_str(), claim.value.as_u64(), &claim.value) {
        ("exp" | "iat" | "auth_time", Some(seconds), _) => {
            show_time(scopegate_claims::UnixTime::from_seconds(seconds))
        }
        ("jti" | "at_hash", _, Value::String(text)) => text.clone(),
        (_, _, value) => value.to_string(),
    }
}

/// The width of a column.
fn width<'t>(texts: impl Iterator<Item = &'t str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or_default().min(MAX_COLUMN)
}
