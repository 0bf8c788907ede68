//! Other scopes.

use scopegate_claims::{Scope, ScopeSet};

use super::{Changes, Fix};
use crate::catalog::{
    Consent, EntityKey, EntityKind, RESERVED_SCOPES, STANDARD_SCOPES, ScopeSpec, Spec,
};
use crate::explain::inquiry::{Inquiry, NOT_RECORDED};
use crate::policy::Malformed;
use crate::spelling::nearest;

/// The same request without one of its scopes.
pub(super) fn without_one(inquiry: &Inquiry) -> Vec<Fix> {
    let named = inquiry.named_scopes();
    let fixes = named.iter().filter_map(|name| {
        let rest = without(&named, name);
        (!rest.is_empty()).then(|| Fix {
            says: format!("ask without `{name}`"),
            changes: Changes::Request,
            rule: None,
            inquiry: inquiry.with_scopes(&rest),
        })
    });
    fixes.collect()
}

/// Other scopes than those that the server cannot grant.
pub(super) fn of_malformed(inquiry: &Inquiry, malformed: Malformed) -> Vec<Fix> {
    match malformed {
        Malformed::ConsentRequired => {
            let mut fixes = without_one(inquiry);
            fixes.extend(with_other_consent(inquiry));
            fixes
        }
        Malformed::OfflineAccessAlone => {
            let scopes = ScopeSet::from_tokens(["openid", "offline_access"]);
            let fix = |scopes: ScopeSet| Fix {
                says: "ask for `openid`, too".to_owned(),
                changes: Changes::Request,
                rule: None,
                inquiry: inquiry.with_scopes(&scopes),
            };
            scopes.ok().map(fix).into_iter().collect()
        }
        Malformed::Scope(_) => {
            let mut fixes = spelled_right(inquiry);
            fixes.extend(without_one(inquiry));
            fixes.extend(one_of_the_server(inquiry));
            fixes.extend(without_standard(inquiry));
            fixes.extend(added_to_the_server(inquiry));
            fixes
        }
    }
}

/// The scopes of the server.
fn own(inquiry: &Inquiry) -> Vec<String> {
    let id = inquiry.server_id();
    let server = id.and_then(|id| inquiry.catalog.server(&id).ok().flatten());
    server.map_or_else(Vec::new, |server| {
        server.scopes.keys().map(|scope| scope.as_str().to_owned()).collect()
    })
}

fn unknown(inquiry: &Inquiry) -> Vec<String> {
    let own = own(inquiry);
    let is_known =
        |name: &str| own.iter().any(|known| known == name) || RESERVED_SCOPES.contains(&name);
    let named = inquiry.named_scopes();
    let unknown = named.iter().filter(|name| !is_known(name) && *name != NOT_RECORDED);
    unknown.map(str::to_owned).collect()
}

/// The nearest scope of the server instead of an unknown one.
fn spelled_right(inquiry: &Inquiry) -> Vec<Fix> {
    let (own, named) = (own(inquiry), inquiry.named_scopes());
    let fixes = unknown(inquiry).into_iter().filter_map(|wrong| {
        let known = own.iter().map(String::as_str).chain(STANDARD_SCOPES);
        let right = nearest(&wrong, known)?;
        let scopes = ScopeSet::parse(right).ok()?.union(&without(&named, &wrong));
        Some(Fix {
            says: format!("ask for `{right}` instead of `{wrong}`"),
            changes: Changes::Request,
            rule: None,
            inquiry: inquiry.with_scopes(&scopes),
        })
    });
    fixes.collect()
}

/// One scope of the server, if the request names none.
fn one_of_the_server(inquiry: &Inquiry) -> Vec<Fix> {
    if !inquiry.named_scopes().is_empty() {
        return Vec::new();
    }
    let fixes = own(inquiry).into_iter().filter_map(|name| {
        let scopes = ScopeSet::parse(&name).ok()?;
        Some(Fix {
            says: format!("ask for `{name}`: the server has no default scopes"),
            changes: Changes::Request,
            rule: None,
            inquiry: inquiry.with_scopes(&scopes),
        })
    });
    fixes.collect()
}

/// One scope of the server, if the request names only scopes of OpenID Connect and no user takes part.
fn without_standard(inquiry: &Inquiry) -> Vec<Fix> {
    let named = inquiry.named_scopes();
    let is_standard = named.iter().all(|name| STANDARD_SCOPES.contains(&name));
    if inquiry.user.is_some() || named.is_empty() || !is_standard {
        return Vec::new();
    }
    let fixes = own(inquiry).into_iter().filter_map(|name| {
        Some(Fix {
            says: format!("ask for `{name}` instead: only users can have `{named}`"),
            changes: Changes::Request,
            rule: None,
            inquiry: inquiry.with_scopes(&ScopeSet::parse(&name).ok()?),
        })
    });
    fixes.collect()
}

/// The unknown scopes, added to the server.
fn added_to_the_server(inquiry: &Inquiry) -> Vec<Fix> {
    let Some(server) = inquiry.server_id().filter(|id| !id.is_org()) else { return Vec::new() };
    let fixes = unknown(inquiry).into_iter().filter_map(|name| {
        Scope::parse(&name).ok()?;
        let key = EntityKey::of_server(EntityKind::Scope, &server, &name);
        Some(Fix {
            says: format!("add the scope `{name}` to the server `{server}`"),
            changes: Changes::Catalog,
            rule: None,
            inquiry: inquiry.with_entity(&key, Spec::Scope(ScopeSpec::default())),
        })
    });
    fixes.collect()
}

/// The scopes that need consent, changed so that they need none without a user.
fn with_other_consent(inquiry: &Inquiry) -> Vec<Fix> {
    let Some(server) = inquiry.server_id() else { return Vec::new() };
    let named = inquiry.named_scopes();
    let fixes = named.iter().filter_map(|name| {
        let key = EntityKey::of_server(EntityKind::Scope, &server, name);
        let Spec::Scope(mut spec) = inquiry.catalog.entity(&key)?.spec else { return None };
        if spec.consent != Consent::Required {
            return None;
        }
        spec.consent = Consent::Flexible;
        Some(Fix {
            says: format!("set the consent of the scope `{name}` to FLEXIBLE"),
            changes: Changes::Catalog,
            rule: None,
            inquiry: inquiry.with_entity(&key, Spec::Scope(spec)),
        })
    });
    fixes.collect()
}

fn without(scopes: &ScopeSet, name: &str) -> ScopeSet {
    let rest = scopes.iter().filter(|other| *other != name);
    ScopeSet::from_tokens(rest).expect("members of a scope set are scopes")
}
