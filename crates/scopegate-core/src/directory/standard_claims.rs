//! The standard claims of a user, and the scopes that request them (OpenID Connect Core §5.1,
//! §5.4).

use std::borrow::Cow;

use scopegate_claims::ScopeSet;
use serde_json::Value;

use crate::directory::User;

/// The scopes that request claims, each with its claims.
pub const CLAIMS_OF_SCOPES: [(&str, &[&str]); 4] = [
    ("address", &["address"]),
    ("email", &["email", "email_verified"]),
    ("phone", &["phone_number", "phone_number_verified"]),
    (
        "profile",
        &[
            "birthdate",
            "family_name",
            "gender",
            "given_name",
            "locale",
            "middle_name",
            "name",
            "nickname",
            "picture",
            "preferred_username",
            "profile",
            "updated_at",
            "website",
            "zoneinfo",
        ],
    ),
];

/// The names of all standard claims of a user except `sub`.
pub fn names() -> impl Iterator<Item = &'static str> {
    CLAIMS_OF_SCOPES.iter().flat_map(|(_, claims)| claims.iter().copied())
}

/// The claims of a user that the scopes request, and those that are requested by name (OpenID
/// Connect Core §5.5).
///
/// A claim without a value is left out (§5.3.2), even if it was requested as essential. Attributes
/// of the profile that are not standard claims are never returned.
pub fn of<'a>(
    user: &'a User,
    scopes: &ScopeSet,
    named: &[String],
) -> impl Iterator<Item = (&'a str, Cow<'a, Value>)> {
    let requested = CLAIMS_OF_SCOPES.iter().flat_map(move |(scope, claims)| {
        let has_scope = scopes.contains(scope);
        claims.iter().filter(move |claim| has_scope || named.iter().any(|name| name == **claim))
    });
    requested.filter_map(|claim| Some((*claim, value(user, claim)?)))
}

fn value<'a>(user: &'a User, claim: &str) -> Option<Cow<'a, Value>> {
    let of_profile = || user.profile.attribute(claim).filter(|value| has_value(value));
    match claim {
        "updated_at" => Some(Cow::Owned(user.updated_at.as_seconds().into())),
        "preferred_username" => {
            let login = || Cow::Owned(user.login.as_str().into());
            Some(of_profile().map_or_else(login, Cow::Borrowed))
        }
        _ => of_profile().map(Cow::Borrowed),
    }
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scopegate_claims::UnixTime;
    use serde_json::json;

    use super::*;
    use crate::catalog::{Owner, STANDARD_SCOPES, Status, UserId};
    use crate::directory::{LoginMatch, Profile};

    fn alice(profile: &Value) -> User {
        let attributes = profile.as_object().unwrap().clone();
        User {
            id: UserId::generate(),
            login: "alice".to_owned(),
            login_match: LoginMatch::default(),
            status: Status::Active,
            owner: Owner::File,
            groups: BTreeSet::from(["staff".to_owned()]),
            profile: Profile::collect(attributes).unwrap(),
            created_at: UnixTime::from_seconds(1_700_000_000),
            updated_at: UnixTime::from_seconds(1_800_000_000),
            version: 0,
        }
    }

    fn claims(profile: &Value, scopes: &str, named: &[&str]) -> Value {
        let named: Vec<_> = named.iter().map(|name| (*name).to_owned()).collect();
        let (alice, scopes) = (alice(profile), ScopeSet::parse(scopes).unwrap());
        of(&alice, &scopes, &named)
            .map(|(name, value)| (name.to_owned(), value.into_owned()))
            .collect()
    }

    #[test]
    fn s5_4_each_scope_requests_its_claims() {
        let profile = json!({
            "name": "Alice", "email": "alice@example.com", "email_verified": true,
            "phone_number": "+47 1", "phone_number_verified": false,
            "address": { "locality": "Oslo" }, "shoe_size": 39,
        });
        assert_eq!(claims(&profile, "openid", &[]), json!({}));
        assert_eq!(
            claims(&profile, "openid profile", &[]),
            json!({ "name": "Alice", "preferred_username": "alice", "updated_at": 1_800_000_000 }),
        );
        let email = json!({ "email": "alice@example.com", "email_verified": true });
        assert_eq!(claims(&profile, "openid email", &[]), email);
        let phone = json!({ "phone_number": "+47 1", "phone_number_verified": false });
        assert_eq!(claims(&profile, "openid phone", &[]), phone);
        let address = json!({ "address": { "locality": "Oslo" } });
        assert_eq!(claims(&profile, "openid address", &[]), address);
        let all = claims(&profile, "openid profile email address phone", &[]);
        assert_eq!(all.as_object().unwrap().len(), 8);
    }

    #[test]
    fn s5_5_only_standard_claims_can_be_requested_by_name() {
        let profile = json!({ "name": "Alice", "shoe_size": 39 });
        let named = ["name", "shoe_size", "email", "sub", "groups", "login"];
        assert_eq!(claims(&profile, "openid", &named), json!({ "name": "Alice" }));
    }

    #[test]
    fn s5_3_2_a_claim_without_a_value_is_left_out() {
        let profile = json!({ "name": "", "nickname": null, "preferred_username": "al" });
        assert_eq!(
            claims(&profile, "profile email", &[]),
            json!({ "preferred_username": "al", "updated_at": 1_800_000_000 }),
        );
    }

    #[test]
    fn each_scope_that_requests_claims_is_a_standard_scope() {
        assert!(CLAIMS_OF_SCOPES.iter().all(|(scope, _)| STANDARD_SCOPES.contains(scope)));
        assert_eq!(names().collect::<BTreeSet<_>>().len(), 19);
    }
}
