//! One trusted issuer: its rules and its keys.

use std::sync::Arc;

use scopegate_jose::Rules;

use crate::keys::KeyRing;

/// A trusted issuer: the rules and keys that verify its tokens.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) rules: Rules,
    pub(crate) keys: Arc<KeyRing>,
}

impl Trust {
    /// The issuer's name, the `iss` of its tokens.
    pub(crate) fn name(&self) -> &str {
        self.rules.issuer()
    }
}
