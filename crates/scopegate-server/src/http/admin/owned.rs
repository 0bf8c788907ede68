//! The member `_scopegate` of resources that have nothing of ours but their owner.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entity::Stored;

/// What Okta does not have.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Owned")]
pub(super) struct Owned {
    /// Who may change it: `api` or a catalog file
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    pub(super) owner: Option<String>,
}

impl Owned {
    pub(super) fn of(stored: &Stored) -> Self {
        Self { owner: Some(stored.owner.clone()) }
    }
}
