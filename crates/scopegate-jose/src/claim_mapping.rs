//! The claims in which an issuer writes scopes, roles, groups and the client id.

use scopegate_claims::{Claims, NameSet, Scope, ScopeSet};
use serde::Deserialize;
use serde_json::Value;

use crate::JoseError;

/// Additional claims in which an issuer writes scopes, roles, groups and the client id.
///
/// A place is the name of a claim, such as `permissions` or `https://example.com/roles`, or a JSON
/// pointer into one (RFC 6901), such as `/realm_access/roles`. Values found there are added to the
/// standard claims (`scope` and `scp`, `roles`, `groups`). A place that is missing or has another
/// JSON type adds nothing. Guards cannot tell mapped values from standard ones.
///
/// ```
/// # use scopegate_claims::{Audience, Claims, Issuer, UnixTime};
/// # use scopegate_jose::*;
/// # let issuer = Issuer::parse("https://id.example.com").unwrap();
/// # let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
/// # let key = SigningKey::generate(Algorithm::EdDsa)?;
/// # let keys = KeySet::from_keys([key.verifying_key()?]);
/// # let now = UnixTime::from_seconds(1);
/// let mapping = ClaimMapping::new().scopes("permissions").roles("/app/roles").client_id("azp");
/// let rules = Rules::new(issuer, audience).with_mapping(mapping);
///
/// let token = key.sign(TokenType::Jwt, &serde_json::json!({
///     "iss": "https://id.example.com",
///     "aud": "api://orders",
///     "exp": 60,
///     "azp": "portal",
///     "permissions": ["read:orders"],
///     "app": { "roles": ["admin"] },
/// }))?;
/// let verified = verify_access_token(&token, &keys, &rules, now)?;
/// assert_eq!(verified.claims().client_id(), Some("portal"));
/// assert!(verified.claims().scopes().contains("read:orders"));
/// assert!(verified.claims().roles().contains("admin"));
/// // A role is not a scope.
/// assert!(!verified.claims().scopes().contains("admin"));
/// # Ok::<(), JoseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClaimMapping {
    scopes: Vec<Box<str>>,
    roles: Vec<Box<str>>,
    groups: Vec<Box<str>>,
    client_id: Vec<Box<str>>,
}

impl ClaimMapping {
    /// A mapping without additional places.
    pub const fn new() -> Self {
        Self { scopes: Vec::new(), roles: Vec::new(), groups: Vec::new(), client_id: Vec::new() }
    }

    /// Adds a place for scopes: a space-separated string, or an array with one scope per element.
    ///
    /// Values that are not valid scopes are left out, because no guard could require them.
    #[must_use]
    pub fn scopes(mut self, place: &str) -> Self {
        self.scopes.push(place.into());
        self
    }

    /// Adds a place for roles. It accepts the JSON forms of [`NameSet`].
    #[must_use]
    pub fn roles(mut self, place: &str) -> Self {
        self.roles.push(place.into());
        self
    }

    /// Adds a place for groups. It accepts the JSON forms of [`NameSet`].
    #[must_use]
    pub fn groups(mut self, place: &str) -> Self {
        self.groups.push(place.into());
        self
    }

    /// Adds a place for the client id. It is used only if the token has neither `client_id` nor
    /// `cid`. The first place that holds a string wins.
    #[must_use]
    pub fn client_id(mut self, place: &str) -> Self {
        self.client_id.push(place.into());
        self
    }

    /// Tells whether the mapping has no places.
    pub fn is_empty(&self) -> bool {
        let Self { scopes, roles, groups, client_id } = self;
        [scopes, roles, groups, client_id].iter().all(|places| places.is_empty())
    }

    /// The places of both mappings.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let Self { scopes, roles, groups, client_id } = other;
        self.scopes.extend(scopes);
        self.roles.extend(roles);
        self.groups.extend(groups);
        self.client_id.extend(client_id);
        self
    }

    /// Adds the mapped values from the payload to the claims that were read from it.
    pub(crate) fn apply(&self, claims: Claims, payload: &str) -> Result<Claims, JoseError> {
        let payload: Value =
            serde_json::from_str(payload).map_err(|_| JoseError::InvalidClaims { claim: None })?;
        let scopes = find(&self.scopes, &payload)
            .fold(claims.scopes().clone(), |scopes, value| scopes.union(&scopes_of(value)));
        let roles = names(claims.roles(), &self.roles, &payload);
        let groups = names(claims.groups(), &self.groups, &payload);
        let client_id = match claims.client_id() {
            Some(_) => None,
            None => find(&self.client_id, &payload).find_map(Value::as_str),
        };
        let claims = claims.into_builder().scopes(scopes).roles(roles).groups(groups);
        Ok(match client_id {
            Some(client_id) => claims.client_id(client_id).build(),
            None => claims.build(),
        })
    }
}

/// The values at these places. Missing places are skipped.
fn find<'a>(places: &'a [Box<str>], payload: &'a Value) -> impl Iterator<Item = &'a Value> {
    places.iter().filter_map(|place| match place.starts_with('/') {
        true => payload.pointer(place),
        false => payload.get(&**place),
    })
}

fn scopes_of(value: &Value) -> ScopeSet {
    let texts: Vec<&str> = match value {
        Value::String(text) => text.split(' ').collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let scopes = texts.into_iter().filter(|text| Scope::is_token(text));
    ScopeSet::from_tokens(scopes).unwrap_or_default()
}

fn names(held: &NameSet, places: &[Box<str>], payload: &Value) -> NameSet {
    let found: Vec<NameSet> =
        find(places, payload).filter_map(|value| NameSet::deserialize(value).ok()).collect();
    match found.is_empty() {
        true => held.clone(),
        false => held.iter().chain(found.iter().flat_map(NameSet::iter)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(mapping: &ClaimMapping, members: Value) -> Claims {
        let mut payload = json!({ "iss": "https://id.example", "exp": 9 });
        let Value::Object(members) = members else { unreachable!() };
        payload.as_object_mut().unwrap().extend(members);
        let text = payload.to_string();
        mapping.apply(serde_json::from_str(&text).unwrap(), &text).unwrap()
    }

    #[test]
    fn mapped_values_are_added_to_the_standard_claims() {
        let mapping = ClaimMapping::new().scopes("permissions").roles("/a/b~1c/0").groups("g");
        let claims = apply(
            &mapping,
            json!({
                "scope": "a b", "permissions": ["b", "c"], "roles": ["r"], "groups": "own",
                "a": { "b/c": [["s", "t"]] }, "g": ["mapped"],
            }),
        );
        assert_eq!(claims.scopes().as_str(), "a b c");
        assert_eq!(claims.roles().iter().collect::<Vec<_>>(), ["r", "s", "t"]);
        assert_eq!(claims.groups().iter().collect::<Vec<_>>(), ["own", "mapped"]);
    }

    #[test]
    fn a_place_with_another_json_type_adds_nothing() {
        let mapping =
            ClaimMapping::new().scopes("p").scopes("/q/r").roles("p").groups("/p").client_id("p");
        for odd in
            [json!(7), json!(null), json!({ "a": 1 }), json!([]), json!([["a"]]), json!(true)]
        {
            let claims = apply(&mapping, json!({ "p": odd, "q": "a" }));
            assert!(claims.scopes().is_empty() && claims.roles().is_empty(), "{odd}");
            assert!(claims.groups().is_empty() && claims.client_id().is_none(), "{odd}");
        }
        let claims = apply(&mapping, json!({ "p": ["a b", "ok", "é", "\"", ""] }));
        assert_eq!(claims.scopes().as_str(), "ok", "an element with a space is not two scopes");
        let claims = apply(&mapping, json!({ "p": "a  b é" }));
        assert_eq!(claims.scopes().as_str(), "a b");
    }

    #[test]
    fn a_claim_name_may_contain_slashes() {
        let mapping = ClaimMapping::new().roles("https://example.com/roles");
        let claims = apply(&mapping, json!({ "https://example.com/roles": ["admin"] }));
        assert!(claims.roles().contains("admin"));
    }

    #[test]
    fn the_standard_client_id_claims_come_first() {
        let mapping = ClaimMapping::new().client_id("azp").client_id("appid");
        assert_eq!(apply(&mapping, json!({ "appid": "b" })).client_id(), Some("b"));
        assert_eq!(apply(&mapping, json!({ "azp": "a", "appid": "b" })).client_id(), Some("a"));
        let claims = apply(&mapping, json!({ "azp": "a", "client_id": "c" }));
        assert_eq!(claims.client_id(), Some("c"));
    }

    #[test]
    fn mappings_can_be_combined() {
        let both = ClaimMapping::new().scopes("a").and(ClaimMapping::new().scopes("b").roles("c"));
        assert_eq!(both, ClaimMapping::new().scopes("a").scopes("b").roles("c"));
        assert!(ClaimMapping::new().is_empty() && !both.is_empty());
    }
}
