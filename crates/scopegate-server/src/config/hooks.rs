//! What token hooks may use of this process.

use std::collections::BTreeMap;
use std::time::Duration;

use scopegate_core::hooks::HookPorts;
use scopegate_store::StoreUrl;

/// What token hooks may use of this process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HooksConfig {
    /// The maximum time of all hooks of a request.
    pub deadline: Duration,
    /// The databases that SQL hooks may query, by their names.
    pub connections: BTreeMap<String, StoreUrl>,
}

impl Default for HooksConfig {
    fn default() -> Self {
        Self { deadline: HookPorts::DEADLINE, connections: BTreeMap::new() }
    }
}
