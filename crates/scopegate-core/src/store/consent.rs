//! What a person has agreed to.

use crate::catalog::{ClientId, ServerId, UserId};

/// Consent is given per server, client and person.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConsentKey {
    /// The server whose scopes they are.
    pub server: ServerId,
    /// The client that may have them.
    pub client: ClientId,
    /// The person who agreed.
    pub user: UserId,
}
