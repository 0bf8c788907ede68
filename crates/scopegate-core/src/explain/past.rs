//! A decision that happened, explained by the catalog of its time.

use std::sync::Arc;

use scopegate_claims::ScopeSet;

use super::described::methods;
use super::explanation::{
    BEFORE_HOOKS, Explanation, FailedCheck, GrantedTokens, Kind, ShownRule, names,
};
use super::hooks::ShownHook;
use super::inquiry::{Inquiry, NOT_RECORDED, consented};
use super::{CannotTell, show_time};
use crate::administration::history::HistoryError;
use crate::audit::{
    AuditEvent, ClientDecision, DecisionId, DecisionKind, Outcome, RefusedFacts, TriedRule,
    WantedKind,
};
use crate::authority::Authority;
use crate::catalog::{Effect, Snapshot, Status, UserId};
use crate::directory::{Authentication, User};
use crate::store::UserKey;

/// The decisions that are made by grants and policies. Of others, only what was recorded is shown.
const BY_RULES: [DecisionKind; 6] = [
    DecisionKind::Authorization,
    DecisionKind::AuthorizationCode,
    DecisionKind::DeviceApproval,
    DecisionKind::ScopeDenial,
    DecisionKind::TokenGrant,
    DecisionKind::TokenReuse,
];

impl Authority {
    /// Explains a decision that happened.
    ///
    /// The rules of the catalog of its time are tried again with the recorded facts. If the result is the
    /// recorded one, it is shown with all values. Otherwise only what was recorded is shown.
    ///
    /// # Errors
    ///
    /// [`CannotTell`] if there is no such decision, or if the storage fails.
    pub async fn explain_decision(&self, id: DecisionId) -> Result<Explanation, CannotTell> {
        let event = self.store.audit_event(id).await?;
        let event = event.ok_or(CannotTell::UnknownDecision(id))?;
        let decision = event.decision().ok_or_else(|| {
            let (kind, _) = event.kind_and_outcome();
            CannotTell::NotADecision { id, kind: kind.to_owned() }
        })?;
        let mut notes = vec![format!("decision {id} of {}", show_time(event.at))];
        let catalog = self.catalog_of(decision, &mut notes).await?;
        let user = self.decided_user(&event, decision, &mut notes).await?;
        let is_complete = decision.user.is_none() || user.is_some();
        let is_by_rules = is_complete && BY_RULES.contains(&decision.kind);
        let mut inquiry = inquiry(&event, decision, catalog, user);
        inquiry.consented = consented(&*self.store, &inquiry).await?;

        let mut explanation = Explanation::of(&inquiry).await;
        let hooks = decision.basis.hooks.iter().map(ShownHook::from).collect::<Vec<_>>();
        if !is_by_rules || !agrees(&explanation, decision) {
            explanation = Explanation::of_request(&inquiry);
            recorded(&mut explanation, decision, &inquiry);
            notes.push(not_by_rules(decision).to_owned());
        } else if let (Some(granted), Some(lifetime)) =
            (&mut explanation.granted, decision.basis.lifetime)
        {
            granted.access_token_lifetime = Some(lifetime.as_secs());
        }
        explanation.hooks = hooks;
        explanation.notes.retain(|note| note != BEFORE_HOOKS);
        if !explanation.hooks.is_empty() && explanation.granted.is_some() {
            notes.push(
                "hooks may have changed the tokens: what they answered is not recorded".to_owned(),
            );
        }
        if let Some(facts) = &decision.basis.facts {
            notes.extend(counted(facts.unknown_scopes, "scopes"));
            notes.extend(counted(facts.unknown_resources, "resources"));
            if facts.left_out > 0 {
                let left_out = facts.left_out;
                notes.push(format!(
                    "not recorded, for lack of room: {left_out} groups, resources or rules"
                ));
            }
        }
        explanation.notes.splice(0..0, notes);
        explanation.decision_id = Some(id);
        Ok(explanation)
    }

    /// The catalog that decided, or else the present one.
    async fn catalog_of(
        &self,
        decision: &ClientDecision,
        notes: &mut Vec<String>,
    ) -> Result<Arc<Snapshot>, CannotTell> {
        let now = self.catalog();
        let Some(version) = decision.basis.catalog else {
            notes.push(
                "an earlier version recorded it without its catalog: the present one is used"
                    .to_owned(),
            );
            return Ok(now);
        };
        if now.version() == version {
            return Ok(now);
        }
        match self.catalog_at(version).await {
            Ok(catalog) => {
                notes.push(format!(
                    "by version {version} of the catalog; now it is {}",
                    now.version()
                ));
                Ok(catalog)
            }
            Err(HistoryError::Storage(error)) => Err(error.into()),
            Err(error) => {
                notes.push(format!(
                    "{error}: the present catalog is used, which may decide otherwise"
                ));
                Ok(now)
            }
        }
    }

    /// The user of a decision, with the groups of that time.
    async fn decided_user(
        &self,
        event: &AuditEvent,
        decision: &ClientDecision,
        notes: &mut Vec<String>,
    ) -> Result<Option<User>, CannotTell> {
        let Some(id) = decision.user.as_deref().and_then(|id| UserId::parse(id).ok()) else {
            return Ok(None);
        };
        let Some(mut user) = self.store.user(UserKey::Id(&id)).await? else {
            notes.push(format!("the user {id} does not exist any more"));
            return Ok(None);
        };
        if user.updated_at > event.at {
            notes.push(format!(
                "{} was changed after the decision: the profile is today's",
                user.login
            ));
        }
        if let Some(facts) = &decision.basis.facts {
            user.groups.clone_from(&facts.groups);
        }
        // Whether the user was active is told by the recorded error.
        user.status = Status::Active;
        Ok(Some(user))
    }
}

/// The inquiry that a decision answered, as far as it was recorded.
fn inquiry(
    event: &AuditEvent,
    decision: &ClientDecision,
    catalog: Arc<Snapshot>,
    user: Option<User>,
) -> Inquiry {
    let none = RefusedFacts::default();
    let facts = decision.basis.facts.as_deref();
    let is_recorded = facts.is_some();
    let facts = facts.unwrap_or(&none);
    let named = |scopes: &str| Some(scopes.to_owned()).filter(|scopes| !scopes.is_empty());
    let (scope, at_most) = match (is_recorded, facts.wanted) {
        (false, _) => (named(&decision.scope), None),
        (true, WantedKind::Named) => (named(&facts.scopes), None),
        (true, WantedKind::AtMost) => (None, ScopeSet::parse(&facts.scopes).ok()),
        (true, WantedKind::Default) => (None, None),
    };
    let scope = match facts.unknown_scopes {
        0 => scope,
        _ => Some([facts.scopes.as_str(), NOT_RECORDED].join(" ")),
    };
    let unknown = (facts.unknown_resources > 0).then(|| NOT_RECORDED.to_owned());
    let sign_in = facts.acr.clone().zip(facts.auth_time);
    Inquiry {
        catalog,
        server: decision.server.clone(),
        client: decision.client.clone(),
        grant_type: decision.grant_type.clone().unwrap_or_default(),
        rules_grant: named(&facts.grant_type)
            .filter(|first| decision.grant_type.as_ref() != Some(first)),
        scope,
        at_most,
        authentication: sign_in.filter(|_| user.is_some()).map(|(acr, at)| Authentication {
            at,
            amr: match facts.amr.is_empty() {
                true => methods(&acr),
                false => facts.amr.clone(),
            },
            acr,
            session: None,
        }),
        user: user.map(Arc::new),
        address: event.address.as_deref().and_then(|address| address.parse().ok()),
        now: event.at,
        client_auth: None,
        resources: facts.resources.iter().cloned().chain(unknown).collect(),
        consented: ScopeSet::empty(),
        subject_server: None,
    }
}

/// Tells whether an explanation has the result that was recorded.
fn agrees(explanation: &Explanation, decision: &ClientDecision) -> bool {
    match (&decision.outcome, &explanation.granted) {
        (Outcome::Allow, Some(granted)) => {
            decision.rule.as_ref() == Some(&granted.rule)
                && decision.scope == granted.scopes.join(" ")
        }
        (Outcome::Refused(code), None) => {
            explanation.error.as_deref() == Some(&**code)
                && explanation.description == decision.reason.as_deref()
        }
        (_, _) => false,
    }
}

/// Shows what was recorded, without values.
fn recorded(explanation: &mut Explanation, decision: &ClientDecision, inquiry: &Inquiry) {
    let facts = decision.basis.facts.as_deref();
    match &decision.outcome {
        Outcome::Allow => {
            explanation.outcome = Kind::Allow;
            let scopes = ScopeSet::parse(&decision.scope).unwrap_or_else(|_| ScopeSet::empty());
            explanation.granted = decision.rule.clone().map(|rule| GrantedTokens {
                scopes: names(&scopes),
                rule,
                access_token_lifetime: decision.basis.lifetime.map(|lifetime| lifetime.as_secs()),
                refresh_token_lifetime: None,
                refresh_token_window: None,
            });
        }
        Outcome::Refused(code) => {
            explanation.error = Some(code.to_string());
            explanation.reason = decision.reason.as_deref().map(str::to_owned);
            let tried = facts.map_or(&[][..], |facts| &facts.tried);
            explanation.outcome = match &**code {
                "invalid_scope" | "invalid_target" | "unsupported_grant_type" => Kind::Malformed,
                "access_denied" if tried.iter().all(|TriedRule(_, _, failed)| failed.is_some()) => {
                    Kind::NoMatch
                }
                _ => Kind::Deny,
            };
            explanation.rules = tried.iter().map(|tried| tried_rule(tried, inquiry)).collect();
        }
    }
}

fn tried_rule(TriedRule(policy, rule, failed): &TriedRule, inquiry: &Inquiry) -> ShownRule {
    let check = |condition: &String| FailedCheck {
        condition: condition.clone(),
        wanted: String::new(),
        found: String::new(),
        unknown: false,
    };
    // A refused request has at most one rule that matched, and that one denied.
    let effect = match failed {
        Some(_) => inquiry.rule(policy, rule).map(|rule| rule.effect),
        None => Some(Effect::Deny),
    };
    ShownRule {
        policy: policy.clone(),
        rule: rule.clone(),
        effect: effect.unwrap_or(Effect::Allow),
        matched: failed.is_none(),
        failed: failed.as_ref().map(check),
        conditions: Vec::new(),
        progress: 0,
    }
}

fn counted(count: usize, what: &str) -> Option<String> {
    (count > 0).then(|| {
        format!(
            "it named {what} that the server does not have: {count}; their names are not recorded"
        )
    })
}

/// Why only what was recorded is shown.
fn not_by_rules(decision: &ClientDecision) -> &'static str {
    match (&decision.outcome, &decision.basis.facts) {
        (Outcome::Allow, _) if decision.rule.is_none() => "no rule allowed it: it needs none",
        (Outcome::Allow, _) => {
            "the facts of a grant are not kept: shown is what was recorded, without claims"
        }
        (Outcome::Refused(_), Some(facts)) if !facts.tried.is_empty() => {
            "the rules decide otherwise today: shown is what was recorded"
        }
        (Outcome::Refused(_), _) => "no rule refused it: the reason is the recorded one",
    }
}
