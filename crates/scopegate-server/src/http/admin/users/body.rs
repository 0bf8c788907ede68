//! The JSON of a user.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use scopegate_core::catalog::Status;
use scopegate_core::directory::User;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::http::admin::entity::{Links, link_to_self, time_text};
use crate::http::admin::names::group_id;
use crate::http::admin::origin::Origin;
use crate::http::admin::secret_text::SecretText;

/// Okta's names of attributes that have another name in OpenID Connect Core §5.1, which the claims have.
const NAMES: [(&str, &str); 6] = [
    ("displayName", "name"),
    ("firstName", "given_name"),
    ("lastName", "family_name"),
    ("middleName", "middle_name"),
    ("nickName", "nickname"),
    ("timezone", "zoneinfo"),
];

/// The attribute of Okta that is the login.
const LOGIN: &str = "login";

/// A user. Members that only an answer has are ignored in a request.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "User")]
pub(super) struct UserBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    id: Option<String>,
    /// `ACTIVE`, or `SUSPENDED` for a user who cannot sign in
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    last_updated: Option<String>,
    /// `login`, and the attributes of the user
    #[serde(default)]
    profile: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credentials: Option<Credentials>,
    /// The groups of a new user, by id or name
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    group_ids: Vec<String>,
    /// What Okta does not have
    #[serde(default, rename = "_scopegate", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    extras: Option<Extras>,
    #[serde(default, rename = "_links", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    links: Option<Links>,
}

/// The password of a user. No answer has it.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UserCredentials")]
struct Credentials {
    #[serde(default, skip_serializing)]
    password: Option<PasswordBody>,
    /// Where the password is: `{"type": "OKTA", "name": "OKTA"}`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    provider: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PasswordCredential")]
struct PasswordBody {
    #[serde(default)]
    value: Option<SecretText>,
}

/// What a user has and Okta does not.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UserExtras")]
struct Extras {
    /// Who made the user: `api` or a catalog file
    #[serde(default)]
    owner: String,
    /// The ids of the groups
    #[serde(default)]
    groups: Vec<String>,
}

impl UserBody {
    pub(super) fn of(user: &User, origin: &Origin) -> Self {
        let mut profile = BTreeMap::from([(LOGIN.to_owned(), Value::from(user.login.clone()))]);
        for (name, value) in user.profile.attributes() {
            let shown =
                NAMES.iter().find(|(_, ours)| ours == name).map_or(name.as_str(), |(okta, _)| okta);
            profile.entry(shown.to_owned()).or_insert_with(|| value.clone());
        }
        let provider = json!({ "type": "OKTA", "name": "OKTA" });
        Self {
            id: Some(user.id.to_string()),
            status: Some(status_name(user.status).to_owned()),
            created: Some(time_text(user.created_at)),
            last_updated: Some(time_text(user.updated_at)),
            profile,
            credentials: Some(Credentials {
                password: None,
                provider: provider.as_object().cloned(),
            }),
            group_ids: Vec::new(),
            extras: Some(Extras {
                owner: user.owner.as_str().to_owned(),
                groups: user.groups.iter().map(|name| group_id(name)).collect(),
            }),
            links: Some(link_to_self(&origin.url(&format!("users/{}", user.id)))),
        }
    }

    pub(super) fn login(&self) -> Option<&str> {
        self.profile.get(LOGIN)?.as_str()
    }

    /// The attributes, with the names that the claims have.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (String, Value)> {
        let attributes = self.profile.iter().filter(|(name, _)| *name != LOGIN);
        attributes.map(|(name, value)| {
            let ours = NAMES.iter().find(|(okta, _)| okta == name);
            (ours.map_or(name.as_str(), |(_, ours)| ours).to_owned(), value.clone())
        })
    }

    pub(super) fn password(&self) -> Option<&SecretText> {
        self.credentials.as_ref()?.password.as_ref()?.value.as_ref()
    }

    pub(super) fn groups(&self) -> &[String] {
        &self.group_ids
    }
}

pub(super) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Inactive => "SUSPENDED",
    }
}
