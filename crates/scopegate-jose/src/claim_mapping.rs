//! The claims in which an issuer writes scopes, roles, groups and the client id.

use std::collections::HashMap;

use scopegate_claims::{Claims, NameSet, Scope, ScopeSet};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Additional claims in which an issuer writes scopes, roles, groups and the client id.
///
/// A place is the name of a claim, such as `permissions` or `https://example.com/roles`, or a JSON
/// pointer into one (RFC 6901), such as `/realm_access/roles`. Values found there are added to the
/// standard claims (`scope` and `scp`, `roles`, `groups`). A place that is missing or has another
/// JSON type adds nothing. Guards cannot tell mapped values from standard ones.
///
/// ```
/// use scopegate_claims::{Audience, Issuer, UnixTime};
/// use scopegate_jose::{
///     Algorithm, AudienceRule, ClaimMapping, JoseError, KeySet, Rules, SigningKey, TokenType,
///     verify_access_token,
/// };
///
/// let issuer = Issuer::parse("https://id.example.com").unwrap();
/// let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let keys = KeySet::from_keys([key.verifying_key()?]);
/// let now = UnixTime::from_seconds(1);
///
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
///
/// Some issuers write roles as the names of an object's members, such as Zitadel. Such a place is
/// added with [`role_names`](Self::role_names).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClaimMapping {
    places: Vec<Place>,
}

/// A place in the payload and what the issuer writes there.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Place {
    path: Box<str>,
    content: Content,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Content {
    Scopes,
    Roles,
    RoleNames,
    Groups,
    GroupNames,
    ClientId,
}

impl ClaimMapping {
    /// A mapping without additional places.
    pub const fn new() -> Self {
        Self { places: Vec::new() }
    }

    /// Adds a place for scopes: a space-separated string, or an array with one scope per element.
    ///
    /// Values that are not valid scopes are left out, because no guard could require them.
    #[must_use]
    pub fn scopes(self, place: &str) -> Self {
        self.with(place, Content::Scopes)
    }

    /// Adds a place for roles. It accepts the JSON forms of [`NameSet`].
    #[must_use]
    pub fn roles(self, place: &str) -> Self {
        self.with(place, Content::Roles)
    }

    /// Adds a place for roles: an object whose member names are the roles. The members' values are
    /// ignored.
    ///
    /// ```
    /// use scopegate_claims::{Audience, Issuer, UnixTime};
    /// use scopegate_jose::{
    ///     Algorithm, AudienceRule, ClaimMapping, JoseError, KeySet, Rules, SigningKey, TokenType,
    ///     verify_access_token,
    /// };
    ///
    /// let issuer = Issuer::parse("https://id.example.com").unwrap();
    /// let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
    /// let key = SigningKey::generate(Algorithm::EdDsa)?;
    /// let keys = KeySet::from_keys([key.verifying_key()?]);
    /// let now = UnixTime::from_seconds(1);
    ///
    /// let mapping = ClaimMapping::new().role_names("urn:zitadel:iam:org:project:roles");
    /// let rules = Rules::new(issuer, audience).with_mapping(mapping);
    ///
    /// let token = key.sign(TokenType::Jwt, &serde_json::json!({
    ///     "iss": "https://id.example.com",
    ///     "aud": "api://orders",
    ///     "exp": 60,
    ///     "urn:zitadel:iam:org:project:roles": { "admin": { "123": "acme.example" } },
    /// }))?;
    /// let verified = verify_access_token(&token, &keys, &rules, now)?;
    /// assert!(verified.claims().roles().contains("admin"));
    /// assert_eq!(verified.claims().roles().len(), 1);
    /// # Ok::<(), JoseError>(())
    /// ```
    #[must_use]
    pub fn role_names(self, place: &str) -> Self {
        self.with(place, Content::RoleNames)
    }

    /// Adds a place for groups. It accepts the JSON forms of [`NameSet`].
    #[must_use]
    pub fn groups(self, place: &str) -> Self {
        self.with(place, Content::Groups)
    }

    /// Adds a place for groups: an object whose member names are the groups. The members' values
    /// are ignored. See [`role_names`](Self::role_names).
    #[must_use]
    pub fn group_names(self, place: &str) -> Self {
        self.with(place, Content::GroupNames)
    }

    /// Adds a place for the client id. It is used only if the token has neither `client_id` nor
    /// `cid`. The first place that holds a string wins.
    #[must_use]
    pub fn client_id(self, place: &str) -> Self {
        self.with(place, Content::ClientId)
    }

    /// Tells whether the mapping has no places.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The places of both mappings.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.places.extend(other.places);
        self
    }

    fn with(mut self, path: &str, content: Content) -> Self {
        self.places.push(Place { path: path.into(), content });
        self
    }

    /// Adds the mapped values from the payload to the claims that were read from it.
    pub(crate) fn apply(&self, claims: Claims, payload: &str) -> Claims {
        let mut scopes = claims.scopes().clone();
        let (mut roles, mut groups) = (names(claims.roles()), names(claims.groups()));
        let mut client_id = claims.client_id().map(str::to_owned);
        let members = members_of(payload);
        for Place { path, content } in &self.places {
            let Some(value) = find(path, &members) else { continue };
            match content {
                Content::Scopes => scopes = scopes.union(&scopes_of(&value)),
                Content::Roles => roles.extend(values_of(&value)),
                Content::RoleNames => roles.extend(member_names_of(value)),
                Content::Groups => groups.extend(values_of(&value)),
                Content::GroupNames => groups.extend(member_names_of(value)),
                Content::ClientId => {
                    client_id = client_id.or_else(|| value.as_str().map(str::to_owned));
                }
            }
        }
        let builder = claims.into_builder().scopes(scopes);
        let builder = builder.roles(NameSet::from_iter(roles)).groups(NameSet::from_iter(groups));
        match client_id {
            Some(client_id) => builder.client_id(&client_id).build(),
            None => builder.build(),
        }
    }
}

/// The members of the payload. Their values are not parsed, because a member that no place names
/// may hold any JSON value.
fn members_of(payload: &str) -> HashMap<String, &RawValue> {
    serde_json::from_str(payload).unwrap_or_default()
}

/// The value at a place. `None` if the place is missing or its member cannot be parsed.
fn find(path: &str, members: &HashMap<String, &RawValue>) -> Option<Value> {
    let parse = |name: &str| serde_json::from_str::<Value>(members.get(name)?.get()).ok();
    let Some(pointer) = path.strip_prefix('/') else { return parse(path) };
    let end = pointer.find('/').unwrap_or(pointer.len());
    let (first, rest) = pointer.split_at(end);
    // The escapes of RFC 6901 §4, in the order that the standard demands.
    let mut member = parse(&first.replace("~1", "/").replace("~0", "~"))?;
    member.pointer_mut(rest).map(Value::take)
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

fn values_of(value: &Value) -> Vec<String> {
    NameSet::deserialize(value).map(|set| names(&set)).unwrap_or_default()
}

fn member_names_of(value: Value) -> Vec<String> {
    match value {
        Value::Object(members) => members.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    }
}

fn names(set: &NameSet) -> Vec<String> {
    set.iter().map(str::to_owned).collect()
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
        mapping.apply(serde_json::from_str(&text).unwrap(), &text)
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
    fn the_member_names_of_an_object_can_be_roles_and_groups() {
        let mapping = ClaimMapping::new().role_names("urn:project:roles").group_names("/org/teams");
        let claims = apply(
            &mapping,
            json!({
                "roles": ["own"],
                "urn:project:roles": { "admin": { "123": "acme.example" }, "store manager": null },
                "org": { "teams": { "sales": [] } },
            }),
        );
        assert_eq!(claims.roles().iter().collect::<Vec<_>>(), ["own", "admin", "store manager"]);
        assert_eq!(claims.groups().iter().collect::<Vec<_>>(), ["sales"]);
        for odd in [json!("admin"), json!(["admin"]), json!(null), json!({}), json!({ "": 1 })] {
            let claims = apply(&mapping, json!({ "urn:project:roles": odd }));
            assert!(claims.roles().is_empty(), "{odd}");
        }
        // Without the suffix `_names`, an object gives no names.
        let claims = apply(&ClaimMapping::new().roles("r"), json!({ "r": { "admin": {} } }));
        assert!(claims.roles().is_empty());
    }

    #[test]
    fn an_unreadable_value_elsewhere_does_not_hide_a_mapped_value() {
        let mapping = ClaimMapping::new().roles("/app/roles").roles("deep").client_id("azp");
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        let payload = format!(
            r#"{{"iss":"i","exp":9,"app":{{"roles":["admin"]}},"n":1e999,"x":"\ud800","deep":{deep}}}"#
        );
        let claims = mapping.apply(serde_json::from_str(&payload).unwrap(), &payload);
        assert_eq!(claims.roles().iter().collect::<Vec<_>>(), ["admin"]);
        assert_eq!(claims.client_id(), None);
    }

    #[test]
    fn a_place_that_begins_with_a_slash_is_a_json_pointer() {
        let claims = |place: &str| {
            let payload = json!({ "": ["empty"], "a/b": ["slash"], "~1": { "x": ["tilde"] } });
            let claims = apply(&ClaimMapping::new().roles(place), payload);
            claims.roles().iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(claims("/"), ["empty"]);
        assert_eq!(claims("/a~1b"), ["slash"]);
        assert_eq!(claims("/a~1b/0"), ["slash"]);
        assert_eq!(claims("/~01/x"), ["tilde"]);
        for missing in ["/a/b", "/a~1b/1", "/~01/y", "/~1/x", "//a"] {
            assert!(claims(missing).is_empty(), "{missing}");
        }
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
